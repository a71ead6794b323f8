"""Lowering of the spec's SymPy expressions to one hash-consed graph, behind which there is no SymPy."""

import math
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import sympy
from sympy.logic.boolalg import BooleanAtom

from symgraph.columns import columns_of
from symgraph.compiler.derive.guards import guarded_symbols, safe_point
from symgraph.compiler.derive.powers import common_power, is_dyadic, split
from symgraph.compiler.ir.graph import OPPOSITE, Graph, GraphBuilder, keep, made, reachable
from symgraph.errors import SpecError
from symgraph.spec.canonical import COMMUTATIVE, ordered
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import FUNCTIONS, op_of
from symgraph.spec.ops.user_functions import UserFunction
from symgraph.spec.residuals import residual_of

TRUTHS = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "gt",
    sympy.GreaterThan: "ge",
    sympy.Equality: "eq",
    sympy.Unequality: "ne",
    sympy.Not: "not",
}
"""The operation of each comparison and of the negation."""

LOGICAL = {sympy.And: "and", sympy.Or: "or"}
"""The operation that joins the conditions of each connective, two at a time."""


def lower(model: Model, *, guarded: bool = True) -> Graph:
    """Turn a model into its forward graph.

    Args:
        model: the spec; it is frozen by this.
        guarded: whether untaken branches of a Piecewise are kept finite; without, the graph reads like the spec.

    Returns:
        A graph with the roots ``node <name>``, ``output``, ``loss``, and ``residual`` or its ``OPPOSITE``, where there is one;
        of several outputs and residuals ``output <name>``, ``residual <place>``.

    Raises:
        SpecError: the model is not complete, or something in it cannot be lowered.
    """
    inputs, residual = model.freeze().inputs, residual_of(model)
    builder = GraphBuilder(model.name, {i.name: i.range for i in inputs if math.inf > i.range[1] or i.range[0] > -math.inf})
    env = {i.symbol: builder.leaf(i.kind, i.name) for i in inputs}
    # the order in which a reader expects operands: features, then nodes, then weights
    groups = model.feature_inputs, model.nodes, model.weight_inputs, model.constant_inputs
    symbols = [one.symbol for group in groups for one in group]
    order = ordered(
        [*model.exprs, *residual.written],
        {symbol: place for place, symbol in enumerate(symbols)},
    )
    lowering = Lowering(builder, order, {i.symbol: i.domain for i in inputs}, guarded)
    roots: dict[str, int] = {}
    names: dict[str, int] = {}
    for node in model.nodes:
        builder.origin = node.name
        try:
            position = lowering.lower(node.expr, env, f"model {model.name}: node {node.name!r}")
        except SpecError as error:
            error.place = model.place(node.name)
            raise
        env[node.symbol] = names[node.name] = roots[f"node {node.name}"] = position
    outputs = [node.name for node in model.output_nodes]
    for name, root in zip(outputs, columns_of("output", outputs), strict=True):
        roots[root] = names[name]
    losses = [] if model.loss_expr is None else [("loss", model.loss_expr)]
    residuals = (OPPOSITE,) if residual.turned else residual.columns
    for name, expr in [*losses, *zip(residuals, residual.written, strict=True)]:
        builder.origin = name.replace(" ", "_") if name in residual.columns else name
        roots[name] = lowering.lower(expr, env, f"model {model.name}: {name}")
    return builder.build(roots, names)


class Lowered(NamedTuple):
    """Position of the value of a subexpression, and whether the subexpression has no symbols."""

    position: int
    fixed: bool


