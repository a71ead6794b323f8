"""Rules: they find what users write, they are identities, they pay, and they leave alone what they would not better."""

import math
from types import ModuleType
from typing import Any
from unittest.mock import patch

import mpmath
import pytest
import sympy as sp
from graphs import graphs, points, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

import symgraph as sg
from symgraph import Model
from symgraph.adjoint import differentiate
from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.graph import Graph
from symgraph.ir.text import to_text
from symgraph.ir.verify import verify_graph
from symgraph.lowering import lower
from symgraph.passes import optimize
from symgraph.passes.expand import expand
from symgraph.passes.factor import factor
from symgraph.passes.rewrite import rewrite
from symgraph.passes.rules import RULES, VALUE_RULES, Rule, apply_rules
from symgraph.passes.rules.glance import Look

a, b, c = sp.symbols("a b c", real=True)
ALL = (*RULES, *VALUE_RULES)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    """benchmarks/rules.py, which is a script."""
    monkeypatch.syspath_prepend(str(request.config.rootpath / "benchmarks"))
    return __import__("rules")


def graph_of(expr: Any, domains: dict[str, tuple[float, float]] | None = None) -> Graph:
    """The forward graph of an expression in a, b and c, which become weights."""
    model = Model("g")
    symbols = {name: model.weight(name, domain=(domains or {}).get(name)) for name in sorted(map(str, expr.free_symbols))}
    model.loss(model.node("r", expr.subs(symbols, simultaneous=True)))
    return lower(model)


def text(graph: Graph, root: str = "loss") -> str:
    """A root written as calls."""

    def write(position: int) -> str:
        node = graph.nodes[position]
        if node.data is not None:
            return f"{node.data:g}" if isinstance(node.data, float) else node.data
        return f"{node.op}({', '.join(write(arg) for arg in node.args)})"

    return write(graph.roots[root])


