"""symgraph.spec.model: what a spec may say, what it is refused for, and what it answers about itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from zoo import ZOO

from symgraph import Constant, Model, Normal, Uniform
from symgraph.errors import SpecError


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


# Declarations.


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("f1:4", ["f1", "f2", "f3"]),
        ("p q r", ["p", "q", "r"]),
        ("p, q", ["p", "q"]),
        ("p:s", ["p", "q", "r", "s"]),
        ("alone", ["alone"]),
        (["a_b", "c"], ["a_b", "c"]),
        (("u", "v"), ["u", "v"]),
    ],
)
def test_names_of_features_and_weights_are_read_as_sympy_reads_them(names: str, expected: list[str]) -> None:
    m = Model("demo")
    result = m.features(names)
    assert isinstance(result, tuple)
    assert [symbol.name for symbol in result] == expected
    assert [entry.name for entry in m.feature_inputs] == expected
    assert [symbol.name for symbol in Model("other").weights(names)] == expected


def test_inputs_keep_the_order_of_their_declaration() -> None:
    m = Model("demo")
    m.weight("late")
    m.feature("z")
    m.weight("early")
    m.feature("a")
    assert [i.name for i in m.feature_inputs] == ["z", "a"]
    assert [i.name for i in m.weight_inputs] == ["late", "early"]


def test_all_symbols_are_real_and_nodes_are_opaque(model: Model) -> None:
    a, f1 = symbols(model)["a"], symbols(model)["f1"]
    node = model.node("n", sp.exp(a * f1))
    assert node.is_Symbol
    assert all(symbol.is_real for symbol in symbols(model).values())
    assert model.nodes[0].expr == sp.exp(a * f1)


def test_a_target_is_called_y_unless_it_has_a_name_of_its_own() -> None:
    assert Model("demo").target().name == "y"
    m = Model("demo")
    m.target("price", domain=(0, 9))
    assert (m.target_input.name, m.target_input.domain) == ("price", (0.0, 9.0))


def test_weights_have_a_small_normal_law_unless_told_otherwise() -> None:
    m = Model("demo")
    m.weight("k")
    m.weights("a b", init=Uniform(-1, 1))
    m.weights("c d e", init=[Normal(1, 2), 0.5, Constant(3)])
    assert [i.init for i in m.weight_inputs] == [
        Normal(0.0, 0.01), Uniform(-1, 1), Uniform(-1, 1), Normal(1, 2), Constant(0.5), Constant(3),
    ]  # fmt: skip


@pytest.mark.parametrize("values", [np.array([1.5, 2.0]), np.array([1, 2]), (sp.Rational(3, 2), sp.Float(2))])
def test_numbers_of_numpy_and_sympy_are_numbers(values: Any) -> None:
    m = Model("demo")
    m.weights("a b", init=values)
    assert [i.init for i in m.weight_inputs] == [Constant(float(value)) for value in values]


def test_domains_reach_every_input_they_are_given_for() -> None:
    m = Model("demo")
    m.features("p q", domain=(0, 1))
    m.weights("a b", domain=[-1, float("inf")])
    m.weight("c")
    assert [i.domain for i in (*m.feature_inputs, *m.weight_inputs)] == [(0, 1), (0, 1), (-1, np.inf), (-1, np.inf), None]


def test_doc_is_one_line_of_printable_text() -> None:
    assert Model("demo", doc="  two\n lines\tand a \x00 sign\u200b ").doc == "two lines and a sign"


# Refusals. Each message names the model and what is at fault, and says what to do.


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(SpecError) as caught:
        action()
    return str(caught.value)


def test_a_symbol_that_is_not_declared_is_refused_with_those_that_are(model: Model) -> None:
    message = refusal(lambda: model.node("n", sp.Symbol("q", real=True) + 1))
    assert "model demo: node 'n': symbol q is not declared" in message
    assert "declare it with model.feature" in message
    assert "f1, f2, a, b, y" in message
    assert "loss: symbol q" in refusal(lambda: model.loss(sp.Symbol("q", real=True)))


def test_a_symbol_of_the_same_name_made_elsewhere_is_refused(model: Model) -> None:
    assert "use the object that the model returned" in refusal(lambda: model.node("n", sp.Symbol("a") + 1))


@pytest.mark.parametrize(
    ("function", "name"),
    [(sp.erfi, "erfi"), (sp.zeta, "zeta"), (sp.ceiling, "ceiling"), (sp.Function("mine"), "mine"), (sp.frac, "frac")],
)
def test_an_unknown_function_is_refused_with_those_that_are_known(model: Model, function: Any, name: str) -> None:
    message = refusal(lambda: model.node("n", function(symbols(model)["a"])))
    assert f"model demo: node 'n': function {name} is not supported" in message
    assert "Piecewise" in message
    assert "sigmoid, sign, sin, sinc" in message


@pytest.mark.parametrize(
    "make", [lambda x: sp.Integral(x, (x, 0, 1)), lambda x: sp.Derivative(sp.sin(x), x), lambda x: sp.Sum(x, (x, 0, 1))]
)
def test_unevaluated_operators_are_refused_by_name(model: Model, make: Any) -> None:
    expr = make(symbols(model)["a"])
    assert f"{type(expr).__name__} is not supported" in refusal(lambda: model.node("n", expr))


@pytest.mark.parametrize(
    ("constant", "words"),
    [
        (sp.I, "is complex"),
        (2 + 3 * sp.I, "is complex"),
        (sp.sqrt(-2), "is complex"),
        (sp.log(-1), "is complex"),
        (sp.acos(2), "is complex"),
        (sp.erfinv(-2), "is not a real number"),
        (sp.oo, "is not a finite double"),
        (-sp.oo, "is not a finite double"),
        (sp.nan, "is not a finite double"),
        (sp.zoo, "is not a finite double"),
        (float("inf"), "is not a finite double"),
        (float("nan"), "is not a finite double"),
        (sp.Integer(10) ** 400, "is not a finite double"),
    ],
)
def test_constants_that_are_complex_or_not_finite_are_refused(model: Model, constant: Any, words: str) -> None:
    message = refusal(lambda: model.node("n", symbols(model)["a"] + constant if constant is not sp.nan else constant))
    assert "model demo: node 'n': the constant" in message
    assert words in message


@pytest.mark.parametrize(
    "constant",
    [
        sp.Float("1e-400"),
        sp.Rational(1, 10**400),
        sp.Rational(-1, 10**5000),
        sp.exp(-1000),
        -sp.pi * sp.Float("1e-330"),
        sp.Float("2e-324"),
    ],
)
def test_constants_that_would_round_to_zero_are_refused(model: Model, constant: Any) -> None:
    message = refusal(lambda: model.node("n", symbols(model)["a"] * constant))
    assert "model demo: node 'n': the constant" in message
    assert "is not 0 but rounds to 0 as a double; scale the model" in message
    assert len(message) < 160  # whatever the constant's own length


def test_a_long_constant_is_shown_by_its_size_or_its_beginning(model: Model) -> None:
    assert "the constant 1.00000e+5000 is not" in refusal(lambda: model.node("n", symbols(model)["a"] + sp.Integer(10) ** 5000))
    long = sp.acos(sp.Add(*(sp.sqrt(prime) for prime in sp.primerange(100))))
    assert "... is complex" in refusal(lambda: model.node("n", symbols(model)["a"] + long))


def test_the_smallest_double_and_an_exact_zero_are_constants_like_others(model: Model) -> None:
    a = symbols(model)["a"]
    model.node("n", sp.Piecewise((a * sp.Float("5e-324"), a > 0), (0, True)))
    assert model.nodes[-1].name == "n"


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("a + 1", "is a string; write a SymPy expression"),
        (object(), "is not a SymPy expression or a number"),
        (sp.Matrix([1]), "a Matrix is not a scalar expression; take its parts one by one"),
        (sp.Symbol("a", real=True) > 0, "wrap it as Piecewise"),
        (True, "wrap it as Piecewise"),
    ],
)
def test_what_is_no_expression_is_refused(model: Model, expr: Any, words: str) -> None:
    message = refusal(lambda: model.node("n", expr))
    assert "model demo: node 'n'" in message
    assert words in message


def test_a_name_can_be_given_once(model: Model) -> None:
    model.node("n", symbols(model)["a"])
    assert "model demo: node 'n': the name is taken by a node; choose another" in refusal(lambda: model.node("n", 1))
    assert "output 'n'" in refusal(lambda: model.output("n", 1))
    assert "feature 'f1': the name is taken by a feature" in refusal(lambda: model.feature("f1"))
    assert "weight 'f1': the name is taken by a feature" in refusal(lambda: model.weight("f1"))
    assert "node 'b': the name is taken by a weight" in refusal(lambda: model.node("b", 1))
    assert "target 'price': the model has the target 'y'" in refusal(lambda: model.target("price"))


def test_a_refused_declaration_leaves_the_model_as_it_was(model: Model) -> None:
    refusal(lambda: model.node("n", sp.Symbol("q")))
    refusal(lambda: model.output("o", symbols(model)["y"]))
    model.node("n", symbols(model)["a"])
    model.output("o", symbols(model)["n"] * symbols(model)["b"])
    assert [node.name for node in model.nodes] == ["n", "o"]


def test_a_model_has_one_output_and_one_loss(model: Model) -> None:
    model.output("o", symbols(model)["a"] * symbols(model)["b"])
    model.loss("squared_error")
    assert "has the output 'o' already" in refusal(lambda: model.output("p", 1))
    assert "model demo: loss: the model has a loss already" in refusal(lambda: model.loss(1))


def test_an_output_cannot_depend_on_the_target_even_through_a_node(model: Model) -> None:
    s = symbols(model)
    r = model.node("r", s["y"] - s["a"])
    assert "output 'o' depends on the target 'y'" in refusal(lambda: model.output("o", r * s["b"]))


def test_nothing_can_be_declared_after_the_first_use(model: Model) -> None:
    s = symbols(model)
    model.output("o", s["a"] * s["b"])
    model.loss("squared_error")
    model.partials()
    for action in (
        lambda: model.node("n", 1),
        lambda: model.feature("f3"),
        lambda: model.weights("c d"),
        lambda: model.loss(1),
    ):
        message = refusal(action)
        assert "model demo" in message
        assert "the model is frozen, since it has been used" in message
    assert model.freeze() is model


def test_a_weight_without_influence_is_named(model: Model) -> None:
    s = symbols(model)
    model.node("idle", s["b"] * 2)
    model.output("o", s["a"] * s["f1"])
    model.loss("squared_error")
    assert refusal(model.freeze).endswith(" model demo: the loss does not depend on weight b; use it or remove it")


def test_without_a_loss_every_weight_must_influence_the_output(model: Model) -> None:
    s = symbols(model)
    model.output("o", s["a"] * s["f1"])
    assert "model demo: the output does not depend on weight b" in refusal(model.freeze)


def test_a_model_needs_something_to_compute_and_a_weight() -> None:
    m = Model("demo")
    m.node("n", m.weight("a"))
    assert "neither a loss nor an output" in refusal(m.freeze)
    m = Model("demo")
    m.loss(m.feature("f1") ** 2)
    assert "it has no weights" in refusal(m.freeze)


def test_named_losses_need_a_target_and_an_output() -> None:
    m = Model("demo")
    m.weight("a")
    assert "compares the target with the output; declare" in refusal(lambda: m.loss("squared_error"))
    assert "'nosuch' is unknown; known are squared_error, absolute_error, bce_with_logits" in refusal(lambda: m.loss("nosuch"))
    assert "'huber' is of residuals: model.residual(..., loss='huber')" in refusal(lambda: m.loss("huber"))


@pytest.mark.parametrize("init", ["normal", None, True, [1.0], [1, 2, 3], [Normal(0, 1), "x"]])
def test_what_is_no_law_of_initial_values_is_refused(init: Any) -> None:
    message = refusal(
        lambda: Model("demo").weights("a b", init=init) if init is not None else Model("demo").weight("a", init=init)
    )
    assert "model demo" in message
    assert "init" in message


@pytest.mark.parametrize("domain", [(1, 1), (2, 1), (0,), (0, 1, 2), (float("nan"), 1), "ab", 3])
def test_a_domain_is_a_pair_of_numbers_in_order(domain: Any) -> None:
    message = refusal(lambda: Model("demo").feature("f1", domain=domain))
    assert message.startswith("model demo: feature 'f1': domain")


@pytest.mark.parametrize("names", ["", " ", "f1,,f2"])
def test_a_list_of_names_must_name_something(names: str) -> None:
    assert "model demo: feature names" in refusal(lambda: Model("demo").features(names))


# What a model answers.


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", lambda y, z: (y - z) ** 2),
        ("absolute_error", lambda y, z: sp.Abs(y - z)),
        ("bce_with_logits", lambda y, z: -(y * sp.log(1 / (1 + sp.exp(-z))) + (1 - y) * sp.log(1 - 1 / (1 + sp.exp(-z))))),
    ],
)
def test_named_losses_are_their_definitions(model: Model, loss: str, expected: Any) -> None:
    s = symbols(model)
    z = model.output("o", s["a"] + s["b"] * s["f1"])
    model.loss(loss)
    for y_value, z_value in [(0.0, 1.5), (1.0, -0.7), (0.3, 0.2)]:
        point = {s["y"]: y_value, z: z_value}
        truth = expected(s["y"], z).evalf(30, subs=point)
        # the definition is evaluated at 30 digits, the loss at 20
        assert abs(model.loss_expr.doit().evalf(20, subs=point) - truth) < 1e-15


SMOOTH = [name for name in ZOO if name not in ("curve", "pieces", "every_op", "perceptron")]
"""Models whose expanded loss SymPy differentiates and evaluates in reasonable time."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_partials_are_the_derivatives_of_the_expanded_loss(name: str) -> None:
    model = ZOO[name]()
    expanded = model.expanded_loss()
    nodes = {node.symbol: node.expr for node in model.nodes}
    assert expanded.free_symbols.isdisjoint(nodes)
    inputs = [
        i.symbol for i in (*model.feature_inputs, *model.weight_inputs, *([model.target_input] if model.target_input else []))
    ]
    point = {symbol: sp.Rational(37 * (index + 3) % 17 + 5, 23) for index, symbol in enumerate(inputs)}
    for weight in model.weight_inputs:
        partial = model.partials()[weight.name]
        for symbol, expr in reversed(nodes.items()):
            partial = partial.xreplace({symbol: expr})
        # two exact expressions of the same function, evaluated at 30 digits; a floor is the same number all around the point
        flat = expanded.replace(sp.Mod, lambda a, b: a - b * sp.floor(a / b)).replace(
            sp.floor, lambda a: sp.floor(a.subs(point))
        )
        difference = (partial.doit() - sp.diff(flat, weight.symbol).doit()).evalf(30, subs=point, chop=True)
        assert abs(difference) < 1e-20, weight.name


