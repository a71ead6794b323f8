"""Faults put into rows of the op table, into lowering and into passes: verification catches every one."""

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import sympy as sp
from judged import faulty, is_refused
from sympy import Integer, Max, Rational, cos, sin, sinh, sqrt, tanh

from symgraph import Model, cbrt, expm1, hypot, log1p, relu, sigmoid, softplus
from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.rendering import render
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive import adjoint, lowering, op_graphs
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.graph import GraphBuilder
from symgraph.compiler.passes import PIPELINE, printed, run_passes
from symgraph.spec.ops.op import over
from symgraph.spec.ops.ops import OPS


def tiny(op: str) -> Model:
    """A model in which one op meets a weight in every operand."""
    model = Model("tiny")
    x, z = model.features("x z")
    a, b, y = model.weight("a"), model.weight("b"), model.target("y")
    u, t = a * x + b, b * z + a
    inside = sp.Rational(9, 10) * tanh(u)  # inside (-1, 1)
    functions = (sp.exp, sin, cos, sp.tan, sp.atan, sp.sinc, sinh, sp.cosh, tanh, sp.sech, sp.asinh)
    exprs = {one.__name__: one(u) for one in (*functions, cbrt, expm1, sigmoid, softplus, relu)} | {"hypot": hypot(u, t)}
    exprs |= {one.__name__: one(inside) for one in (sp.asin, sp.acos, sp.atanh)}
    compared = {"lt": x < 1, "gt": x > 1, "le": x <= 1, "ge": x >= 1, "and": sp.And(x < z, x > -1), "or": sp.Or(x < z, x > 1),
                "not": sp.Not(sp.And(x < z, x > -1)), "eq": sp.Eq(z, 1), "select": u < t}  # fmt: skip
    exprs |= {name: sp.Piecewise((a * x, condition), (b * z, True)) for name, condition in compared.items()}
    exprs |= {
        "add": u + t * a, "sub": a - b * x, "mul": a * b * x, "div": a * x / (b**2 + z**2), "neg": -a * b * x,
        "pow": (1 + u**2) ** (b / 3), "cube": u**3, "sqrt": sqrt(2 + u**2 + x * z * u / 9), "log": sp.log(2 + u**2),
        "log1p": log1p(u**2), "atan2": sp.atan2(u, t), "acosh": sp.acosh(1 + u**2), "abs": sp.Abs(u),
        "sign": sp.sign(u) * a + b, "heaviside": sp.Heaviside(u, Rational(1, 4)) * a + b, "max": Max(u, t), "min": sp.Min(u, t),
        "guard": sp.Piecewise((a * sqrt(x), x > 0), (b * z, True)), "constant": a * x + b + sp.pi,
        "uniform": x * sp.exp(a) * z + b * sp.exp(a),
    }  # fmt: skip
    model.output("y_hat", model.node("op", exprs[op]) + a / 7 + b / 9)
    model.loss((y - model.nodes[-1].symbol) ** 2)
    return model


x0, x1 = sp.symbols("x0:2", real=True)
v, p, d, s, r, u = sp.symbols("v p d s r u", real=True)
ONE = Integer(1)

WRONG_ROWS: dict[str, Any] = {
    "add: second term lost": ((ONE,), ()), "sub: sign": ((ONE,), (ONE,)), "mul: factors swapped": ((x0,), (x1,)),
    "div: sign": ((over(x1),), (over(x1), v)), "div: not divided": ((ONE,), (over(x1), -v)), "neg: sign": ((ONE,),),
    "pow: factor lost": ((x0 ** (x1 - 1),), OPS["pow"].partials[1]), "pow: exponent": ((x1, x0**x1), OPS["pow"].partials[1]),
    "pow: no logarithm": (OPS["pow"].partials[0], (v,)), "sqrt: factor 2": ((over(v),),), "cbrt: factor": ((over(2 * v * v),),),
    "hypot: swapped": OPS["hypot"].partials[::-1], "exp: factor 1.001": ((v, sp.Float(1.001)),), "expm1: not plus 1": ((v,),),
    "log: of 1 + x": ((over(1 + x0),),), "log1p: of x": ((over(x0),),), "sigmoid: factor lost": ((p, d),), "sigmoid: value": d,
    "softplus: sign": ((sigmoid(-x0),),), "softplus: value": Max(x0, 0) + p, "sin: sign": ((-cos(x0),),),
    "cos: sign": ((sin(x0),),), "tan: square lost": ((1 + v,),), "asin: sign inside": ((over(sqrt(1 + x0 * x0)),),),
    "acos: sign": OPS["asin"].partials, "atan: square lost": ((over(1 + x0),),), "atan2: swapped": OPS["atan2"].partials[::-1],
    "atan2: divided once": ((x1 / r,), (-x0 / r,)), "sinc: no branch": (((cos(x0) + v) / x0,),), "sinc: value": sin(x0),
    "sinh: itself": ((v,),), "cosh: sign": ((-sinh(x0),),), "tanh: factor lost": ((s,),), "sech: sign": ((tanh(x0), v),),
    "asinh: no root": ((over(1 + x0 * x0),),), "acosh: sign inside": ((over(sqrt(x0 + 1)),),),
    "atanh: sign inside": ((over((1 + x0) * (1 + x0)),),), "abs: sub-gradient 1 on the left": ((ONE,),),
    "max: sub-gradients swapped": OPS["max"].partials[::-1],
    "max: sub-gradient 1/2 everywhere": ((Rational(1, 2),), (Rational(1, 2),)),
    "min: sub-gradients swapped": OPS["min"].partials[::-1], "relu: sub-gradient 1 on the left": ((ONE,),),
    "relu: value": sp.Min(x0, 0), "select: the other branch": ((), (), (ONE,)),
}  # fmt: skip
"""Wrong rows of the op table: the partials, or else the stable form."""


