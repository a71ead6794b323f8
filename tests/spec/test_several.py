"""Several outputs, targets and residuals in a spec: what they declare, complex outputs, and mistakes."""

import cmath
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph import Model
from symgraph.errors import SpecError
from symgraph.spec.residuals import residual_of


def begun() -> tuple[Model, Any, Any]:
    """A model with a feature and a weight, and these."""
    model = Model("demo")
    return model, model.feature("x", domain=(0.1, 10.0)), model.weight("a", domain=(0.1, 10.0))


def test_outputs_and_targets_keep_the_order_of_their_names_which_the_digest_tells() -> None:
    model, x, a = begun()
    symbols = model.outputs("late early", [a * x, a + x])
    assert model.targets(["q", "p"], domain=(0, 1)) == tuple(entry.symbol for entry in model.target_inputs)
    assert [node.symbol for node in model.output_nodes] == list(symbols)
    assert [(node.name, str(node.expr)) for node in model.output_nodes] == [("late", "a*x"), ("early", "a + x")]
    assert [(entry.name, entry.domain) for entry in model.target_inputs] == [("q", (0.0, 1.0)), ("p", (0.0, 1.0))]
    assert (model.output_node, model.target_input) == (None, None)  # there is not one
    model, x, a = begun()
    (y_hat,), (y,) = model.outputs("y_hat", a * x), model.targets("y")
    assert (model.output_node.symbol, model.target_input.symbol) == (y_hat, y)  # type: ignore[union-attr]

    def made(names: str) -> Any:
        model, x, a = begun()
        model.outputs(names, a * x, a * x)
        return symgraph.compile(model, backend="numpy").METADATA["model_hash"]

    assert made("p q") == made("p q") != made("q p")


@pytest.mark.parametrize(("name", "of"), [
    ("squared_error", lambda y_hat, y: (y - y_hat) ** 2), ("absolute_error", lambda y_hat, y: abs(y - y_hat)),
    ("bce_with_logits", lambda z, y: y * np.log1p(np.exp(-z)) + (1 - y) * np.log1p(np.exp(z))),
])  # fmt: skip
def test_a_loss_by_name_is_the_sum_over_pairs_of_output_and_target(name: str, of: Any) -> None:
    model, x, a = begun()
    model.targets("p q", domain=(0, 1))
    model.outputs("left right", a * x, a - x)
    model.loss(name)
    module: Any = symgraph.compile(model, backend="numpy")
    row, y = 1.5, np.array([0.25, 0.75])
    expected = of(0.5 * row, y[0]) + of(0.5 - row, y[1])
    assert module.loss([0.5], row, y) == pytest.approx(expected, rel=8 * 2**-53, abs=0.0)  # a few roundings each


def test_squared_errors_of_several_outputs_have_a_residual_each() -> None:
    model, x, a = begun()
    p, q = model.targets("p q")
    left, right = model.outputs("left right", a * x, a - x)
    model.loss("squared_error")
    found = residual_of(model)
    assert set(found.exprs) == {left - p, right - q}
    assert (found.factor, found.columns, found.turned) == (1.0, ("residual 1", "residual 2"), False)


@pytest.mark.parametrize(("loss", "reason"), [
    (lambda left, right, p, q: (left - p) ** 2 + 2 * (right - q) ** 2, "the squares in the loss have several constants"),
    (lambda left, right, p, q: (left - p) ** 2 + sp.Abs(right - q), "the loss is not written as a constant times a square"),
])  # fmt: skip
def test_other_sums_have_no_residuals_and_say_why(loss: Any, reason: str) -> None:
    model, x, a = begun()
    p, q = model.targets("p q")
    model.loss(loss(*model.outputs("left right", a * x, a - x), p, q))
    assert (residual_of(model).exprs, residual_of(model).reason) == ((), reason)


IMPEDANCES: dict[str, tuple[Any, Any]] = {
    "a resistor and a capacitor": (lambda m, x, a: a + 1 / (1 / a + sp.I * x * 2), lambda x, a: a + 1 / (1 / a + 2j * x)),
    "a constant phase element": (lambda m, x, a: 1 / (3 * (sp.I * x) ** a), lambda x, a: 1 / (3 * (1j * x) ** a)),
    "a Warburg element of finite length": (lambda m, x, a: sp.tanh(sp.sqrt(sp.I * x)) / (a * sp.sqrt(sp.I * x)),
        lambda x, a: cmath.tanh(cmath.sqrt(1j * x)) / (a * cmath.sqrt(1j * x))),
    "an exponential": (lambda m, x, a: a * sp.exp(sp.I * x), lambda x, a: a * cmath.exp(1j * x)),
    "a logarithm, whose angle is atan2": (lambda m, x, a: sp.log(a - 1 + sp.I * x), lambda x, a: cmath.log(a - 1 + 1j * x)),
    "a power of a sum (Havriliak and Negami)": (lambda m, x, a: 2 + a / (1 + (sp.I * x) ** 0.8) ** a,
        lambda x, a: 2 + a / (1 + (1j * x) ** 0.8) ** a),
    "a characteristic function (Heston)": (
        lambda m, x, a: sp.exp(a * sp.log((1 - (r := sp.sqrt((a - sp.I * x) ** 2 + x)) / 9) / (r + 2)) - r),
        lambda x, a: cmath.exp(a * cmath.log((1 - (r := cmath.sqrt((a - 1j * x) ** 2 + x)) / 9) / (r + 2)) - r)),
    "a real base": (lambda m, x, a: x ** (a + sp.I * x), lambda x, a: x ** (a + 1j * x)),
    "conjugates, parts and moduli": (
        lambda m, x, a: sp.conjugate(a + sp.I * x) ** 3 + sp.re(1 / (a + sp.I * x)) + sp.I * sp.Abs(sp.sinh(a + sp.I * x)),
        lambda x, a: (a - 1j * x) ** 3 + (1 / (a + 1j * x)).real + 1j * abs(cmath.sinh(a + 1j * x))),
    "the conjugate of a logarithm": (lambda m, x, a: sp.conjugate(sp.log(a - 1 + sp.I * x)),
        lambda x, a: cmath.log(a - 1 + 1j * x).conjugate()),
    "a node that is positive": (lambda m, x, a: (sp.I * m.node("rate", a * x + 1)) ** a, lambda x, a: (1j * (a * x + 1)) ** a),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPEDANCES)