@dataclass(slots=True)
class Lowering:
    """Lowers expressions into one builder, under one assignment of nodes to symbols; each branch of a Piecewise has its own.

    Attributes:
        builder: where the nodes go.
        order: the position of every subexpression among the operands of a commutative operation.
        domains: the declared domain of every symbol.
        guarded: whether untaken branches see safe values.
        env: the node that stands for each symbol.
        where: model and node, for messages.
        known: the values of the subexpressions lowered so far.
    """

    builder: GraphBuilder
    order: Mapping[Any, int]
    domains: Mapping[Any, tuple[float, float] | None] = field(default_factory=dict)
    guarded: bool = True
    env: MutableMapping[Any, int] = field(default_factory=dict)
    where: str = ""
    known: dict[Any, Lowered] = field(default_factory=dict)

    def lower(self, expr: Any, env: MutableMapping[Any, int], where: str) -> int:
        """Lower one expression.

        Args:
            expr: the SymPy expression.
            env: the node that stands for each symbol.
            where: model and node, for messages.

        Returns:
            The position of its value in the builder.
        """
        scope = replace(self, env=env, where=where, known={})
        known = scope.known
        stack = [expr]
        while stack:
            part = stack.pop()
            if type(part) is tuple:  # an expression whose operands have been lowered, and these
                part, operands = part
                known[part] = scope.lowered(part, [known[arg] for arg in operands])
            elif part not in known:
                operands = self.operands(part)
                if operands:
                    stack.append((part, operands))
                    stack += operands[::-1]
                else:
                    known[part] = scope.lowered(part, ())
        return known[expr].position

    def alone(self, expr: Any, symbols: Sequence[Any]) -> Graph:
        """Return the graph of an expression that is part of one with this order, its symbols the inputs x0, x1, ..."""
        builder = GraphBuilder("alone")
        env = {symbol: builder.leaf("input", f"x{place}") for place, symbol in enumerate(symbols)}
        root = Lowering(builder, self.order, guarded=False).lower(expr, env, "branch")
        return keep(builder.build({"value": root}, {}), reachable(builder.nodes, [root]))

    def operands(self, part: Any) -> Sequence[Any]:
        """Return the subexpressions to lower first. A Piecewise lowers its branches itself, and constants are lowered whole."""
        args: tuple[Any, ...] = part.args
        if not args or isinstance(part, sympy.Piecewise) or _is_constant(part):
            return ()
        if isinstance(part, sympy.ITE):
            return [arg for arg in args if not isinstance(arg, BooleanAtom)]
        return self.ordered(args) if type(part).__name__ in COMMUTATIVE else args

    def ordered(self, parts: Iterable[Any]) -> list[Any]:
        """Sort the operands of a commutative operation so that the order depends neither on names nor on SymPy."""
        return sorted(parts, key=self.order.__getitem__)

    def value(self, part: Any) -> int:
        """Return the position of a lowered subexpression."""
        return self.known[part].position

    def lowered(self, part: Any, operands: Sequence[Lowered]) -> Lowered:
        """Lower one subexpression whose operands have been lowered."""
        fixed = all(operand.fixed for operand in operands) if operands else _is_constant(part)
        fixed = fixed and not isinstance(part, UserFunction)  # whose value only the user knows
        return made(Lowered, (self.lower_one(part, fixed=fixed), fixed))

    def lower_one(self, part: Any, *, fixed: bool) -> int:
        """Lower a subexpression whose operands have been lowered, and return the position of its value."""
        if isinstance(part, sympy.Symbol):
            return self.env[part]
        constant = self.constant(part) if fixed else None
        if constant is not None:
            return self.builder.const(constant)
        rule = _rule_for(part.__class__)
        if rule is not None:
            return rule(self, part)
        name, args = (TRUTHS[type(part)], part.args) if type(part) in TRUTHS else op_of(part)
        if name is None:
            raise SpecError(
                f"{self.where}: {type(part).__name__} cannot be lowered; supported are {', '.join(sorted(FUNCTIONS.values()))}"
            )
        return self.builder.add(name, *(self.value(arg) for arg in args))

    def constant(self, part: Any) -> float | None:
        """Return the value of an expression without symbols, correctly rounded; None for a truth value."""
        if not isinstance(part, sympy.Expr):
            return None
        value = part.evalf(40)
        if not value.is_real:
            raise SpecError(f"{self.where}: the constant {part} is not real")
        return float(value)

    def fixed(self, part: Any) -> bool:
        """Tell if a lowered subexpression has no symbols."""
        return self.known[part].fixed

    def varies(self, part: Any) -> bool:
        """Tell if a lowered subexpression differs from row to row."""
        return self.builder.nodes[self.known[part].position].varying