WRITTEN = {
    3 - 3 * sp.cos(a * b): "mul(6, pow(sin(mul(0.5, mul(a, b))), 2))",
    sp.Float("0.1") * (1 - sp.cos(a)): "mul(mul(2, 0.1), pow(sin(mul(0.5, a)), 2))",
    b - c * (1 - sp.cos(a)): "sub(b, mul(mul(2, pow(sin(mul(0.5, a)), 2)), c))",
    a + 1 - sp.exp(-b * c): "sub(a, expm1(neg(mul(b, c))))",
    (1 - sp.cos(a)) / a**2: "mul(0.5, pow(sinc(mul(0.5, a)), 2))",
    sp.sin(sp.pi * a) / (sp.pi * a) * b: "mul(mul(mul(3.14159, 0.31831), b), sinc(mul(3.14159, a)))",
    (sp.exp(a - b) - sp.exp(b - a)) / 2: "sinh(sub(a, b))",
    (sp.exp(a) - sp.exp(-a)) / (sp.exp(a) + sp.exp(-a)): "tanh(a)",
    2 / (sp.exp(a) + sp.exp(-a)): "sech(a)",
    2 / (1 + sp.exp(-2 * a)) - 1: "tanh(a)",
    sp.exp(-a) / (1 + sp.exp(-a)) ** 2: "mul(sigmoid(a), sigmoid(neg(a)))",
    1 / (2 + 2 * sp.exp(-a)): "mul(0.5, sigmoid(a))",
    sp.tanh(a) / 2 + sp.Rational(1, 2): "sigmoid(mul(2, a))",
    -sp.log(1 - sg.sigmoid(a)): "neg(log_sigmoid(neg(a)))",
    sp.log(sp.exp(a) / (sp.exp(a) + sp.exp(b) + sp.exp(c))): "log_sigmoid(sub(a, logaddexp(b, c)))",
    sp.log(1 + sp.exp(a) + sp.exp(b)): "logaddexp(logaddexp(a, b), 0)",
    sp.log(c * sp.exp(-(a**2))): "sub(log(c), pow(a, 2))",
    sp.sqrt(2 * a**2 + b**2 * c**2): "hypot(mul(a, sqrt(2)), mul(b, c))",
    sp.log(a + sp.sqrt(a**2 + 1)): "asinh(a)",
    a * b * sp.log(a): "mul(xlogx(a), b)",
    4 * a**2 * b**2 + 4 * a * b + 1: "pow(add(mul(2, mul(a, b)), 1), 2)",
    sp.log((1 + a * b) / (1 - a * b)) / 2: "mul(0.5, mul(2, atanh(mul(a, b))))",
    sp.sqrt(a * b + 1) - 1: "div(mul(a, b), add(sqrt(add(mul(a, b), 1)), 1))",
    sp.log(sp.exp(a) + sp.exp(b) + sp.exp(c)) - b: "softplus(sub(logaddexp(a, c), b))",
    c * (a - sp.log(sp.exp(a) + sp.exp(b))): "mul(neg(softplus(sub(b, a))), c)",
    sp.log(1 + sp.exp(a) + sp.exp(b)) - sp.Piecewise((a, c > 1), (b, c > 0), (0, True)): (
        "select(gt(c, 1), softplus(sub(logaddexp(b, 0), a)), "
        "select(gt(c, 0), softplus(sub(logaddexp(a, 0), b)), logaddexp(logaddexp(a, b), 0)))"
    ),
    sp.log(2 + sp.exp(a)): "logaddexp(a, log(2))",
    sp.log(1 + 3 * sp.exp(a * b)): "logaddexp(add(log(3), mul(a, b)), 0)",
    sp.log(sg.sigmoid(a) * sp.exp(-(b**2)) + (1 - sg.sigmoid(a)) * sp.exp(-(c**2))): (
        "logaddexp(sub(log_sigmoid(neg(a)), pow(c, 2)), sub(log_sigmoid(a), pow(b, 2)))"
    ),
    -sg.xlogy(b, 1 - 1 / (1 + sp.exp(-a))): "neg(mul(b, log_sigmoid(neg(a))))",
    sp.log(sg.sigmoid(a) * c / 2): "add(log(mul(0.5, c)), log_sigmoid(a))",
    b * sp.cosh(a) / sp.sinh(a): "div(b, tanh(a))",
    c / (1 + sp.exp(-a)) ** (1 / b): "mul(exp(neg(div(softplus(neg(a)), b))), c)",
    sp.exp(a * b) * sp.exp(-(c**2)): "exp(sub(mul(a, b), pow(c, 2)))",
    sp.exp(a) / (1 + sp.exp(-b)): "exp(add(a, log_sigmoid(b)))",
    (c * sp.exp(a) + sp.exp(b)) / (sp.exp(a) + sp.exp(b)): "add(mul(c, sigmoid(sub(a, b))), sigmoid(sub(b, a)))",
    (b * sp.exp(a) + c * sp.exp(b) + 7) / (sp.exp(b) + sp.exp(a) + 1): (
        "add(add(mul(b, sigmoid(sub(a, logaddexp(b, 0)))), mul(c, sigmoid(sub(b, logaddexp(a, 0))))), "
        "mul(7, sigmoid(neg(logaddexp(a, b)))))"
    ),
    c**2
    * (
        1 / sp.sqrt(1 - a**2) - 1
    ): "mul(div(pow(a, 2), mul(sqrt(sub(1, pow(a, 2))), add(1, sqrt(sub(1, pow(a, 2)))))), pow(c, 2))",
}
"""What users write, as SymPy turns it around, and what becomes of it."""


@pytest.mark.parametrize("expr", WRITTEN, ids=str)
def test_a_rule_finds_what_sympy_makes_of_what_users_write(expr: Any) -> None:
    assert text(verify_graph(rewrite(graph_of(expr)))) == WRITTEN[expr]


VALUES = {
    3 * a * b * sp.exp(c) - 3 * a * b: "mul(mul(mul(3, a), b), expm1(c))",
    a + b - (a + b) * sg.sigmoid(c): "mul(add(a, b), sigmoid(neg(c)))",
    a**2 * c**2 - b**2: "mul(sub(mul(a, c), b), add(mul(a, c), b))",
    sp.exp(a) - sp.exp(b): "neg(mul(mul(max(exp(a), exp(b)), expm1(neg(abs(sub(a, b))))), sign(sub(a, b))))",
    c * sp.exp(a) - c * sp.exp(b): "neg(mul(mul(mul(c, max(exp(a), exp(b))), expm1(neg(abs(sub(a, b))))), sign(sub(a, b))))",
}


