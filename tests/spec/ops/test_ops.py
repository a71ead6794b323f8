"""Every row of the op table against SymPy's derivatives, its stable form, and its conventions at kinks."""

import math
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy
from corpus import CORPUS
from op_accuracy import passed
from ops_document import document
from special_models import FUNCTIONS as SPECIAL
from special_models import beta_law, of_one, slopes_of_faddeeva, voigt_peak
from sympy import Symbol

from symgraph.compiler.derive.op_graphs import STABLE, fragment, instantiate
from symgraph.compiler.ir.evaluate import FLOAT, MPMATH, evaluate
from symgraph.compiler.ir.graph import BOOLEAN_OPS, GraphBuilder, reachable
from symgraph.spec.ops.op import REFUSED, SCIPY, Op, late, over
from symgraph.spec.ops.ops import FUNCTIONS, OPS, op_of

OPERANDS = sympy.symbols("x0:3", real=True)
VALUE = Symbol("v", real=True)

# magnitudes from tiny to where exponentials of them still are doubles; no point is a kink, no two coordinates are equal
GRID = (-650.0, -30.5, -3.25, -0.875, -0.03, -1e-9, 2e-9, 0.04, 0.31, 0.77, 1.75, 4.5, 31.0, 640.0)
SCALED_TAILS = ("erfcx", "ierfcx", "log_erfc", "log_half_erfc")
SECOND = (-2.5, -0.625, 0.375, 3.0)

STEPS = ("floor", "mod")
"""Ops for whose slopes SymPy has no formula; KINKS and the reference's table have their slopes."""
ROOT_OF_2 = ("ndtr", "log_ndtr")
"""Ops whose stable forms have sqrt(2), which graphs hold as a double."""

ONLY_MEASURED = ("betaln", "digamma_step", "voigt", *(row.name for row in OPS.values() if SCIPY in str(row.numpy)))
"""Functions that SymPy takes long to evaluate with the digits that are needed here: test_op_accuracy.py measures value and
slopes against mpmath, and test_special_functions.py builds a model of each."""

OF_NUMBERS = [row.name for row in OPS.values() if row.value is not None and row.name not in (*STEPS, *ONLY_MEASURED)]
DIFFERENTIABLE = [name for name in OF_NUMBERS if REFUSED not in OPS[name].partials]
STABLE_OPS = [name for name in OF_NUMBERS if OPS[name].stable is not None]


def whole(row: Op, expr: Any) -> Any:
    """An expression of a row over the operands alone."""
    for symbol, meaning in reversed(row.aux):
        expr = expr.xreplace({symbol: meaning})
    return expr.xreplace({VALUE: row.value})


def partial(row: Op, operand: int) -> Any:
    """The product of the factors of one local partial, over the operands alone."""
    result = sympy.Integer(1) if row.partials[operand] else sympy.Integer(0)
    for factor in row.partials[operand]:
        expr = whole(row, factor.expr if isinstance(factor, over | late) else factor)
        result = result / expr if isinstance(factor, over) else result * expr
    return result


@cache
def points(row: Op) -> list[dict[Any, Any]]:
    """Exact numbers for the operands at which the op and its derivatives are real and finite."""
    found = []
    for a, b in product(GRID, SECOND if row.arity > 1 else (0.0,)):
        if row.name in SCALED_TAILS and not -26 < a < 100:
            continue  # exp(a*a) is no double, or 1/erfc(a) has 180,000 digits
        point = dict(zip(OPERANDS, (sympy.Rational(a), sympy.Rational(b)), strict=False))
        exact = [row.value, *(sympy.diff(row.value, symbol) for symbol in OPERANDS[: row.arity])]
        with suppress(ValueError):  # as SymPy reports a pole of the gamma function
            found += [point] if all(is_real(number(expr, point)) for expr in exact) else []
    return found


def number(expr: Any, point: dict[Any, Any]) -> Any:
    """The value at exact numbers, computed with 750 digits: 1 - tanh(650)**2 cancels 565 of them."""
    return expr.doit().subs({symbol: sympy.Float(value, 750) for symbol, value in point.items()}).evalf(750)


def is_real(value: Any) -> bool:
    return bool(value.is_real and value.is_finite)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_partials_are_the_derivatives_of_the_value(name: str) -> None:
    row = OPS[name]
    judged = points(row)
    # acosh is real at 4 points of the grid, and no op at fewer
    assert len(judged) >= 4
    for operand, symbol in enumerate(OPERANDS[: row.arity]):
        ours, wanted = partial(row, operand), sympy.diff(row.value, symbol)
        for point in judged:
            got, want = number(ours, point), number(wanted, point)
            # the series of sinc' is cut at 1e-18 of the sum
            assert abs(got - want) <= sympy.Float("1e-17", 40) * abs(want), (operand, point)


@pytest.mark.parametrize("name", STABLE_OPS)
def test_stable_forms_equal_the_value_and_consist_of_primitive_ops(name: str) -> None:
    row, graph = OPS[name], fragment(name)
    assert not {graph.nodes[position].op for position in reachable(graph.nodes, [graph.roots[STABLE]])} & set(STABLE_OPS)
    origin = dict.fromkeys(OPERANDS[: row.arity], sympy.Integer(0))
    for point in [*points(row), *([origin] if is_real(number(row.value, origin)) else [])]:
        got, want = number(whole(row, row.stable), point), number(row.value, point)
        assert abs(got - want) <= sympy.Float("1e-35", 40) * abs(want)