def test_partials_are_written_over_the_nodes() -> None:
    model = ZOO["nine_weights"]()
    names = {symbol.name for symbol in model.partials()["w6"].free_symbols}
    assert names == {"y", "y_hat", "exp", "tanh"}  # tanh' = 1 - tanh**2, exp' = exp


def test_partials_and_expanded_loss_need_a_loss() -> None:
    assert "model curve: partials need a loss; set one with model.loss" in refusal(ZOO["curve"]().partials)
    assert "model curve: expanded_loss needs a loss" in refusal(ZOO["curve"]().expanded_loss)


def test_a_notebook_shows_nodes_and_loss_as_latex() -> None:
    text = ZOO["nine_weights"]()._repr_latex_()
    assert text.startswith("$")
    assert text.endswith("$")
    assert r"t &= w_{1} \, f_{1} + w_{2} \, f_{2}" in text
    assert r"\mathrm{loss} &= \left(y - \hat{y}\right)^{2}" in text
    assert repr(ZOO["nine_weights"]()) == "<Model nine_weights: 5 features, 9 weights, 5 nodes>"


def test_a_deep_expression_is_no_problem() -> None:
    model = Model("deep")
    (f,), (a, b) = model.features("f"), model.weights("a b")
    expr = a * f
    for _ in range(1500):  # beyond Python's recursion limit of 1000
        expr = sp.sin(expr) + b
    model.output("o", expr)
    assert model.freeze().nodes[0].expr is expr


def test_numbers_are_expressions(model: Model) -> None:
    for index, value in enumerate((2, 2.5, np.float64(1.5), sp.Rational(1, 3), sp.pi)):
        assert model.node(f"n{index}", value).is_Symbol
