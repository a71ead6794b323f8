"""Arguments that are no arrays of numbers are refused with what to give."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas
import pytest
import sympy
from scipy import sparse

import symgraph
from symgraph.errors import DataError, OptionError, SpecError, WeightsError
from symgraph.judge.differences import gradcheck
from symgraph.options import options_of
from symgraph.runtime import Bound
from symgraph.runtime.loose_binding import Loose, LooseBinding
from symgraph.use.training import train

X, Y, W = np.arange(20.0).reshape(10, 2), np.arange(10.0), np.ones(3)


def plane() -> symgraph.Model:
    model = symgraph.Model("plane")
    x, z, y, (a, b, c) = model.feature("x"), model.feature("z"), model.target("y"), model.weights("a b c")
    model.residual(model.output("y_hat", a * x + b * z + c) - y)
    return model


@pytest.fixture(scope="module")
def module() -> Any:
    return symgraph.compile(plane(), extras="feature_jacobian")


ORDER = "the order of arguments is w, X, y"
CSR = sparse.csr_array(X)


@pytest.mark.parametrize(("call", "error", "says"), [
    *((call, ValueError, says) for call, says in (
        (lambda m: m.loss(X, W, Y), f"w has shape .* {ORDER}"), (lambda m: m.value_and_grad(X, W, Y), ORDER),
        (lambda m: m.predict(X, W), ORDER), (lambda m: m.jacobian(X, W), ORDER), (lambda m: m.loss(Y, X, W), ORDER),
        (lambda m: m.loss(W, Y, X), f"X has 10 columns, plane needs 2: x, z; {ORDER}"),
        (lambda m: m.loss(pandas.DataFrame(X, columns=["x", "z"]), W, Y), f"w has no a, b, c; .*; {ORDER}"),
        (lambda m: m.loss(W, None, Y), "X is missing; None is no array of numbers"),
        (lambda m: m.loss(None, X, Y), "w is missing; None is no array of numbers"),
        (lambda m: m.loss(W, sparse.csr_matrix(X), Y), r"X is a sparse csr_matrix, .*; give X.toarray\(\)"),
        (lambda m: m.loss(W, sparse.dok_array(X), Y), r"X is a sparse dok_array, .*; give X.toarray\(\)"),
        (lambda m: m.loss(W, "rows.csv", Y), "X is the text 'rows.csv', not numbers; .* pandas.read_csv"),
        (lambda m: m.loss("ones", X, Y), "w is the text 'ones', not numbers"),
        (lambda m: m.loss(W, X, "y"), "y is the text 'y', not numbers"),
        (lambda m: m.loss(W, X, Y, sample_weight="balanced"), "sample_weight is the text 'balanced', not numbers"),
    )),
    (lambda m: symgraph.fit(m, CSR, Y), DataError, r"X is a sparse csr_array, .*; give X.toarray\(\)"),
    (lambda m: symgraph.fit(m, Path("rows.csv")), DataError, "X is the text 'rows.csv', not numbers"),
    (lambda m: symgraph.fit(m, X, Y, "ones"), WeightsError, "start is the text 'ones', not numbers"),
    (lambda m: symgraph.fit(m, X, Y, sigma="s"), DataError, "sigma is the text 's', not numbers"),
    (lambda m: train(m, CSR, Y, optimizer="adam"), DataError, "X is a sparse csr_array"),
    (lambda m: train(m, X, Y, optimizer="adam", callbacks="a"), OptionError, "callbacks must be a sequence of functions"),
    (lambda m: m.pack("abc"), TypeError, "pack takes numbers by the names of weights, not a str"),
    (lambda m: m.pack(W), TypeError, "pack takes numbers by the names of weights, not a ndarray"),
])  # fmt: skip
def test_a_function_a_fit_and_a_run_say_what_to_give(module: Any, call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call(module)


def test_extras_may_be_a_text_of_several_and_what_a_module_lacks_is_asked_for_in_python_too(module: Any) -> None:
    assert hasattr(module, "feature_jacobian")  # one extra may have the name of its function
    assert module.METADATA["extras"] == ("feature-jacobian",)
    assert options_of("hessian, jvp feature_jacobian") == options_of(["hessian", "jvp", "feature-jacobian"])
    for wrong in (True, None, ["hessian", 3]):
        with pytest.raises(OptionError, match="extras must be names, such as 'hessian', not "):
            options_of(wrong)  # type: ignore[arg-type]  # as a user may
    for name, extra in (("hessian", "hessian"), ("error_bound", "error-bound"), ("predict_jacobian_row", "jacobian-row")):
        with pytest.raises(AttributeError, match=f"symgraph.compile.model, extras='{extra}'"):
            getattr(module, name)
        assert extra in options_of(extra).extras


def test_types_say_which_reductions_there_are_and_take_no_text_for_an_array() -> None:
    assert get_args(get_type_hints(Bound.value_and_grad)["reduction"]) == ("mean", "sum")
    for function in (Bound.value_and_grad, Loose.__call__, LooseBinding.predict, symgraph.fit, train, gradcheck):
        accepted = get_args(get_type_hints(function)["X"])
        assert accepted, function
        assert str not in accepted


def test_numpys_functions_of_a_symbol_name_sympys() -> None:
    a = symgraph.Model("m").weight("a")
    with pytest.raises(SpecError, match=r"np.exp takes numbers, and a is a symbol; write sympy.exp\(a\)"):
        np.exp(a)
    with pytest.raises(SpecError, match=r"write sympy.Max\(a, 0.0\)"):
        np.maximum(a, 0.0)
    assert (np.float64(2.0) * a, (np.array([1, 2]) * a).tolist()) == (2.0 * a, [a, 2 * a])
    assert np.dot([1, 2], [a, sympy.Integer(3)]) == a + 6