@pytest.fixture
def fresh_fragments() -> Iterator[None]:
    """Fragments are cached; those of wrong rows must not stay."""
    op_graphs.fragment.cache_clear()
    yield
    op_graphs.fragment.cache_clear()


def built(op: str) -> tuple[Model, list[Any]]:
    """The op's model with modules of both backends as the generator, faulty or not, makes them."""
    model = tiny(op)
    return model, [faulty(artifact.text) for artifact in generate(model, ("numpy", "scalar"))]


# the package's attributes of these names are the passes, not their modules
EXPAND, LOWER_POWERS = (importlib.import_module(f"symgraph.compiler.passes.{name}") for name in ("expand", "lower_powers"))
TABLE_READERS = (adjoint, op_graphs, EXPAND)


@pytest.mark.usefixtures("fresh_fragments")
@pytest.mark.parametrize("fault", WRONG_ROWS)
def test_a_wrong_row_of_the_op_table_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, wrong = fault.partition(":")[0], WRONG_ROWS[fault]
    model, modules = built(op)
    assert not is_refused(model, *modules)
    row = dataclasses.replace(OPS[op], **{"partials" if isinstance(wrong, tuple) else "stable": wrong})
    table = MappingProxyType({**OPS, op: row})
    for reader in TABLE_READERS:
        monkeypatch.setattr(reader, "OPS", table)
    op_graphs.fragment.cache_clear()
    model, modules = built(op)
    assert is_refused(model, *modules)
    assert is_refused(model, None, modules[1])


ADDED = GraphBuilder.add


def misadding(op: str, instead: str, order: tuple[int, ...]) -> Callable[..., int]:
    """A builder's ``add`` that takes one op for another, or its operands in another order."""

    def add(self: GraphBuilder, name: str, *args: int) -> int:
        return ADDED(self, instead, *(args[place] for place in order)) if name == op else ADDED(self, name, *args)

    return add


@pytest.mark.parametrize(("op", "instead", "order"), [
    ("sub", "sub", (1, 0)), ("div", "div", (1, 0)), ("pow", "pow", (1, 0)), ("atan2", "atan2", (1, 0)),
    ("heaviside", "heaviside", (1, 0)), ("select", "select", (0, 2, 1)), ("max", "min", (0, 1)), ("hypot", "atan2", (0, 1)),
    ("sin", "cos", (0,)), ("sqrt", "cbrt", (0,)), ("lt", "gt", (0, 1)), ("gt", "lt", (0, 1)), ("le", "ge", (0, 1)),
    ("ge", "le", (0, 1)), ("and", "or", (0, 1)), ("or", "and", (0, 1)), ("eq", "ne", (0, 1)), ("mul", "mul", (0, 0)),
    ("add", "sub", (0, 1)),
])  # fmt: skip
def test_a_swapped_argument_or_a_wrong_op_is_refused(
    op: str, instead: str, order: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of lowering: another op, or its operands in another order."""
    model = tiny(op)
    sound = lower(model)
    monkeypatch.setattr(GraphBuilder, "add", misadding(op, instead, order))
    lowered = lower(model)
    monkeypatch.undo()  # the fault is lowering's alone; adjoint and passes are sound
    assert lowered != sound
    backend = BACKENDS["numpy"]
    graph = printed(run_passes(PIPELINE, differentiate(lowered)), "numpy")
    assert is_refused(model, faulty(render(backend.templates[".py"], backend.view(Source(model, "<test>", lowered, graph)))))


SIGNED, CONSTANT, TOTAL = lowering._signed, lowering.Lowering.constant, adjoint.Sweep.total


@pytest.mark.parametrize(("op", "home", "name", "instead"), [
    ("cube", LOWER_POWERS, "_product", lambda builder, base, exponent: builder.add("mul", base, base)),
    ("sub", lowering, "_signed", lambda scope, term: (SIGNED(scope, term)[0], False)),
    ("constant", lowering.Lowering, "constant",
     lambda scope, part: None if (value := CONSTANT(scope, part)) is None else float(np.float32(value))),
    ("uniform", adjoint.Sweep, "total",  # rows are not summed
     lambda self, parts, node: adjoint._Held(self.builder.chain("add", [self.whole(part) for part in parts]))),
    ("uniform", adjoint.Sweep, "total", lambda self, parts, node: TOTAL(self, parts[-1:], node)),
    ("guard", lowering, "_guarded", lambda scope, branch, taken: scope.env),
])  # fmt: skip
def test_a_fault_in_a_function_of_the_generator_is_refused(
    op: str, home: Any, name: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, name, instead)
    model, modules = built(op)
    assert is_refused(model, *modules)
