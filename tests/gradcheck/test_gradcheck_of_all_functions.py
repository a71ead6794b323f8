"""gradcheck runs what a module has, on any backend: what raises is a finding, what cannot be checked is refused in one line."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from handmade import module
from zoo import line, nine_weights

import symgraph
from symgraph.build.modules import load_artifact
from symgraph.errors import BuildError, ModuleError, OptionError
from symgraph.generate import generate
from symgraph.gradcheck import FunctionReport, gradcheck
from symgraph.io.compiler import find_compiler
from symgraph.io.module import from_source
from symgraph.options import Options

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "generated" / "nine_weights.py").read_text(encoding="utf-8")
ALONE = generate(nine_weights(), options=Options(standalone=True))[0].text
SCALAR = (ROOT / "generated" / "nine_weights_scalar.py").read_text(encoding="utf-8")


def failures(checked: Any, **options: Any) -> list[FunctionReport]:
    return [function for function in gradcheck(checked, **options).functions if function.verdict == "failed"]


def with_line(old: str, new: str, text: str = TEXT) -> Any:
    assert text.count(old) == 1
    return from_source(text.replace(old, new), "nine_weights", "<faulty>")


def test_a_fault_of_single_rows_is_blamed_on_single_rows() -> None:
    faulty = with_line(
        "table = np.array(self._columns[name](self._forward(*inputs)), dtype)",
        "table = np.array(self._columns[name](self._forward(*inputs)), dtype) * dtype.type(1.01)",
        ALONE,
    )
    names = {found.function for found in failures(faulty)}
    functions = ("predict", "per_sample_grad", "jacobian", "residual", "residual_jacobian")
    of_sums = {name for name in names if name.startswith("normal_equations")}  # whose table of one row is made there, too
    assert names - of_sums == {f"{name} on one row{dtype}" for name in functions for dtype in ("", " in float32")}
    assert {"normal_equations() on one row, the gradient", "normal_equations(sample_weight) on one row, the value"} <= of_sums
    assert all("one row" in name for name in of_sums)


def test_a_fault_that_only_many_rows_meet_is_found() -> None:
    found = failures(with_line("else total + parts[..., whole]", "else total", ALONE))
    assert {function.function for function in found} >= {"backward on 10008 rows"}


def test_an_error_bound_that_raises_is_a_finding_and_not_a_traceback() -> None:
    (artifact,) = generate(line(), options=Options(error_bound=True))
    text = artifact.text + "\n\ndef error_bound(w, X, y):\n    return missing_op(w)\n"
    found = failures(from_source(text, "line", "<incomplete>"))
    assert {function.problem for function in found} == {"raises NameError: name 'missing_op' is not defined"}
    assert "error_bound, bound of the loss: failed, raises NameError" in str(
        gradcheck(from_source(text, "line", "<incomplete>"))
    )


@pytest.mark.parametrize(
    ("bound", "name"),
    [
        *((bound, f"error_bound, bound of the {part}") for bound in (-1.0, np.nan) for part in ("loss", "gradient")),
        (0.0, "error_bound, for float32"),
    ],
)
def test_an_error_bound_that_is_none_is_found(bound: float, name: str) -> None:
    checked = load_artifact(generate(line())[0])
    vars(checked)["error_bound"] = lambda w, X, y: (np.full(np.shape(y), bound), np.full((*np.shape(y), len(w)), bound))
    assert name in {function.function for function in failures(checked)}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("pack", lambda named: 1.01 * np.array(list(named.values()))), ("unpack", lambda w: dict.fromkeys("ab", w[0]))],
)
def test_names_given_to_other_weights_are_found(name: str, wrong: Any) -> None:
    checked = load_artifact(generate(line())[0])
    setattr(checked, name, wrong)
    assert [function.function for function in failures(checked)] == [name]


def test_one_feature_may_come_as_a_vector() -> None:
    checked = load_artifact(generate(line())[0])
    right = checked.predict
    vars(checked)["predict"] = lambda w, X, **more: right(w, X, **more) * (1.01 if np.ndim(X) == 1 and np.size(X) > 1 else 1.0)
    assert [function.function for function in failures(checked)] == ["predict on X of one dimension"]


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_the_residual_is_known_by_the_loss_and_its_partials_by_the_gradient(factor: float) -> None:
    """The loss is 2 r**2, with r = a x - y."""
    checked = module(
        "a",
        features="x",
        target="y",
        loss=lambda w, X, y: 2.0 * (w[0] * X[0] - y) ** 2,
        partials=lambda w, X, y: (4.0 * (w[0] * X[0] - y) * X[0],),
    )
    checked.METADATA["residual_factor"] = 2.0
    checked.residual = lambda w, X, y: w[0] * (X if np.ndim(X) < 2 else X[:, 0]) - y
    checked.residual_jacobian = lambda w, X, y: np.asarray(X, dtype=np.result_type(X)).reshape(*np.shape(y), 1) * factor
    names = {function.function.partition(" ")[0] for function in failures(checked)}
    assert names == (set() if factor == 1.0 else {"residual_jacobian"})


def test_a_failed_weight_names_the_function_in_its_own_line() -> None:
    checked = module("a", features="x", loss=lambda w, X, _y: w[0] * X[0], partials=lambda _w, X, _y: (1.5 * X[0],))
    assert "  per_sample_grad gives " in str(gradcheck(checked)).splitlines()[1]


def test_the_scalar_module_is_checked_by_its_row() -> None:
    assert gradcheck(from_source(SCALAR, "nine_weights", "<sound>")).verdict == "passed"
    wrong = gradcheck(with_line("    grad[3] = d_w4\n", "    grad[3] = 1.001 * d_w4\n", SCALAR))
    assert [weight.weight for weight in wrong.weights if weight.verdict == "failed"] == ["w4"]
    assert "row gives" in str(wrong)


def test_a_module_without_derivatives_is_refused_in_one_line() -> None:
    alone = SimpleNamespace(MODEL="m", WEIGHTS=("a",), OUTPUTS=("v",), METADATA={"has_loss": False}, predict_row=None)
    with pytest.raises(OptionError, match="m cannot be checked: this module has no jacobian, which gives derivatives; give"):
        gradcheck(alone)


def test_a_module_without_the_loss_of_a_row_is_refused_in_one_line() -> None:
    whole = vars(from_source(TEXT, "nine_weights", "<sound>"))
    chosen = SimpleNamespace(**{name: value for name, value in whole.items() if name not in ("forward", "residual", "row")})
    with pytest.raises(OptionError, match="has no function that gives the loss of a row; give the module of another backend"):
        gradcheck(chosen)


def test_a_function_that_the_check_rests_on_and_that_raises_is_named() -> None:
    faulty = with_line("    tanh_1 = exp + w7\n", "    tanh_1 = exp + missing\n")
    with pytest.raises(
        ModuleError, match=r"nine_weights cannot be checked: .* raises NameError: name 'missing' is not defined"
    ):
        gradcheck(faulty)


def compiler_is_missing() -> bool:
    try:
        return find_compiler() is None
    except BuildError:
        return True


@pytest.mark.skipif(compiler_is_missing(), reason="there is no C compiler")
def test_a_compiled_module_is_checked_too() -> None:
    """Also one row whose partials overflow under a sample weight, which raised AttributeError."""
    checked = symgraph.compile(nine_weights(), backend="c")
    report = gradcheck(checked)
    assert report.verdict == "passed"
    assert not [function for function in report.functions if function.verdict == "failed"], report
    assert any(function.function == "predict_row on one row" for function in report.functions)
    X, w = np.array([0.0, 0.0, 1e300, 1.0, 1.0]), np.ones(9)
    value, gradient = checked.value_and_grad(w, X, 1e200, sample_weight=2.0)
    assert value == np.inf
    assert gradient.shape == (9,)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_function_that_is_not_finite_where_the_rows_are_is_a_fault(wrong: float) -> None:
    whole = load_artifact(generate(line())[0])
    broken = SimpleNamespace(**{name: getattr(whole, name) for name in dir(whole) if not name.startswith("__")})
    broken.grad = lambda *inputs, **how: whole.grad(*inputs, **how) * wrong
    assert "grad" in {found.function.partition(" ")[0].partition("(")[0] for found in failures(broken)}