def test_a_complex_output_is_its_real_and_its_imaginary_part(name: str) -> None:
    spec, truth = IMPEDANCES[name]
    model, x, a = begun()
    assert model.complex_output("z", spec(model, x, a)) == tuple(node.symbol for node in model.output_nodes)
    module: Any = symgraph.compile(model, backend="numpy")
    assert module.OUTPUTS == ("z_re", "z_im")
    for omega, weight in ((0.3, 0.5), (2.0, 0.75), (7.0, 1.5)):
        re, im = module.predict([weight], omega)
        expected = truth(omega, weight)
        # cmath's parts may lose digits against the modulus, and powers lose some ulp
        assert abs(complex(re, im) - expected) <= 64 * 2**-53 * abs(expected)


def test_what_is_real_may_be_said_by_complex_numbers() -> None:
    """The reflectance of a film: the square of a complex amplitude's size."""
    model, x, a = begun()
    z = a - sp.I * x
    amplitude = ((1 - z) / (1 + z) + sp.exp(sp.I * z)) / 2
    model.output("reflectance", sp.Abs(amplitude) ** 2)
    model.loss(sp.re(amplitude * sp.conjugate(amplitude)) - sp.arg(amplitude))
    module: Any = symgraph.compile(model, backend="numpy")
    for omega, weight in ((0.3, 0.5), (2.0, 0.75)):
        number = weight - 1j * omega
        expected = ((1 - number) / (1 + number) + cmath.exp(1j * number)) / 2
        assert module.predict([weight], omega) == pytest.approx(abs(expected) ** 2, rel=1e-14, abs=0.0)  # some 30 roundings
        assert module.loss([weight], omega) == pytest.approx(abs(expected) ** 2 - cmath.phase(expected), rel=1e-13, abs=0.0)
    model = Model("demo")
    model.complex_output("z", (sp.I * model.feature("x")) ** model.weight("a"))
    module: Any = symgraph.compile(model, backend="numpy")
    for omega in (-2.0, 3.0):
        re, im = module.predict([0.7], omega)
        assert abs(complex(re, im) - (1j * omega) ** 0.7) <= 64 * 2**-53 * abs(omega) ** 0.7  # as above


@pytest.mark.parametrize(("spec", "message"), [
    (lambda m, x, a: (m.targets("p q"), m.target("r")), "target 'r': the model has the target 'p', 'q' already"),
    (lambda m, x, a: m.outputs("re im", [a]),
     "outputs have 2 names (re, im) and 1 expressions; give an expression for each name"),
    (lambda m, x, a: m.outputs([]), "outputs need a name each, such as 'a b'"),
    (lambda m, x, a: m.targets("p p"), "target 'p': the name is taken by a target"),
    (lambda m, x, a: m.outputs("re im", a, m.targets("p q")[1] + a),
     "output 'im' depends on the target 'q', which predictions do not have"),
    (lambda m, x, a: (m.targets("p q"), m.output("o", a * x), m.loss("squared_error")),
     "loss: 'squared_error' compares each output with a target, and the model has 1 outputs (o) and 2 targets (p, q)"),
    (lambda m, x, a: m.complex_output("z", "a + I*x"), "complex_output 'z': 'a + I*x' is not a SymPy expression or a number"),
    (lambda m, x, a: m.complex_output("z", a + sp.I * sp.Symbol("b", real=True)), "output 'z_im': symbol b is not declared"),
    (lambda m, x, a: (m.complex_output("z", a + sp.I * x), m.complex_output("u", a)),
     "output 'u_re', 'u_im': the model has the output 'z_re', 'z_im' already; declare several at once with model.outputs"),
    (lambda m, x, a: (m.weight("idle"), m.outputs("p q", a, x), m.freeze()),
     "the output does not depend on weight idle; use it or remove it"),
])  # fmt: skip
def test_a_mistake_is_one_line_that_says_where_and_what_to_do(spec: Any, message: str) -> None:
    """Others are in the table of tests/cli/spec_mistakes.py."""
    with pytest.raises(SpecError) as refused:
        spec(*begun())
    assert refused.value.args[0].startswith(f"model demo: {message}")
    assert "\n" not in str(refused.value)