def _is_constant(part: Any) -> bool:
    return bool(part.is_Number or isinstance(part, sympy.NumberSymbol))


def _lower_add(scope: Lowering, part: Any) -> int:
    terms, constants = _divided(part.args, scope.fixed)
    uniform, varying = _divided(scope.ordered(terms), scope.varies)
    # two uniform terms or more come first, so that their sum is formed once a call and not once a row
    first = [*uniform, *constants] if len(uniform) + len(constants) > 1 and varying else []
    signed = [_signed(scope, term) for term in (first + varying if first else varying + uniform + constants)]
    start = next((index for index, (_, negative) in enumerate(signed) if not negative), None)
    total = scope.builder.add("neg", signed.pop(0)[0]) if start is None else signed.pop(start)[0]
    for position, negative in signed:
        total = scope.builder.add("sub" if negative else "add", total, position)
    return total


def _divided(parts: Iterable[Any], holds: Callable[[Any], bool]) -> tuple[list[Any], list[Any]]:
    """Split parts into those for which a condition does not hold and those for which it does."""
    found: tuple[list[Any], list[Any]] = [], []
    for part in parts:
        found[holds(part)].append(part)
    return found


def _signed(scope: Lowering, term: Any) -> tuple[int, bool]:
    """Return the position of a term's magnitude in a sum, and whether it is subtracted."""
    position, fixed = scope.known[term]
    if fixed:
        value = scope.builder.nodes[position].data
        return scope.builder.const(abs(float(value or 0.0))), isinstance(value, float) and value < 0
    if not isinstance(term, sympy.Mul) or not term.args[0].is_Number:
        return position, False
    coefficient, factors = term.as_coeff_mul(rational=False)
    if coefficient.is_negative:
        return _product(scope, -coefficient, factors), True
    return position, False


def _lower_mul(scope: Lowering, part: Any) -> int:
    return _product(scope, *part.as_coeff_mul(rational=False))


def _product(scope: Lowering, coefficient: Any, factors: Sequence[Any]) -> int:
    """Lower coefficient * factors as one quotient, the uniform factors first so that they are combined once a call."""
    free, constants = _divided(factors, scope.fixed)
    constant = sympy.Mul(coefficient, *constants) if constants else coefficient
    rest = [factor for several in _divided(scope.ordered(free), scope.varies) for factor in several]
    if constant is sympy.S.One and rest and not any(isinstance(factor, sympy.Pow) for factor in rest):
        return scope.builder.chain("mul", [scope.value(factor) for factor in rest])
    grouped, exponent = common_power(rest, scope.known)
    above, below = _sides(scope, [split(factor) for factor in rest if factor not in grouped])
    if grouped:
        base = _quotient(scope, *_sides(scope, [grouped[factor] for factor in rest if factor in grouped]))
        above.append(scope.builder.add("pow", base, scope.builder.const(float(exponent))))
    if constant is sympy.S.One and above:
        return _quotient(scope, above, below)
    negative = bool(constant.is_negative)
    constant = -constant if negative else constant
    if constant.is_Rational and constant.p == 1 and constant.q < 2**1000 and not is_dyadic(constant.q):
        below.insert(0, scope.builder.const(float(constant.q)))
        constant = sympy.Integer(1)
    value = float(constant.evalf(40))
    if negative and value != 1.0:
        value, negative = -value, False
    if value != 1.0 or not above:
        above.insert(0, scope.builder.const(value))
    result = _quotient(scope, above, below)
    return scope.builder.add("neg", result) if negative else result


def _sides(scope: Lowering, powers: list[tuple[Any, Any]]) -> tuple[list[int], list[int]]:
    """Lower the powers of a product: those in the numerator, and those in the denominator."""
    above = [_power(scope, base, exponent) for base, exponent in powers if not exponent.is_negative]
    return above, [_power(scope, base, -exponent) for base, exponent in powers if exponent.is_negative]


def _quotient(scope: Lowering, above: list[int], below: list[int]) -> int:
    """Divide the product of some values by the product of others."""
    result = scope.builder.chain("mul", above or [scope.builder.const(1.0)])
    return scope.builder.add("div", result, scope.builder.chain("mul", below)) if below else result