@pytest.mark.parametrize("expr", VALUES, ids=str)
def test_a_rule_for_values_finds_what_cancels(expr: Any) -> None:
    assert text(verify_graph(factor(graph_of(expr)))) == VALUES[expr]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_every_rule_is_used_on_its_own_example(benchmark: ModuleType, rule: Rule) -> None:
    graph = lower(benchmark.model_of(rule))
    graph, rules = (graph, RULES) if rule in RULES else (differentiate(graph), VALUE_RULES)
    others = [other for other in rules if other is not rule]
    assert to_text(apply_rules(graph, rules)) != to_text(apply_rules(graph, others))


UNTOUCHED = (
    3 - sp.cos(a),  # well conditioned
    (1 + a) ** b - 1,  # log1p(a) is no number for a < -1
    sp.exp(a) - sp.exp(b),  # exp(b)*expm1(a - b) errs by |a - b| units where a and b are far apart
    sp.cos(a) - sp.cos(b),  # (a + b)/2 rounds: 1e6 units where a is 1e6
    1 / a - 1 / b,  # the adjoint of (b - a)/(a*b) cancels for b << a
    sp.log(a) - sp.log(b),  # log(a/b) errs by 1/|log(a/b)| units for a near b, where log(b) is near 0
    sp.sqrt(a + b * c) - a,
    sp.log(a * b),
    (1 + sp.exp(a)) ** sp.Rational(5, 2),  # exp(2.5*softplus(a)) errs by 2.5*log(2) units for a near 0
    a**c / (b**c + a**c),  # a and b may be negative
    a * sg.logaddexp(b, c) - b,
)


@pytest.mark.parametrize("expr", UNTOUCHED, ids=str)
def test_what_no_rule_betters_everywhere_stays_as_it_is(expr: Any) -> None:
    graph = graph_of(expr)
    assert rewrite(graph) is graph


def test_a_declared_domain_opens_what_depends_on_it() -> None:
    growth, root = (1 + a) ** b - 1, sp.sqrt(a**2 + 1)
    assert text(rewrite(graph_of(growth, {"a": (-0.1, 0.1)}))) == "expm1(mul(b, log1p(a)))"
    assert text(rewrite(graph_of((1 + a) ** 12 - 1, {"a": (-0.1, 0.1)}))) == "expm1(mul(12, log1p(a)))"
    # no square overflows there, and hypot costs more than a product and a root
    assert text(rewrite(graph_of(root, {"a": (-10.0, 10.0)}))) == "sqrt(add(pow(a, 2), 1))"
    positive = rewrite(graph_of(sp.sqrt(a**2 - b) - a, {"a": (1.0, 2.0)}))
    assert text(positive) == "neg(div(b, add(sqrt(sub(pow(a, 2), b)), a)))"
    assert "select" in text(rewrite(graph_of(sp.sqrt(a**2 - b) - a)))
    # exp overflows nowhere there
    bounded = graph_of(sp.log(2 + sp.exp(a)), {"a": (-9.0, 9.0)})
    assert rewrite(bounded) is bounded
    weighted = sp.log(a * sp.exp(-(b**2)) + (1 - a) * sp.exp(-(c**2)))
    mixed = rewrite(graph_of(weighted, {"a": (0.1, 0.9)}))
    assert text(mixed) == "logaddexp(sub(log(a), pow(b, 2)), sub(log1p(neg(a)), pow(c, 2)))"
    hill = a**c / (b**c + a**c)
    assert text(rewrite(graph_of(hill, dict.fromkeys("ab", (0.1, 9.0))))) == "sigmoid(mul(c, log(div(a, b))))"
    apart = graph_of(sp.exp(a) - sp.exp(b), {"a": (1.0, 2.0), "b": (-2.0, -1.0)})
    assert factor(apart) is apart
    negative = graph_of(sp.sqrt(a**2 - b) - a, {"a": (-2.0, -1.0)})
    assert rewrite(negative) is negative


