"""Functions of modules refuse targets that are no labels of the model, with the row; those for any library give NaN."""

import re
from functools import cache
from typing import Any

import array_api_strict
import numpy as np
import pytest
from labelled import LABELLED, REMEDY, WRONG

from symgraph.compiler.generate import generate
from symgraph.data.targets import check_labels
from symgraph.errors import DataError
from symgraph.options import Options, options_of
from symgraph.project.build.modules import load_artifact
from symgraph.runtime import target_values
from symgraph.runtime.target_values import other_value, shortest, target_rules

GOOD = {"kinds": [0.0, 2.0, 1.0, 1.0], "cases": [1.0, 0.1, 2.0, 2.0], "pairs": [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]}
OTHERS = [0, 1, 3]
"""Rows beside that in which a target is no label."""
OPTIONS = {
    "plain": Options(),
    "standalone": Options(standalone=True),
    "accurate": Options(precision="accurate"),
    "extras": options_of(("hessian", "hvp", "error-bound")),
    "derivatives": options_of(("hessian", "hvp")),
}
FUNCTIONS = (
    "loss", "grad", "value_and_grad", "hessian", "per_sample_grad", "residual", "residual_jacobian", "forward",
    "normal_equations", "error_bound",
)  # fmt: skip


@cache
def module_of(name: str, kind: str = "plain", backend: str = "numpy") -> Any:
    return load_artifact(generate(LABELLED[name](), (backend,), options=OPTIONS[kind])[0])


def arguments(name: str, dtype: str = "float64") -> Any:
    w = np.linspace(0.3, 0.7, len(module_of(name).WEIGHTS), dtype=dtype)
    return w, np.linspace(-1.0, 1.0, 8, dtype=dtype).reshape(4, 2), np.array(GOOD[name], dtype)


def wrong(y: Any, row: int = 2, value: float = 7.0) -> Any:
    found = y.copy()
    found.reshape(4, -1)[row, -1] = value
    return found


def told(name: str, row: int = 2, value: str = "7") -> str:
    target = "q" if name == "pairs" else "y"
    return f"^{re.escape(f'y: row {row} (counted from 0) has {target} = {value}; {WRONG[name]}; {REMEDY[name]}')}$"


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("kind", ["plain", "standalone", "accurate", "extras"])
def test_every_function_that_takes_the_target_names_the_row_the_label_and_what_to_do(name: str, kind: str) -> None:
    module, (w, X, y) = module_of(name, kind), arguments(name)
    tried = [function for function in FUNCTIONS if hasattr(module, function)]
    assert {"loss", "grad", "value_and_grad", "per_sample_grad", "forward"} <= set(tried)
    for function in tried:
        getattr(module, function)(w, X, y)
        with pytest.raises(ValueError, match=told(name)):
            getattr(module, function)(w, X, wrong(y))
    if hasattr(module, "hvp"):
        with pytest.raises(ValueError, match=told(name)):
            module.hvp(w, w, X, wrong(y))


@pytest.mark.parametrize("name", GOOD)
def test_one_row_and_a_list_of_one_label_are_refused_where_the_target_is_used(name: str) -> None:
    module, (w, X, y) = module_of(name), arguments(name)
    module.loss(w, X[0], y[0])
    target = "q" if name == "pairs" else "y"
    for function in ("loss", "per_sample_grad", "forward"):
        with pytest.raises(ValueError, match=f"^{target} is 7; {WRONG[name]}; {REMEDY[name]}$"):
            getattr(module, function)(w, X[0], wrong(y, 0)[0])
    with pytest.raises(ValueError, match=told(name, 0)):
        module.loss(w, X[:1], wrong(y, 0)[:1].tolist())
    if name == "cases":
        np.testing.assert_array_equal(module.jacobian(w, X, wrong(y)), module.jacobian(w, X))
    if name == "kinds":
        assert module.loss(np.stack([w, w]), X, y).shape == (2,)
        with pytest.raises(ValueError, match=told(name)):
            module.loss(np.stack([w, w]), X, wrong(y))


