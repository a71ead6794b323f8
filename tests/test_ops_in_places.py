"""Every op in every place of a spec, for every backend: models generated from the op table, built and verified whole.

One model has the places of a curve at once, one those of a law of the scatter, one is a function of its weights alone; so a row
of the table is three builds.
"""

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp

from symgraph import Model
from symgraph.errors import SpecError
from symgraph.options import ACCURATE, ERROR_BOUND, options_of
from symgraph.project.build.modules import artifacts_of, load_verified
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import find_compiler
from symgraph.spec.ops.ops import OF_WHOLE_ORDERS, OPS

_WITHOUT_CLASS: dict[str, Callable[..., Any]] = {
    "add": lambda p, q: p + q,
    "sub": lambda p, q: p - q,
    "mul": lambda p, q: p * q,
    "div": lambda p, q: p / q,
    "neg": lambda p: -p,
    "pow": lambda p, q: p**q,
    "sqrt": sp.sqrt,
    "select": lambda c, p, q: sp.Piecewise((p, c > 0), (q, True)),
    "lt": lambda p, q: sp.Piecewise((p, p < q), (q, True)),
    "le": lambda p, q: sp.Piecewise((p, p <= q), (q, True)),
    "gt": lambda p, q: sp.Piecewise((p, p > q), (q, True)),
    "ge": lambda p, q: sp.Piecewise((p, p >= q), (q, True)),
    "eq": lambda p, q: sp.Piecewise((p, sp.Eq(p, q)), (q, True)),
    "ne": lambda p, q: sp.Piecewise((p, sp.Ne(p, q)), (q, True)),
    "and": lambda p, q: sp.Piecewise((p, (p > q) & (p < 2)), (q, True)),
    "or": lambda p, q: sp.Piecewise((p, (p > q) | (p < 1)), (q, True)),
    "not": lambda p: sp.Piecewise((p, ~(sp.Eq(p, 1) | (p > 2))), (p**2, True)),
}
_OF_GRAPHS = {"stop", "rowsum"}
"""Ops that graphs alone have."""
NAMES = [name for name in OPS if name not in _OF_GRAPHS]


def applied(name: str) -> Callable[[Any], Any]:
    """A function of one number near 0, by which all operands of an op move about its example."""
    row = OPS[name]
    example = row.example or (0.4, 1.7, 3.0)

    def function(t: Any) -> Any:
        operands = [sp.Rational(str(value)) * (1 + t / (4 + place)) for place, value in enumerate(example[: row.arity])]
        if row.function in OF_WHOLE_ORDERS:
            operands[0] = sp.Integer(2)  # orders are whole constants
        if name in _WITHOUT_CLASS:
            return _WITHOUT_CLASS[name](*operands)
        if isinstance(row.function, tuple):
            of, *first = row.function
            return of(*first, *operands)
        return row.function(*operands)

    return function


def curve(name: str) -> Model:
    """An op in nodes, branches, conditions, kinks, outputs, a loss, a penalty and a constraint."""
    f, m = applied(name), Model(f"{name}_curve")
    x, z = m.features("x z", domain=(-1, 1))
    y, T = m.target("y", domain=(-1, 1)), m.constant("T", 0.5, domain=(0.2, 0.9))
    a, b = m.weights("a b", init=0.5, domain=(0.1, 0.9))
    inside = m.node("inside", f(a * x))
    condition = f(b * x) > f(sp.Integer(0)) + b / 8
    branches = sp.Piecewise((b * f(a * z), z > sp.Rational(1, 4)), (f(T * z) * a, condition), (x * b, True))
    m.loss((y - m.output("y_hat", inside + branches + sp.Max(b * f(x), a * x))) ** 2 / 2 + f(b * z) ** 2 / 8)
    m.penalty(f(a) ** 2 / 8 + sp.Piecewise((f(b), b > sp.Rational(1, 2)), (b, True)))
    m.constraint("g", f(a) + b, upper=1000)
    return m


def law(name: str) -> Model:
    """An op in the mean of counts, by whose size the likelihood chooses a form, with a penalty of its partial 1."""
    f, m = applied(name), Model(f"{name}_law")
    x, _ = m.feature("x", domain=(-1, 1)), m.target("y", domain=(0, 9))
    a, b = m.weights("a b", init=0.5, domain=(0.1, 0.9))
    m.output("mean", (1 + b) / 4 + f(a * x) ** 2)
    m.likelihood("poisson")
    m.penalty(a + f(b))
    return m


def alone(name: str) -> Model:
    """An op in a function of weights alone, of which one has the partial 1."""
    f, m = applied(name), Model(f"{name}_alone")
    a, b = m.weights("a b", init=0.5, domain=(0.1, 0.9))
    m.output("value", a + f(b))
    m.loss(a + f(b) + sp.Piecewise((f(b) ** 2, f(b) > f(sp.Integer(0)) + b / 8), (b, True)))
    return m


KINDS = {one.__name__: one for one in (curve, law, alone)}


def built(model: Model, extras: tuple[str, ...] = (), precision: str = "double") -> None:
    """Generate the files of a model by all backends that have its ops and the extras, compile C, and verify them."""
    others = () if precision != "double" or "error-bound" in extras else ("scalar", "c", "array_api")
    backends = ("numpy", *([one for one in others if one == "c"] if extras else others))
    artifacts, _ = artifacts_of(model, backends, others, options=options_of(extras, precision))
    files = {one.name: one.text for one in artifacts if one.backend == "c"}
    quick = find_compiler().in_haste() if files else None
    load_verified(model, artifacts, module_of(f"{model.name}.c", files, compiler=quick) if files else None)


@pytest.mark.parametrize(("name", "kind"), [("exp", "alone"), ("hypot", "curve"), ("voigt", "curve"), ("voigt", "law")])
def test_an_op_is_right_in_every_place(name: str, kind: str) -> None:
    """An op of one operand and one of two, and one that is composed; C is compiled where it has the op, in some 0.5 s."""
    built(KINDS[kind](name))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_op_is_right_in_every_place(name: str, kind: str) -> None:
    built(KINDS[kind](name))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_op_is_right_in_every_place_with_second_derivatives(name: str, kind: str) -> None:
    built(KINDS[kind](name), ("hessian", "jvp", *(("feature-jacobian",) if kind != "alone" else ())))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", [ACCURATE, ERROR_BOUND, "standalone"])
def test_every_op_is_right_in_every_place_or_refused_with_options(name: str, kind: str, option: str) -> None:
    given = {"precision": ACCURATE} if option == ACCURATE else {"extras": (option,)}
    try:
        built(KINDS[kind](name), **given)
    except SpecError as error:
        if "lacks" not in str(error):  # as double-double arithmetic lacks functions of SciPy
            raise