def test_named_nodes_and_inputs_stay_and_the_loss_looks_through_them() -> None:
    model = Model("g")
    f, k = model.feature("f"), model.weight("k")
    p = model.output("p", 1 / (1 + sp.exp(-k * f)))
    t = model.node("t", 1 + k * f)
    model.loss(sp.log(t) - sp.log(p))
    graph = rewrite(lower(model))
    assert text(graph, "node p") == text(graph, "output") == "sigmoid(mul(k, f))"
    assert text(graph, "node t") == "add(mul(k, f), 1)"
    assert text(graph) == "sub(log1p(mul(k, f)), log_sigmoid(mul(k, f)))"
    assert [node.data for node in graph.nodes[:2]] == ["f", "k"]


def test_a_named_sum_is_the_term_that_it_stands_for() -> None:
    model = Model("g")
    f, (k, u, v) = model.feature("f"), model.weights("k u v")
    z = model.node("z", k * f + u)
    total = model.node("total", sp.exp(z) + sp.exp(v))
    model.loss(sp.log(total) - z)
    assert text(rewrite(lower(model))) == "softplus(sub(v, add(mul(k, f), u)))"


LOOKED_THROUGH: dict[Any, Any] = {
    (1 + sp.erf(a)) / 2: "mul(0.5, erfc(a))",
    sp.erfc(-a) / 2: "mul(0.5, erfc(a))",
    1 - sp.exp(-sp.exp(a)): "exp(neg(exp(a)))",
    sg.sigmoid(a): "sigmoid(neg(a))",
    (1 + sp.tanh(a)) / 2: "sigmoid(neg(mul(2, a)))",
}


@pytest.mark.parametrize("probability", LOOKED_THROUGH, ids=str)
def test_one_minus_a_named_probability_cancels_by_formula(probability: Any) -> None:
    model = Model("g")
    p = model.node("p", probability.subs(a, model.weight("a")))
    model.loss(1 - p)
    assert text(rewrite(lower(model))) == LOOKED_THROUGH[probability]


@pytest.mark.parametrize("z", [-40.0, -9.0, -0.3, 0.0, 3.0, 6.0, 9.0, 30.0])
def test_a_named_normal_probability_has_the_loss_of_its_logarithms(z: float) -> None:
    """The cross entropy of a probit model; Phi(-z) by its definition in mpmath."""
    p = (1 + sp.erf(a / sp.sqrt(2))) / 2
    model = Model("g")
    node = model.node("p", p.subs(a, model.weight("a")))
    model.loss(-sp.log(node) / 4 - 3 * sp.log(1 - node) / 4)
    graph = optimize(factor(differentiate(rewrite(lower(model)))))
    found = values_of(graph, {"cotangent": 1.0, "largest": 1.7976931348623157e308, "a": z})
    with mpmath.workdps(900):
        upper, lower_half = (mpmath.erfc(sign * mpmath.mpf(z) / mpmath.sqrt(2)) / 2 for sign in (-1, 1))
        density = mpmath.exp(-(mpmath.mpf(z) ** 2) / 2) / mpmath.sqrt(2 * mpmath.pi)
        loss = -mpmath.log(upper) / 4 - 3 * mpmath.log(lower_half) / 4
        slope = -density / upper / 4 + 3 * density / lower_half / 4
        # log_half_erfc errs by 4 ulp and its slope by 6, relative to the larger of two terms that may cancel around z = 0.6
        assert abs(found["loss"] - loss) <= 16 * 2.0**-52 * abs(loss)
        assert abs(found["grad a"] - slope) <= 16 * 2.0**-52 * (abs(slope) + 1)


def test_a_sum_is_not_taken_apart_at_a_named_node() -> None:
    model = Model("g")
    k, u = model.weight("k"), model.weight("u")
    t = model.node("t", 1 + u)
    model.loss(t - sp.cos(k))
    assert text(rewrite(lower(model))) == "sub(add(u, 1), cos(k))"


