"""gradcheck runs what a module has, on any backend: what raises is a finding, what cannot be checked is refused in one line."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from c_code import needs_c
from handmade import module
from zoo import line, nine_weights

import symgraph
from symgraph.compiler.generate import generate
from symgraph.errors import ModuleError, OptionError
from symgraph.judge.differences import gradcheck
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.module import from_source

ROOT = Path(__file__).parent.parent.parent.parent
TEXT = (ROOT / "generated" / "nine_weights.py").read_text(encoding="utf-8")
ALONE = generate(nine_weights(), options=Options(standalone=True))[0].text
SCALAR = (ROOT / "generated" / "nine_weights_scalar.py").read_text(encoding="utf-8")


def failures(checked: Any) -> list[str]:
    return [function.function for function in gradcheck(checked).functions if function.verdict == "failed"]


def with_line(old: str, new: str, text: str = TEXT) -> Any:
    assert text.count(old) == 1
    return from_source(text.replace(old, new), "nine_weights", "<faulty>")


@pytest.fixture
def checked() -> Any:
    """A module of `line`, of which functions may be replaced."""
    return load_artifact(generate(line())[0])


def test_a_fault_of_single_rows_is_blamed_on_single_rows_and_one_that_only_many_meet_on_many() -> None:
    assert "backward on 10008 rows" in failures(with_line("else total + parts[..., whole]", "else total", ALONE))
    text = "table = np.array(self._columns[name](self._forward(*inputs)), dtype)"
    names = set(failures(with_line(text, f"{text} * dtype.type(1.01)", ALONE)))
    functions = ("predict", "per_sample_grad", "jacobian", "residual", "residual_jacobian")
    of_sums = {name for name in names if name.startswith("normal_equations")}  # whose table of one row is made there, too
    assert names - of_sums == {f"{name} on one row{dtype}" for name in functions for dtype in ("", " in float32")}
    assert {"normal_equations() on one row, the gradient", "normal_equations(sample_weight) on one row, the value"} <= of_sums
    assert all("one row" in name for name in of_sums)


def test_an_error_bound_that_raises_is_a_finding_and_not_a_traceback(checked: Any) -> None:
    checked.error_bound = lambda w, X, y: missing_op(w)  # noqa: F821 - what the test is about
    report = gradcheck(checked)
    problems = {function.problem for function in report.functions if function.verdict == "failed"}
    assert problems == {"raises NameError: name 'missing_op' is not defined"}
    assert "error_bound, bound of the loss: failed, raises NameError" in str(report)


@pytest.mark.parametrize(
    ("bound", "name"),
    [
        *((bound, f"error_bound, bound of the {part}") for bound in (-1.0, np.nan) for part in ("loss", "gradient")),
        (0.0, "error_bound, for float32"),
    ],
)
def test_an_error_bound_that_is_none_is_found(checked: Any, bound: float, name: str) -> None:
    checked.error_bound = lambda w, X, y: (np.full(np.shape(y), bound), np.full((*np.shape(y), len(w)), bound))
    assert name in failures(checked)


def off_on_vectors(right: Any) -> Any:
    return lambda w, X, **more: right(w, X, **more) * (1.01 if np.ndim(X) == 1 and np.size(X) > 1 else 1.0)


@pytest.mark.parametrize(
    ("name", "wrong", "blamed"),
    [
        ("pack", lambda right: lambda named: 1.01 * right(named), "pack"),
        ("unpack", lambda _: lambda w: dict.fromkeys("ab", w[0]), "unpack"),
        ("predict", off_on_vectors, "predict on X of one dimension"),
    ],
)
def test_names_given_to_other_weights_are_found_and_a_feature_as_a_vector(
    checked: Any, name: str, wrong: Any, blamed: str
) -> None:
    setattr(checked, name, wrong(getattr(checked, name)))
    assert failures(checked) == [blamed]


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_the_residual_is_known_by_the_loss_and_its_partials_by_the_gradient(factor: float) -> None:
    """The loss is 2 r**2, with r = a x - y."""
    loss, partials = lambda w, X, y: 2.0 * (w[0] * X[0] - y) ** 2, lambda w, X, y: (4.0 * (w[0] * X[0] - y) * X[0],)
    checked = module("a", features="x", target="y", loss=loss, partials=partials)
    checked.METADATA["residual_factor"] = 2.0
    checked.residual = lambda w, X, y: w[0] * (X if np.ndim(X) < 2 else X[:, 0]) - y
    checked.residual_jacobian = lambda w, X, y: np.asarray(X, dtype=np.result_type(X)).reshape(*np.shape(y), 1) * factor
    names = {function.partition(" ")[0] for function in failures(checked)}
    assert names == (set() if factor == 1.0 else {"residual_jacobian"})


def test_the_scalar_module_is_checked_by_its_row() -> None:
    assert gradcheck(from_source(SCALAR, "nine_weights", "<sound>")).verdict == "passed"
    wrong = gradcheck(with_line("    grad[3] = d_w4\n", "    grad[3] = 1.001 * d_w4\n", SCALAR))
    assert [weight.weight for weight in wrong.weights if weight.verdict == "failed"] == ["w4"]
    assert "row gives" in str(wrong).splitlines()[4]


def test_a_module_that_lacks_what_the_check_rests_on_is_refused_in_one_line() -> None:
    alone = SimpleNamespace(MODEL="m", WEIGHTS=("a",), OUTPUTS=("v",), METADATA={"has_loss": False}, predict_row=None)
    with pytest.raises(OptionError, match="m cannot be checked: this module has no jacobian, which gives derivatives; give"):
        gradcheck(alone)
    whole = vars(from_source(TEXT, "nine_weights", "<sound>"))
    chosen = SimpleNamespace(**{name: value for name, value in whole.items() if name not in ("forward", "residual", "row")})
    with pytest.raises(OptionError, match="has no function that gives the loss of a row; give the module of another backend"):
        gradcheck(chosen)
    said = r"nine_weights cannot be checked: .* raises NameError: name 'missing' is not defined"
    with pytest.raises(ModuleError, match=said):
        gradcheck(with_line("    tanh_1 = exp + w7\n", "    tanh_1 = exp + missing\n"))


@needs_c
def test_a_compiled_module_is_checked_too() -> None:
    """Also one row whose partials overflow under a sample weight, which raised AttributeError."""
    checked = symgraph.compile(nine_weights(), backend="c")
    report = gradcheck(checked, points=1)
    assert report.verdict == "passed"
    assert not [function for function in report.functions if function.verdict == "failed"], report
    assert any(function.function == "predict_row on one row" for function in report.functions)
    X, w = np.array([0.0, 0.0, 1e300, 1.0, 1.0]), np.ones(9)
    value, gradient = checked.value_and_grad(w, X, 1e200, sample_weight=2.0)
    assert (value, gradient.shape) == (np.inf, (9,))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_function_that_is_not_finite_where_the_rows_are_is_a_fault(checked: Any, wrong: float) -> None:
    right = checked.grad
    checked.grad = lambda *inputs, **how: right(*inputs, **how) * wrong
    assert "grad" in {found.partition(" ")[0].partition("(")[0] for found in failures(checked)}