def _lower_pow(scope: Lowering, part: Any) -> int:
    if part.exp.is_Number:
        return _quotient(scope, *_sides(scope, [split(part)]))
    return _power(scope, part.base, part.exp)


def _power(scope: Lowering, base: Any, exponent: Any) -> int:
    if exponent == 1:
        return scope.value(base)
    if exponent == sympy.Rational(1, 2):
        return scope.builder.add("sqrt", scope.value(base))
    power = scope.builder.const(float(exponent.evalf(40))) if exponent.is_Number else scope.value(exponent)
    return scope.builder.add("pow", scope.value(base), power)


def _lower_chain(scope: Lowering, part: Any) -> int:
    """Combine the operands of a commutative operation from left to right."""
    name = LOGICAL.get(type(part)) or FUNCTIONS[type(part)]
    return scope.builder.chain(name, [scope.value(arg) for arg in scope.ordered(list(part.args))])


def _lower_if(scope: Lowering, part: Any) -> int:
    """Lower ITE(c, a, b), SymPy's form of a Piecewise in a condition: (c and a) or (not c and b); a or b may be decided."""
    builder = scope.builder
    condition, chosen, other = part.args
    holds = scope.value(condition)
    fails = builder.add("not", holds)
    if isinstance(chosen, BooleanAtom):
        return builder.add("or" if chosen else "and", holds if chosen else fails, scope.value(other))
    if isinstance(other, BooleanAtom):
        return builder.add("or" if other else "and", fails if other else holds, scope.value(chosen))
    return builder.add("or", builder.add("and", holds, scope.value(chosen)), builder.add("and", fails, scope.value(other)))


def _lower_piecewise(scope: Lowering, part: Any) -> int:
    """Lower a Piecewise to selects.

    Each branch sees safe values of its guarded symbols wherever it is not the branch taken, and so does each condition wherever
    one before it holds.
    """
    builder = scope.builder
    missed: int | None = None  # truth value of: none of the conditions so far held
    cases: list[tuple[int, int]] = []
    default = builder.const(math.nan)
    for expr, condition in part.args:
        if condition == sympy.true:
            default = scope.lower(expr, _guarded(scope, expr, missed), scope.where)
            break
        holds = scope.lower(condition, _guarded(scope, condition, missed), scope.where)
        taken = holds if missed is None else builder.add("and", missed, holds)
        cases.append((holds, scope.lower(expr, _guarded(scope, expr, taken), scope.where)))
        fails = builder.add("not", holds)
        missed = fails if missed is None else builder.add("and", missed, fails)
    result = default
    for holds, value in reversed(cases):
        result = builder.add("select", holds, value, result)
    return result


def _guarded(scope: Lowering, branch: Any, taken: int | None) -> MutableMapping[Any, int]:
    """Return the scope's symbols with safe values for those that the branch must not see while it is not taken."""
    symbols = guarded_symbols(branch) if scope.guarded and taken is not None else None
    if taken is None or not symbols:
        return scope.env
    point = safe_point(branch, symbols, scope.domains, scope.where, scope.alone)
    held = {
        symbol: scope.builder.add("select", taken, scope.env[symbol], scope.builder.const(value))
        for symbol, value in sorted(point.items(), key=lambda item: sympy.default_sort_key(item[0]))
    }
    return ChainMap(held, scope.env)


_RULES: tuple[tuple[Any, Callable[[Lowering, Any], int]], ...] = (
    (sympy.Add, _lower_add),
    (sympy.Mul, _lower_mul),
    (sympy.Pow, _lower_pow),
    (sympy.Max | sympy.Min | sympy.And | sympy.Or, _lower_chain),
    (sympy.ITE, _lower_if),
    (sympy.Piecewise, _lower_piecewise),
)


@cache
def _rule_for(kind: Any) -> Callable[[Lowering, Any], int] | None:
    """Return the function that lowers expressions of a class; None for functions of the op table."""
    return next((rule for base, rule in _RULES if issubclass(kind, base)), None)