GROWING = ("exp", "expm1", "sinh", "cosh", "tanh", "erf", "erfc", "gauss")


def bounded(op: str) -> Any:
    """An op of mpmath on real numbers, those that grow or tend to a limit on numbers up to 2,000 only.

    exp(exp(exp(9))) would have 1e3500 digits before the point, and 1 - tanh(1e6) needs as many as 1e6 behind it.
    """

    def compute(*args: Any) -> Any:
        if any(isinstance(x, mpmath.mpc) or (op in GROWING and abs(x) > 2000) for x in args):
            raise ValueError(f"{op}{args}")
        return MPMATH[op](*args)

    return compute


BOUNDED = {op: bounded(op) for op in MPMATH}


def values(graph: Graph, point: dict[str, Any]) -> list[Any]:
    """All nodes' values at a point, at the digits of the caller."""
    return evaluate(expand(graph), {**point, "cotangent": mpmath.mpf(1)}, BOUNDED, mpmath.mpf)


def assert_same(before: Graph, after: Graph, point: dict[str, Any], digits: int) -> bool:
    """Hold two graphs to the same values at a point; False where some node of the first is no real number there."""
    with mpmath.workdps(digits):
        try:
            known = values(before, point)
        except (ZeroDivisionError, ValueError):
            return False
        computed = [value for node, value in zip(expand(before).nodes, known, strict=True) if node.data is None]
        if any(isinstance(x, mpmath.mpc) or (not isinstance(x, bool) and not mpmath.isfinite(x)) for x in computed):
            return False
        found = values(after, point)
        first, second = expand(before).roots, expand(after).roots
        assert first.keys() == second.keys()
        for root in first:
            difference = abs(found[second[root]] - known[first[root]])
            # the digits beyond 50 are for what cancels in the one form and not in the other; the partials of sinc and xlogx
            # have constants and series that are good for a double
            allowed = mpmath.mpf(10) ** (-15 if root.startswith("grad") else -50)
            assert difference <= allowed * max(abs(known[first[root]]), 1), (root, point)
    return True


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_every_rule_is_an_identity_of_values_and_derivatives(benchmark: ModuleType, rule: Rule) -> None:
    model = lower(benchmark.model_of(rule))
    before = differentiate(model)
    after = differentiate(apply_rules(model, RULES)) if rule in RULES else apply_rules(before, VALUE_RULES)
    drawn = benchmark.draw(rule, 12, seed=3)
    points = [{name: mpmath.mpf(float(numbers[i])) for name, numbers in drawn.items()} for i in range(12)]
    # 1,600 digits: exp(1000) beside 1 has 435 before the point, and 1e-350 squared and beside 1 has 700 behind it
    held = [assert_same(before, after, point, 1600) for point in points]
    assert sum(held) >= 6


PIECES: tuple[Any, ...] = (
    1 - sp.cos(a), sp.exp(a) - 1, sp.log(1 + a), sp.log(1 + sp.exp(a)), sp.log(sp.exp(a) + sp.exp(b)), sp.exp(a) - sp.exp(-a),
    1 / (1 + sp.exp(-a)), sp.exp(a) / (sp.exp(a) + sp.exp(b)), 1 - sg.sigmoid(a), 1 - sp.tanh(a) ** 2, sp.sin(a) / a,
    sp.sqrt(a**2 + b**2), sp.sqrt(a + 1) - sp.sqrt(a), sp.sqrt(a**2 + b) - a, a**2 - 2 * a * b + b**2, a**2 - b**2,
    sp.log(sp.cosh(a)), sp.log(a / (1 - a)), a * sp.log(a), (1 + a) ** 5 - 1, sp.log(a**2), sp.log(b * sp.exp(a)),
    sp.log(sp.exp(a) + sp.exp(b) + 1) - a, sp.log(3 + sp.exp(a)), sp.exp(a) - sp.exp(b), b - b * sg.sigmoid(a),
    sp.erf(a) - sp.erf(b), sp.log(sp.erfc(a) / 2), (1 + sp.exp(a)) ** b, sp.cosh(a) / sp.sinh(a), sg.xlogy(a, sg.sigmoid(b)),
    a * b, a + b, a - b, a / 3, 3 * a, -a, a**2, sp.Float("0.3") * a, a + 1, 1 - a, a / b,
)  # fmt: skip
"""What nests are made of: patterns, and what may come between them."""


