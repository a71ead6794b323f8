"""Names decide nothing: a model under other names has the same graph but for names, and gives the same bits."""

import math
import random
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy as sp
from built import modules_of
from corpus import CORPUS, thirds
from renaming import NAMINGS, Renamed, anonymous

import symgraph
from symgraph import Model
from symgraph.compiler.generate import differentiated

Form = Callable[[Any, Any, Any, Any], Any]

SENSITIVE: Mapping[str, Form] = {
    "tanh by exponentials": lambda x, y, p, q: (
        sp.sinh(p + q) / sp.cosh(p + q) + _tanh(x * p + y * q) + _tanh(p - q) + _tanh(q - p)
    ),
    "even": lambda x, y, p, q: sp.Abs(p - q) + sp.cos(q - x * p) + sp.cosh(x - y) * p + sp.sech(q - y) + sp.sinc(q - p),
    "odd": lambda x, y, p, q: sp.sin(q - p) + sp.tanh(x - p) * sp.asinh(q - y) + sp.erf(y - x * q) + sp.atan(-p - q) + p,
    "mirrored": lambda x, y, p, q: sp.log(1 + sp.erfc(q - p)) + p * sp.erfc(y - q) + sp.acos(sp.tanh(q - x * p)) + q,
    "powers": lambda x, y, p, q: (q - p) ** 2 + (x - q) ** 3 + sp.sqrt((p - y) ** 2) + (p * q * x) ** 2 / (q - p) ** 2,
    "extremes": lambda x, y, p, q: sp.Max(q - p, p - q, x) + sp.Min(q, p, y - x) + sp.log(sp.exp(q) + sp.exp(p)) * x,
    "branches": lambda x, y, p, q: sp.Piecewise(
        (sp.log(x - p) + sp.sqrt(q * y), sp.And(x > p, q * y > 0)), (p * q, sp.Or(sp.Eq(x, y), p < q)), (q - p, True)
    ),
    "unevaluated": lambda x, y, p, q: sp.Add(q, p, x * p, evaluate=False) * sp.Mul(q, y, p, evaluate=False),
    "differences": lambda x, y, p, q: sp.exp(q) - sp.exp(p) + symgraph.sigmoid(q * y) - symgraph.sigmoid(p) + q**2 - p**2,
    "likelihood": lambda x, y, p, q: sp.log(sp.erf(q - x) - sp.erf(p - x)) + sp.log(q * sp.exp(p) + p * sp.exp(q)),
}
"""Expressions of two features and two weights that SymPy or a rule arranges by an order of symbols, or may."""


def _tanh(v: Any) -> Any:
    return (sp.exp(v) - sp.exp(-v)) / (sp.exp(v) + sp.exp(-v))


def sensitive(form: Form) -> Model:
    m = Model("sensitive")
    x, y, p, q = *m.features("x1 x2"), *m.weights("p q")
    m.output("out", form(x, y, p, q) + m.node("inner", form(y, x, q, p)))
    m.target("t")
    m.loss("absolute_error")
    return m


MODELS: Mapping[str, Callable[[], Model]] = {**CORPUS, **{name: partial(sensitive, form) for name, form in SENSITIVE.items()}}
SHIPPED = ("nine_weights", "perceptron", "pieces", "softmax_of_ratio", *SENSITIVE)
"""Models whose modules are run in every test run; all others are in the slow one."""


def bits(modules: tuple[ModuleType, ModuleType], model: Model) -> list[bytes]:
    """Loss, gradient, partials and output of both modules at some points, ordinary ones and large ones."""
    numpy, scalar = modules
    rng, found = np.random.RandomState(0), []
    d, k = len(model.feature_inputs), len(model.weight_inputs)
    for scale in (1.0, 1.0, 30.0, 400.0):
        w, rows = rng.uniform(-scale, scale, k), 3
        X, y = rng.uniform(-scale, scale, (rows, d)) if d else None, rng.uniform(-1, 1, rows) if model.target_input else None
        with np.errstate(all="ignore"):
            found += _of_numpy(numpy, model, w, X, y)
            found += _of_scalar(scalar, model, w, X, y)
    return found


def _bytes(result: Any) -> bytes:
    """The bits of numbers; one NaN is like another, since the sign of inf * 0 is left to the processor's vector units."""
    array = np.asarray(result, np.float64)
    return np.where(np.isnan(array), np.nan, array).tobytes()


def _of_numpy(module: ModuleType, model: Model, w: np.ndarray, X: Any, y: Any) -> list[bytes]:
    rows = () if model.loss_expr is None else (*module.value_and_grad(w, X, y), module.per_sample_grad(w, X, y))
    outputs = () if model.output_node is None else (module.predict(w, X), module.jacobian(w, X, y))
    return [_bytes(result) for result in (*rows, *outputs)]


def _of_scalar(module: ModuleType, model: Model, w: np.ndarray, X: Any, y: Any) -> list[bytes]:
    if model.loss_expr is None:
        return []
    grad = [math.nan] * len(w)
    try:
        loss = module.row(list(w), list(X[0]) if X is not None else [], float(y[0]) if y is not None else 0.0, grad)
    except (ArithmeticError, ValueError) as error:
        return [type(error).__name__.encode()]
    return [_bytes([loss, *grad])]


@pytest.mark.parametrize("name", thirds(MODELS))
def test_a_renamed_model_has_the_same_graph_but_for_names(name: str) -> None:
    own = anonymous(differentiated(MODELS[name]()), {})
    # the sensitive ones under all names, each model of the corpus under two, which go round
    place, step = (0, 1) if name in SENSITIVE else (list(MODELS).index(name) % 4, 4)
    for naming in list(NAMINGS.values())[place::step]:
        other = Renamed(MODELS[name], naming)
        assert anonymous(differentiated(other.model), other.old) == own


@pytest.mark.parametrize("name", [n if n in SHIPPED else pytest.param(n, marks=pytest.mark.slow) for n in MODELS])
def test_a_renamed_model_gives_the_same_bits(name: str) -> None:
    model = MODELS[name]()
    own = bits(modules_of(model), model)
    for naming in list(NAMINGS.values())[:: 3 if name in SHIPPED else 1]:
        other = Renamed(MODELS[name], naming)
        assert bits(modules_of(other.model), other.model) == own


def test_namings_change_the_order_of_names() -> None:
    orders = set()
    for naming in NAMINGS.values():
        new = {old: new for new, old in Renamed(CORPUS["nine_weights"], naming).old.items()}
        orders.add(tuple(sorted(new, key=new.__getitem__)))
    assert len(orders) >= 6


@pytest.mark.parametrize("pair", range(12))
def test_a_quotient_of_exponentials_is_right_under_any_names(pair: int) -> None:
    draw = random.Random(pair)
    first, second = ("".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=4)) + "_" for _ in range(2))
    model = Model("quotient")
    a, b = model.weight(first), model.weight(second)
    v = (a + b, a - b, b - a)[pair % 3]
    model.loss(_tanh(v))
    numpy, _ = modules_of(model)
    for point in ([200.0, 200.0], [400.0, -1.0], [-1.0, 400.0]):
        value, gradient = numpy.value_and_grad(np.array(point), None, None)
        assert value == math.tanh(float(v.subs(dict(zip((a, b), point, strict=True)))))
        assert np.isfinite(gradient).all()
