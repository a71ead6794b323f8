"""symgraph.spec.model: what a spec may say, what it is refused for, and what it answers about itself."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from zoo import ZOO

from symgraph import Constant, Model, Normal, Uniform
from symgraph.errors import SpecError

A = sp.Symbol("a", real=True)
"""The weight of that name of any model."""


@pytest.fixture
def model() -> Model:
    """A model with two features, two weights and a target, and nothing computed from them yet."""
    m = Model("demo")
    m.features("f1 f2")
    m.weights("a b")
    m.target()
    return m


def symbols(model: Model) -> dict[str, Any]:
    entries = (*model.feature_inputs, *model.weight_inputs, model.target_input, *model.nodes)
    return {entry.name: entry.symbol for entry in entries if entry is not None}


@pytest.mark.parametrize(("names", "expected"), [
    ("f1:4", "f1 f2 f3"), ("p, q", "p q"), ("p:s", "p q r s"), ("alone", "alone"), (["a_b", "c"], "a_b c"), (("u", "v"), "u v"),
])  # fmt: skip
def test_names_of_features_and_weights_are_read_as_sympy_reads_them(names: Any, expected: str) -> None:
    m = Model("demo")
    result = m.features(names)
    assert isinstance(result, tuple)
    assert [symbol.name for symbol in result] == [entry.name for entry in m.feature_inputs] == expected.split()
    assert [symbol.name for symbol in Model("other").weights(names)] == expected.split()


def test_all_symbols_are_real_and_nodes_are_opaque_and_a_target_is_called_y_unless_it_has_a_name(model: Model) -> None:
    assert model.node("n", sp.exp(A)).is_Symbol
    assert all(symbol.is_real for symbol in symbols(model).values())
    assert (model.nodes[0].expr, model.target_input.name) == (sp.exp(symbols(model)["a"]), "y")
    assert Model("demo").target("price").name == "price"


def test_weights_have_a_small_normal_law_unless_told_otherwise_and_domains_reach_every_input() -> None:
    m = Model("demo")
    m.weight("k")
    m.weights("a b", init=Uniform(-1, 1))
    m.weights("c d e", init=[Normal(1, 2), 0.5, Constant(3)])
    m.weights("f g", init=np.array([1, 2]))
    m.weights("h i", init=(sp.Rational(3, 2), sp.Float(2)))
    laws = [Normal(0.0, 0.01), Uniform(-1, 1), Uniform(-1, 1), Normal(1, 2)]
    assert [i.init for i in m.weight_inputs] == [*laws, *map(Constant, (0.5, 3, 1.0, 2.0, 1.5, 2.0))]
    m = Model("demo")
    m.features("p q", domain=(0, 1))
    m.weights("a b", domain=[-1, float("inf")])
    m.weight("c")
    m.target(domain=(0, 9))
    domains = [(0, 1), (0, 1), (-1, np.inf), (-1, np.inf), None, (0.0, 9.0)]
    assert [i.domain for i in (*m.feature_inputs, *m.weight_inputs, m.target_input)] == domains


def refusal(action: Any) -> str:
    with pytest.raises(SpecError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(("expr", "words"), [
    *((function(A), f"function {function} is not supported") for function in (sp.erfi, sp.ceiling, sp.Function("mine"))),
    (sp.Integral(A, (A, 0, 1)), "Integral is not supported"), (sp.Derivative(sp.sin(A), A), "Derivative is not supported"),
    *((A + number, "is complex") for number in (sp.I, sp.sqrt(-2), sp.log(-1), sp.acos(2))),
    (A + sp.erfinv(-2), "is not a real number"),
    *((A + number, "is not a finite double") for number in (sp.oo, float("-inf"), sp.Integer(10) ** 400)),
    *((number, "is not a finite double") for number in (sp.nan, float("nan"))),
    (A + sp.Integer(10) ** 5000, "the constant 1.00000e+5000 is not"),
    (A + sp.acos(sp.Add(*(sp.sqrt(prime) for prime in sp.primerange(100)))), "... is complex"),
    (object(), "is not a SymPy expression or a number"), (True, "wrap it as Piecewise"),
])  # fmt: skip
def test_what_no_expression_may_have_is_refused(model: Model, expr: Any, words: str) -> None:
    """Others are in the table of tests/cli/spec_mistakes.py."""
    message = refusal(lambda: model.node("n", expr))
    assert message.startswith("model demo: node 'n': ")
    assert words in message


@pytest.mark.parametrize(
    "constant",
    [sp.Float("1e-400"), sp.Rational(-1, 10**5000), sp.exp(-1000), -sp.pi * sp.Float("1e-330"), sp.Float("2e-324")],
)
def test_constants_that_would_round_to_zero_are_refused(model: Model, constant: Any) -> None:
    message = refusal(lambda: model.node("n", A * constant))
    assert "model demo: node 'n': the constant" in message
    assert "is not 0 but rounds to 0 as a double; scale the model" in message
    assert len(message) < 160  # whatever the constant's own length


def test_the_smallest_double_an_exact_zero_and_numbers_of_every_kind_are_expressions(model: Model) -> None:
    smallest = sp.Piecewise((A * sp.Float("5e-324"), A > 0), (0, True))
    for index, value in enumerate((smallest, 2, 2.5, np.float64(1.5), sp.Rational(1, 3), sp.pi)):
        assert model.node(f"n{index}", value).is_Symbol


def test_a_refused_declaration_leaves_the_model_as_it_was_and_there_is_none_after_the_first_use(model: Model) -> None:
    refusal(lambda: model.node("n", sp.Symbol("q")))
    refusal(lambda: model.output("o", symbols(model)["y"]))
    model.node("n", A)
    model.output("o", symbols(model)["n"] * symbols(model)["b"])
    assert [node.name for node in model.nodes] == ["n", "o"]
    assert model.freeze() is model
    for action in (lambda: model.feature("f3"), lambda: model.weights("c d"), lambda: model.loss(1)):
        assert "the model is frozen, since it has been used" in refusal(action)


def test_other_mistakes_are_named() -> None:
    m = Model("demo")
    assert "'huber' is of residuals: model.residual(..., loss='huber')" in refusal(lambda: m.loss("huber"))
    for init in (None, True, ["x", 1.0]):
        assert "weight 'c': init must be" in refusal(lambda: m.weights("c d", init=init)), init  # noqa: B023  called here
    for domain in [(1, 1), (2, 1), (0,), (0, 1, 2), (float("nan"), 1), "ab", 3]:
        assert refusal(lambda: m.feature("f1", domain=domain)).startswith("model demo: feature 'f1': domain")  # noqa: B023
    assert "model demo: feature names" in refusal(lambda: m.features("f1,,f2"))
    assert "expanded_loss needs a loss" in refusal(ZOO["curve"]().expanded_loss)


SMOOTH = [name for name in ZOO if name not in ("curve", "pieces", "every_op", "perceptron")]
"""Models whose expanded loss SymPy differentiates and evaluates in reasonable time."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_partials_are_the_derivatives_of_the_expanded_loss(name: str) -> None:
    model = ZOO[name]()
    expanded = model.expanded_loss()
    nodes = {node.symbol: node.expr for node in model.nodes}
    assert expanded.free_symbols.isdisjoint(nodes)
    inputs = (*model.feature_inputs, *model.weight_inputs, *model.target_inputs)
    point = {one.symbol: sp.Rational(37 * (index + 3) % 17 + 5, 23) for index, one in enumerate(inputs)}
    for weight in model.weight_inputs:
        partial = model.partials()[weight.name]
        for symbol, expr in reversed(nodes.items()):
            partial = partial.xreplace({symbol: expr})
        # two exact expressions of the same function, evaluated at 30 digits; a floor is the same number all around the point
        flat = expanded.replace(sp.Mod, lambda a, b: a - b * sp.floor(a / b))
        flat = flat.replace(sp.floor, lambda a: sp.floor(a.subs(point)))
        assert abs((partial.doit() - sp.diff(flat, weight.symbol).doit()).evalf(30, subs=point, chop=True)) < 1e-20, weight.name


def test_an_expression_may_be_deeper_than_functions_may_call_each_other(model: Model) -> None:
    expr = A
    for _ in range(600):  # of two levels each
        expr = sp.sin(expr) + symbols(model)["b"]
    model.output("o", expr)
    assert model.freeze().nodes[0].name == "o"


def test_partials_are_written_over_the_nodes_and_a_notebook_shows_latex_and_a_doc_of_one_line() -> None:
    model = ZOO["nine_weights"]()
    names = {symbol.name for symbol in model.partials()["w6"].free_symbols}
    assert names == {"y", "y_hat", "exp", "tanh"}  # tanh' = 1 - tanh**2, exp' = exp
    text = ZOO["nine_weights"]()._repr_latex_()
    assert text[0] == text[-1] == "$"
    assert r"t &= w_{1} \, f_{1} + w_{2} \, f_{2}" in text
    assert r"\mathrm{loss} &= \left(y - \hat{y}\right)^{2}" in text
    assert repr(ZOO["nine_weights"]()) == "<Model nine_weights: 5 features, 9 weights, 5 nodes>"
    assert Model("demo", doc="  two\n lines\tand a \x00 sign\u200b ").doc == "two lines and a sign"