@st.composite
def nests(draw: st.DrawFn) -> Any:
    """A pattern whose operands are patterns in turn, to a depth of three."""

    def grow(depth: int) -> Any:
        if depth == 0:
            return draw(st.sampled_from((a, b, c)))
        piece = draw(st.sampled_from(PIECES))
        return piece.subs({a: grow(depth - 1), b: grow(draw(st.integers(0, depth - 1)))}, simultaneous=True)

    return grow(draw(st.integers(1, 3))) + draw(st.sampled_from((0, 1, -1, a, sp.cos(b))))


@given(nests(), st.tuples(*[st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3)] * 3), st.booleans())
@settings(max_examples=150)
def test_nests_of_patterns_keep_their_value(expr: Any, numbers: tuple[float, ...], bounded: bool) -> None:
    if not expr.free_symbols or expr.has(sp.zoo, sp.nan, sp.I):
        return
    before = graph_of(expr, dict.fromkeys("abc", (-0.2, 0.2)) if bounded else None)
    point = {name: mpmath.mpf(x) / (10 if bounded else 1) for name, x in zip("abc", numbers, strict=True)}
    after = verify_graph(factor(verify_graph(rewrite(before))))
    assert_same(before, after, point, 2000)


@given(nests())
@settings(max_examples=60)
def test_a_glance_hides_no_match(expr: Any) -> None:
    if not expr.free_symbols or expr.has(sp.zoo, sp.nan, sp.I):
        return
    before = graph_of(expr)
    quick = to_text(factor(rewrite(before)))
    with patch.object(Look, "has", lambda look, wanted: True):
        assert to_text(factor(rewrite(before))) == quick


HEADS = ("exp", "log", "cosh", "sinh", "tanh", "sigmoid", "sqrt", "cos", "sin", "erf", "expm1", "log1p", "hypot")


@given(graphs(("add", "sub", "mul", "div", "neg", "abs", "select", *HEADS), size=12), points(-1.5, 1.5))
@settings(max_examples=200)
def test_random_graphs_keep_the_value_of_every_node(graph: Graph, point: dict[str, float]) -> None:
    exact = {name: mpmath.mpf(x) for name, x in point.items()}
    after = verify_graph(factor(verify_graph(rewrite(graph))))
    assert list(after.names) == list(graph.names)
    assert_same(graph, after, exact, 2000)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_every_rule_pays_and_none_harms(benchmark: ModuleType, rule: Rule) -> None:
    value, gradient = benchmark.measure(rule, 80, seed=7)
    # ten times at one point at least; x*log(x) gains what the next test shows
    assert max(value.best, gradient.best) >= (2 if rule.name == "x log x" else 10)
    for gain in (value, gradient):
        # no error is above both that without the rule and 4 * (1 + kappa) units, which the theorem allows everywhere
        assert gain.loss <= 1


def at(expr: Any, point: dict[str, float], domains: dict[str, tuple[float, float]] | None = None) -> dict[str, float]:
    """The loss and its gradient in doubles."""
    graph = optimize(factor(differentiate(rewrite(graph_of(expr, domains)))))
    found = values_of(graph, {"cotangent": 1.0, "largest": 1.7976931348623157e308, **point})
    return {root: float(value) for root, value in found.items() if not root.startswith("node ")}