@pytest.mark.parametrize(
    ("value", "text"), [(2.5, "2.5"), (-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf"), (1.0 + 2**-40, None)]
)
def test_what_is_nearly_a_label_is_none(value: float, text: str | None) -> None:
    module, (w, X, y) = module_of("kinds"), arguments("kinds")
    with pytest.raises(ValueError, match=told("kinds", 1, text or repr(value))):
        module.loss(w, X, wrong(y, 1, value))


def test_labels_in_float32_are_those_of_the_computation_and_data_are_refused_in_the_same_words() -> None:
    module, (w, X, y) = module_of("cases"), arguments("cases", "float32")
    assert np.isfinite(module.loss(w, X, y))
    assert np.isfinite(module.loss(w, X, GOOD["cases"]))
    check_labels(module, X, y)
    with pytest.raises(ValueError, match=told("cases", 3, "0.2")):
        module.loss(w, X, [1.0, 2.0, 0.1, 0.2])
    module, (_, X, y) = module_of("kinds"), arguments("kinds")
    with pytest.raises(DataError, match=told("kinds")):
        check_labels(module, X, wrong(y))
    with pytest.raises(DataError, match=r"^a\.csv: row 9 \(counted from 0\) has y = 7; "):
        check_labels(module, X, wrong(y), "a.csv", [0, 1, 9, 10])


@pytest.mark.parametrize("function", ["loss", "grad", "value_and_grad", "hessian"])
def test_rows_of_weight_0_are_absent_whatever_their_label_is(function: str) -> None:
    module, (w, X, y) = module_of("kinds", "extras"), arguments("kinds")
    shares, without = np.array([1.0, 0.0, 2.0, 1.0]), [0, 2, 3]
    found = getattr(module, function)(w, X, wrong(y, 1), sample_weight=shares)
    wanted = getattr(module, function)(w, X[without], y[without], sample_weight=shares[without])
    pairs = zip(found, wanted, strict=True) if isinstance(found, tuple) else [(found, wanted)]
    for got, want in pairs:
        np.testing.assert_array_equal(got, want)
    with pytest.raises(ValueError, match=told("kinds", 3)):
        getattr(module, function)(w, X, wrong(y, 3), sample_weight=shares)


def test_counts_are_no_labels() -> None:
    """Formulas hold between whole numbers, where verification and checks of gradients draw, and are NaN out of range."""
    module = module_of("counts")
    assert module._model._rules == ()
    assert np.isfinite(module.loss([0.5], [1.0, 2.0], [2.5, 1.0]))
    assert np.isnan(module.loss([0.5], [1.0, 2.0], [-1.0, 1.0]))
    assert "raise ValueError" not in generate(LABELLED["counts"](), ("scalar",))[0].text
    assert np.isfinite(module_of("counts", backend="scalar").row([0.5], [1.0], 2.5, [0.0]))
    assert np.isfinite(module_of("counts", backend="array_api").loss(np.array([0.5]), np.ones((1, 1)), np.array([2.5])))


def test_all_rows_of_many_are_looked_at_block_by_block_and_declared_values_are_among_the_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target_values, "ROWS_AT_ONCE", 3)
    rules = target_rules("kinds", {"labels": ("class", 3), "likelihood": "categorical"}, (), ("y",))
    y = np.array([0.0, 1.0, 2.0, 0.0, 3.0, 1.0, 5.0, 2.0])
    assert other_value(rules, None, y[:4]) == ""
    assert "row 4 (counted from 0) has y = 3; " in other_value(rules, None, y)
    assert f"; 1 more such row follows; {REMEDY['kinds']}" in other_value(rules, None, y)
    assert "row 6 (counted from 0) has y = 5; " in other_value(rules, None, y, left_out=y == 3.0)
    assert "; 2 more such rows follow; " in other_value(rules, None, np.concatenate([y, [9.0]]))
    metadata = {"labels": ("class", 4), "likelihood": "categorical", "values": {"y": (0.0, 1.0)}}
    (rule,) = target_values.label_rules("some", metadata, (), ("y",))
    assert rule.cases == (0.0, 1.0)
    np.testing.assert_array_equal(target_values.label_table([rule], 1), [[[0.0, 1.0]]] * 2)
    assert target_values.label_table([], 2).shape == (2, 2, 0)
    assert [shortest(value) for value in (7.0, 0.1, np.float32(0.1), 1.0000001)] == ["7", "0.1", "0.1", "1.0000001"]


@pytest.mark.parametrize("name", GOOD)
def test_scalar_modules_refuse_them_in_the_same_words(name: str) -> None:
    module, (w, X, y) = module_of(name, backend="scalar"), arguments(name)
    grad, target = [5.0] * len(w), "q" if name == "pairs" else "y"
    for value in (wrong(y)[2].tolist(), wrong(y)[2]):
        with pytest.raises(ValueError, match=f"^{target} is 7.0; {WRONG[name]}; {REMEDY[name]}$"):
            module.row(w.tolist(), X[1].tolist(), value, grad)
    for value in (float("nan"), float("inf"), -1.0, 0.5):
        with pytest.raises(ValueError, match=f"^{target} is {value}; {WRONG[name]}"):
            module.row(w.tolist(), X[1].tolist(), [1.0, value] if name == "pairs" else value, grad)
    assert grad == [5.0] * len(w)
    assert np.isfinite([module.row(w.tolist(), x.tolist(), one.tolist(), grad) for x, one in zip(X, y, strict=True)]).all()


@pytest.mark.parametrize("make", [np.asarray, array_api_strict.asarray])
@pytest.mark.parametrize("name", GOOD)
def test_modules_for_any_library_give_nan_in_the_row_and_in_sums(name: str, make: Any) -> None:
    module, (w, X, y) = module_of(name, "derivatives", "array_api"), map(make, arguments(name))
    other = make(wrong(np.asarray(y)))

    def found(function: str, *given: Any) -> Any:
        return np.asarray(getattr(module, function)(*given))

    for function in ("per_sample_grad", "residual", "residual_jacobian"):
        if hasattr(module, function):
            right, holed = (found(function, w, X, target).reshape(4, -1) for target in (y, other))
            assert np.isnan(holed[2]).all()
            np.testing.assert_array_equal(holed[OTHERS], right[OTHERS])
    for function in ("loss", "grad", "hessian"):
        assert np.isfinite(found(function, w, X, y)).all()
        assert np.isnan(found(function, w, X, other)).all()
    tape = module.forward(w, X, other)
    for none in (found("hvp", w, w, X, other), *module.value_and_grad(w, X, other), found("backward", tape)):
        assert np.isnan(np.asarray(none)).all()
    np.testing.assert_array_equal(np.isnan(np.asarray(tape.loss)), [False, False, True, False])
    assert np.isfinite(found("backward", module.forward(w, X, y))).all()


@pytest.mark.parametrize("name", GOOD)
def test_rows_of_weight_0_are_absent_in_modules_for_any_library(name: str) -> None:
    module, (w, X, y) = module_of(name, "derivatives", "array_api"), arguments(name)
    shares = np.array([1.0, 2.0, 0.0, 1.0])
    for call in (module.loss, module.grad):
        found = call(w, X, wrong(y), sample_weight=shares)
        np.testing.assert_allclose(found, call(w, X[OTHERS], y[OTHERS], sample_weight=shares[OTHERS]), rtol=1e-14)
    assert np.isfinite(module.backward(module.forward(w, X, wrong(y)), shares)).all()