def computed_partials(name: str, args: tuple[float, ...]) -> list[Any]:
    """The local partials as generated text computes them: from the row's fragment, the op's own value among its inputs."""
    row = OPS[name]
    builder = GraphBuilder(name)
    operands = [builder.leaf("input", f"x{place}") for place in range(row.arity)]
    value = builder.add(name, *operands)
    roots = {}
    for operand in range(row.arity):
        result = builder.const(1.0)
        for place, factor in sorted(enumerate(row.partials[operand]), key=lambda item: isinstance(item[1], late)):
            part = instantiate(builder, name, f"partial {operand} {place}", operands, value)
            result = builder.add("div" if isinstance(factor, over) else "mul", result, part)
        roots[str(operand)] = result if row.partials[operand] else builder.const(0.0)
    graph = passed(builder.build(roots, {}))
    values = evaluate(graph, {f"x{place}": arg for place, arg in enumerate(args)}, FLOAT)
    return [values[graph.roots[str(operand)]] for operand in range(row.arity)]


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "sech", "relu", "sinc", "atan", "asinh", "abs"])
@pytest.mark.parametrize("argument", [-1e308, -1e5, -745.2, 745.2, 1e5])
def test_partials_of_bounded_slopes_are_finite_for_every_argument(name: str, argument: float) -> None:
    assert all(math.isfinite(got) and abs(got) <= 1.0 for got in computed_partials(name, (argument,)))


KINKS = [
    ("relu", (0.0,), [0.0]), ("abs", (0.0,), [0.0]), ("abs", (-0.0,), [0.0]), ("sign", (0.0,), [0.0]), ("sign", (3.0,), [0.0]),
    ("heaviside", (0.0, 0.5), [0.0, 0.0]), ("heaviside", (2.0, 0.5), [0.0, 0.0]), ("max", (1.5, 1.5), [0.5, 0.5]),
    ("max", (1.5, 1.0), [1.0, 0.0]), ("max", (1.0, 1.5), [0.0, 1.0]), ("min", (1.5, 1.5), [0.5, 0.5]),
    ("min", (1.5, 1.0), [0.0, 1.0]), ("min", (1.0, 1.5), [1.0, 0.0]), ("hypot", (0.0, 0.0), [0.0, 0.0]),
    ("pow", (0.0, 2.0), [0.0, 0.0]), ("pow", (0.0, 1.0), [1.0, 0.0]), ("floor", (2.0,), [0.0]),
    ("mod", (6.0, 3.0), [1.0, -2.0]), ("sinc", (0.0,), [0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "wanted"), KINKS)
def test_conventions_at_kinks_hold(name: str, args: tuple[float, ...], wanted: list[float]) -> None:
    assert computed_partials(name, args) == wanted


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_every_number_type_computes_the_op(name: str) -> None:
    row = OPS[name]
    graph = GraphBuilder(name)
    operands = [graph.leaf("input", f"x{place}") for place in range(row.arity)]
    built = passed(graph.build({"value": graph.add(name, *operands)}, {}))
    for point in points(row)[::5]:
        args = {f"x{place}": float(point[symbol]) for place, symbol in enumerate(OPERANDS[: row.arity])}
        want = number(row.value, point)
        with mpmath.workdps(40):
            exact = {leaf: mpmath.mpf(value) for leaf, value in args.items()}
            got = evaluate(built, exact, MPMATH, mpmath.mpf)[built.roots["value"]]
            assert abs(got - mpmath.mpf(str(want))) <= mpmath.mpf("1e-16" if name in ROOT_OF_2 else "1e-34") * abs(got)
        rounded = evaluate(built, args, FLOAT)[built.roots["value"]]
        assert abs(rounded - float(want)) <= (1 + 2 * row.ulp) * math.ulp(float(want)) + 1e-320


def test_every_function_has_a_row_of_its_own_and_a_model_of_the_corpus_and_ops_that_jump_or_bend_say_so() -> None:
    assert len(FUNCTIONS) == len(set(FUNCTIONS.values()))
    assert all(OPS[name].function is function for function, name in FUNCTIONS.items())
    models = [CORPUS[name]() for name in ("every_op", "gamma_law", "gamma_moments", "sawtooth", "kernels")]
    models += [*map(of_one, SPECIAL), voigt_peak(), slopes_of_faddeeva(), beta_law()]
    exprs = [expr for model in models for expr in (*(node.expr for node in model.nodes), model.loss_expr)]
    used = {op_of(part)[0] for expr in exprs for part in sympy.preorder_traversal(expr)}
    assert {row.name for row in OPS.values() if row.function is not None} <= used
    bent = {name for name, _, _ in KINKS if name != "sinc"} | (BOOLEAN_OPS - {"and", "or", "not"}) | {"atan2"}
    assert {row.name for row in OPS.values() if row.kinks} == bent
    assert all(set(OPS[name].partials) == {()} for name in BOOLEAN_OPS)
    assert OPS["select"].partials == ((), (1,), (1,))


def test_the_page_of_operations_is_printed_from_the_table() -> None:
    page = Path(__file__).parent.parent.parent.parent / "docs" / "ops.md"
    assert page.read_text(encoding="utf-8") == document()  # python tools/ops_document.py > docs/ops.md


@pytest.mark.parametrize("exponent", [-9.25, -2.0, 1 / 3, 0.0, 2.5, 3.0, 11.0])
def test_a_constant_exponent_leaves_no_choice_by_exponent_to_be_made_at_run_time(exponent: float) -> None:
    builder = GraphBuilder("power")
    operands = [builder.leaf("input", "x0"), builder.const(exponent)]
    value = builder.add("pow", *operands)
    roots = {f"{place}": instantiate(builder, "pow", f"fixed 0 {place}", operands, value) for place in range(3)}
    assert not [node for node in passed(builder.build(roots, {})).nodes if node.op in ("lt", "ne", "and", "not")]