def test_mixtures_with_weights_of_any_sign_neither_overflow_nor_vanish() -> None:
    mixture = sp.log(a * sp.exp(-(b**2)) + (1 - a) * sp.exp(-(c**2)))
    found = at(mixture, {"a": 0.25, "b": 60.0, "c": 70.0})
    # the first law weighs all: log(1/4) - 3600; its slopes are 1/a and -2b, those of the other exp(-1300)
    assert found == {"loss": math.log(0.25) - 3600, "grad a": 4.0, "grad b": -120.0, "grad c": 0.0}
    shifted = at(sp.log(1 + c * sp.exp(a)), {"a": 800.0, "c": 2.0})
    assert shifted == {"loss": 800 + math.log(2), "grad a": 1.0, "grad c": 0.5}
    small = at(sp.log(1 + c * sp.exp(a)), {"a": -60.0, "c": -2.0})
    assert small["loss"] == pytest.approx(-2 * math.exp(-60), rel=2**-50)


def test_special_points_have_the_value_and_the_derivative_of_the_limit() -> None:
    assert at(sp.sin(a) / a, {"a": 0.0}) == {"loss": 1.0, "grad a": 0.0}
    assert at(a * sp.log(a), {"a": 0.0})["loss"] == 0.0
    assert at(sp.sqrt(a**2 + b**2), {"a": 0.0, "b": 0.0}) == {"loss": 0.0, "grad a": 0.0, "grad b": 0.0}
    assert at(sp.log(sp.cosh(a)), {"a": 0.0}) == {"loss": 0.0, "grad a": 0.0}
    assert at(1 - sp.cos(a), {"a": 0.0}) == {"loss": 0.0, "grad a": 0.0}
    assert at(sp.exp(a) - sp.exp(b), {"a": 2.0, "b": 2.0})["loss"] == 0.0
    assert at(sp.erf(a) - sp.erf(b), {"a": 6.0, "b": 6.0})["loss"] == 0.0
    assert at(sg.xlogy(a, sg.sigmoid(b)), {"a": 0.0, "b": -1e5}) == {"loss": 0.0, "grad a": -1e5, "grad b": 0.0}
    # the slope of log(erfc(x)/2) at 0, where the one form meets the other
    assert at(sp.log(sp.erfc(a) / 2), {"a": 0.0})["grad a"] == pytest.approx(-2 / math.sqrt(math.pi), rel=2**-50)
    tie = at(sp.log(sp.exp(a) + sp.exp(b)), {"a": 1000.0, "b": 1000.0})
    assert (tie["grad a"], tie["grad b"]) == (0.5, 0.5)
    assert at(sp.sqrt(a + b) - sp.sqrt(a - b), {"a": 0.0, "b": 0.0})["loss"] == 0.0
    assert math.isnan(at(sp.sqrt(a + b) - sp.sqrt(a), {"a": -2.0, "b": 0.5})["loss"])
    assert math.isnan(at(sp.log(a + b) - sp.log(a), {"a": -2.0, "b": 0.5})["loss"])
    flat = at(sp.sqrt(a**2 + b) - a, {"a": 0.0, "b": 4.0})
    assert flat == {"loss": 2.0, "grad a": -1.0, "grad b": 0.25}


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1.0, 1e150, 1.1e308, -1e-320, -1e-200, -1.0, -1e150, -1e308])
def test_a_root_less_a_number_overflows_where_the_truth_does(size: float) -> None:
    point = {"a": size / 3 if size < 0 else size, "b": size / 2 if size < 0 else size}
    found = at(sp.sqrt(a**2 + b**2) - b, point)
    with mpmath.workdps(40):
        truth = mpmath.hypot(point["a"], point["b"]) - mpmath.mpf(point["b"])
        # three roundings and hypot's own of 1 unit; of subnormal numbers a step or two
        assert abs(mpmath.mpf(found["loss"]) - truth) <= max(4 * mpmath.mpf(2) ** -52 * truth, 2 * mpmath.mpf(2) ** -1074)


def test_the_page_says_what_the_table_says(benchmark: ModuleType) -> None:
    written = benchmark.PAGE.read_text(encoding="utf-8").split(benchmark.MARK)[1]
    rows = [line for line in written.splitlines() if line][2:]  # below the head
    assert len(rows) == len(ALL)
    for rule, line in zip(ALL, rows, strict=True):
        assert line.startswith(benchmark.row(rule)), "run: python benchmarks/rules.py --write"
