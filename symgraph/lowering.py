"""Lowering: the spec's SymPy expressions become one hash-consed graph. SymPy is left behind here."""

import math
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from symgraph.canonical import symbols_of
from symgraph.errors import SpecError
from symgraph.guards import guarded_symbols, safe_point
from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.ir.ops import FUNCTIONS
from symgraph.model import Model
from symgraph.powers import common_power, split

_RELATIONS = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "gt",
    sympy.GreaterThan: "ge",
    sympy.Equality: "eq",
    sympy.Unequality: "ne",
}


def lower(model: Model, *, guarded: bool = True) -> Graph:
    """Turn a model into its forward graph.

    Args:
        model: the spec; it is frozen by this.
        guarded: whether untaken branches of a Piecewise are kept finite; without, the graph reads like the spec.

    Returns:
        A graph with the roots ``node <name>`` for every named node, ``output``, and ``loss``, as far as the model has them.

    Raises:
        SpecError: the model is not complete, or something in it cannot be lowered.
    """
    model.freeze()
    inputs = model.inputs
    builder = GraphBuilder(model.name, {i.name: i.domain for i in inputs if i.domain is not None})
    env = {i.symbol: builder.leaf(i.kind, i.name) for i in inputs}
    # the order in which a reader expects operands: features, then nodes, then weights
    ranks = {i.symbol: rank for rank, i in enumerate(model.feature_inputs)}
    later = [*(node.symbol for node in model.nodes), *(i.symbol for i in model.weight_inputs)]
    ranks |= {symbol: len(ranks) + rank for rank, symbol in enumerate(later)}
    lowering = Lowering(builder, model.digests(), ranks, {i.symbol: i.domain for i in inputs}, guarded)
    roots: dict[str, int] = {}
    names: dict[str, int] = {}
    for node in model.nodes:
        builder.origin = node.name
        position = lowering.lower(node.expr, env, f"model {model.name}: node {node.name!r}")
        env[node.symbol] = names[node.name] = roots[f"node {node.name}"] = position
    if model.output_node is not None:
        roots["output"] = env[model.output_node.symbol]
    if model.loss_expr is not None:
        builder.origin = "loss"
        roots["loss"] = lowering.lower(model.loss_expr, env, f"model {model.name}: loss")
    return builder.build(roots, names)


@dataclass(slots=True)
class Lowering:
    """Lowers expressions into one builder.

    Attributes:
        builder: where the nodes go.
        digest: a digest of every subexpression, which orders operands that nothing else tells apart.
        ranks: the order in which a reader expects symbols to appear.
        domains: the declared domain of every symbol.
        guarded: whether untaken branches see safe values.
    """

    builder: GraphBuilder
    digest: Mapping[Any, str]
    ranks: Mapping[Any, int] = field(default_factory=dict)
    domains: Mapping[Any, tuple[float, float] | None] = field(default_factory=dict)
    guarded: bool = True

    def lower(self, expr: Any, env: MutableMapping[Any, int], where: str) -> int:
        """Lower one expression.

        Args:
            expr: the SymPy expression.
            env: the node that stands for each symbol.
            where: model and node, for messages.

        Returns:
            The position of its value in the builder.
        """
        scope = Scope(self, env, where)
        values, fixed, first = scope.values, scope.fixed, scope.first
        stack = [expr]  # None above an expression says that its operands have been lowered
        while stack:
            part = stack.pop()
            ready = part is None
            if ready:
                part = stack.pop()
            elif part in values:
                continue
            operands = _operands(part)
            if ready or not operands:
                fixed[part] = all(fixed[arg] for arg in operands) if operands else _is_constant(part)
                values[part] = scope.lower_one(part)
                first[part] = min([first[arg] for arg in operands]) if operands else scope.rank(part)
            else:
                stack += (part, None)
                stack += operands[::-1]
        return values[expr]


def _operands(part: Any) -> tuple[Any, ...]:
    """The subexpressions to lower first. A Piecewise lowers its branches itself, and constants are lowered whole."""
    args: tuple[Any, ...] = part.args
    if not args or isinstance(part, sympy.Piecewise) or _is_constant(part):
        return ()
    return tuple(arg for arg in args if not isinstance(arg, BooleanAtom)) if isinstance(part, sympy.ITE) else args


def _is_constant(part: Any) -> bool:
    return bool(part.is_Number or isinstance(part, sympy.NumberSymbol))


@dataclass(slots=True)
class Scope:
    """The values of subexpressions under one assignment of nodes to symbols; each branch of a Piecewise has its own."""

    lowering: Lowering
    env: MutableMapping[Any, int]
    where: str
    values: dict[Any, int] = field(default_factory=dict)
    first: dict[Any, int] = field(default_factory=dict)
    fixed: dict[Any, bool] = field(default_factory=dict)

    @property
    def builder(self) -> GraphBuilder:
        return self.lowering.builder

    def rank(self, part: Any) -> int:
        """Where a leaf stands in the order that a reader expects."""
        ranks = self.lowering.ranks
        if isinstance(part, sympy.Piecewise):
            return min((ranks.get(symbol, 0) for symbol in symbols_of(part)), default=len(ranks))
        return ranks.get(part, len(ranks))

    def lower_one(self, part: Any) -> int:
        """Lower one subexpression whose operands have been lowered."""
        if isinstance(part, sympy.Symbol):
            return self.env[part]
        constant = self.constant(part)
        if constant is not None:
            return self.builder.const(constant)
        rule = _rule_for(part.__class__)
        if rule is not None:
            return rule(self, part)
        name = FUNCTIONS.get(type(part))
        if name is None:
            raise SpecError(
                f"{self.where}: {type(part).__name__} cannot be lowered; supported are {', '.join(sorted(FUNCTIONS.values()))}"
            )
        return self.builder.add(name, *(self.values[arg] for arg in part.args))

    def constant(self, part: Any) -> float | None:
        """The value of an expression without symbols, correctly rounded, or None."""
        if not self.fixed[part] or not isinstance(part, sympy.Expr):
            return None
        value = part.evalf(40)
        if not value.is_real:
            raise SpecError(f"{self.where}: the constant {part} is not real")
        return float(value)

    def ordered(self, parts: list[Any]) -> list[Any]:
        """Operands of a commutative operation in an order that depends on their structure alone."""
        first, digest = self.first, self.lowering.digest
        return sorted(parts, key=lambda part: (first[part], digest[part]))

    def varies(self, part: Any) -> bool:
        """Whether a lowered subexpression differs from row to row."""
        return self.builder.nodes[self.values[part]].varying

    def chain(self, op: str, positions: list[int]) -> int:
        """Combine operands from left to right."""
        result = positions[0]
        for position in positions[1:]:
            result = self.builder.add(op, result, position)
        return result


def _lower_add(scope: Scope, part: Any) -> int:
    terms = scope.ordered([arg for arg in part.args if not scope.fixed[arg]])
    constants = [arg for arg in part.args if scope.fixed[arg]]
    varying = [term for term in terms if scope.varies(term)]
    uniform = [term for term in terms if not scope.varies(term)]
    # two uniform terms or more stand first, so that their sum is formed once a call and not once a row
    first = [*uniform, *constants] if len(uniform) + len(constants) > 1 and varying else []
    signed = [_signed(scope, term) for term in (first + varying if first else varying + uniform + constants)]
    start = next((index for index, (_, negative) in enumerate(signed) if not negative), None)
    total = scope.builder.add("neg", signed.pop(0)[0]) if start is None else signed.pop(start)[0]
    for position, negative in signed:
        total = scope.builder.add("sub" if negative else "add", total, position)
    return total


def _signed(scope: Scope, term: Any) -> tuple[int, bool]:
    """A term of a sum as the position of its magnitude, and whether it is subtracted."""
    if scope.fixed[term]:
        value = scope.builder.nodes[scope.values[term]].data
        return scope.builder.const(abs(float(value or 0.0))), isinstance(value, float) and value < 0
    if not isinstance(term, sympy.Mul) or not term.args[0].is_Number:
        return scope.values[term], False
    coefficient, rest = term.as_coeff_Mul()
    if coefficient.is_negative:
        return _product(scope, -coefficient, list(rest.args) if isinstance(rest, sympy.Mul) else [rest]), True
    return scope.values[term], False


def _lower_mul(scope: Scope, part: Any) -> int:
    if not part.args[0].is_Number:
        return _product(scope, sympy.S.One, list(part.args))
    coefficient, rest = part.as_coeff_Mul()
    return _product(scope, coefficient, list(rest.args) if isinstance(rest, sympy.Mul) else [rest])


def _product(scope: Scope, coefficient: Any, factors: list[Any]) -> int:
    """Lower coefficient * factors as one quotient, the uniform factors first so that they are combined once a call."""
    constants = [factor for factor in factors if scope.fixed[factor]]
    constant = sympy.Mul(coefficient, *constants) if constants else coefficient
    rest = scope.ordered([factor for factor in factors if not scope.fixed[factor]])
    rest = [factor for factor in rest if not scope.varies(factor)] + [factor for factor in rest if scope.varies(factor)]
    grouped, exponent = common_power(rest, scope.values)
    above, below = _sides(scope, [split(factor) for factor in rest if factor not in grouped])
    if grouped:
        base = _quotient(scope, *_sides(scope, [grouped[factor] for factor in rest if factor in grouped]))
        above.append(scope.builder.add("pow", base, scope.builder.const(float(exponent))))
    if constant is sympy.S.One and above:
        return _quotient(scope, above, below)
    negative = bool(constant.is_negative)
    constant = -constant if negative else constant
    if constant.is_Rational and constant.p == 1 and constant.q < 2**1000 and not _is_dyadic(constant.q):
        below.insert(0, scope.builder.const(float(constant.q)))
        constant = sympy.Integer(1)
    value = float(constant.evalf(40))
    if negative and value != 1.0:
        value, negative = -value, False
    if value != 1.0 or not above:
        above.insert(0, scope.builder.const(value))
    result = _quotient(scope, above, below)
    return scope.builder.add("neg", result) if negative else result


def _sides(scope: Scope, powers: list[tuple[Any, Any]]) -> tuple[list[int], list[int]]:
    """The powers of a product that stand above, and those below."""
    above = [_power(scope, base, exponent) for base, exponent in powers if not exponent.is_negative]
    return above, [_power(scope, base, -exponent) for base, exponent in powers if exponent.is_negative]


def _quotient(scope: Scope, above: list[int], below: list[int]) -> int:
    """The product of some values, divided by the product of others."""
    result = scope.chain("mul", above or [scope.builder.const(1.0)])
    return scope.builder.add("div", result, scope.chain("mul", below)) if below else result


def _is_dyadic(denominator: int) -> bool:
    """Whether 1/denominator is exact in binary."""
    return int(denominator) & (int(denominator) - 1) == 0


def _lower_pow(scope: Scope, part: Any) -> int:
    if part.exp.is_Number:
        return _quotient(scope, *_sides(scope, [(part.base, part.exp)]))
    return _power(scope, part.base, part.exp)


def _power(scope: Scope, base: Any, exponent: Any) -> int:
    if exponent == 1:
        return scope.values[base]
    if exponent == sympy.Rational(1, 2):
        return scope.builder.add("sqrt", scope.values[base])
    power = scope.builder.const(float(exponent.evalf(40))) if exponent.is_Number else scope.values[exponent]
    return scope.builder.add("pow", scope.values[base], power)


def _lower_extremum(scope: Scope, part: Any) -> int:
    name = FUNCTIONS[type(part)]
    return scope.chain(name, [scope.values[arg] for arg in scope.ordered(list(part.args))])


def _lower_relation(scope: Scope, part: Any) -> int:
    return scope.builder.add(_RELATIONS[type(part)], scope.values[part.lhs], scope.values[part.rhs])


def _lower_boolean(scope: Scope, part: Any) -> int:
    if isinstance(part, sympy.Not):
        return scope.builder.add("not", scope.values[part.args[0]])
    name = "and" if isinstance(part, sympy.And) else "or"
    return scope.chain(name, [scope.values[arg] for arg in scope.ordered(list(part.args))])


def _lower_if(scope: Scope, part: Any) -> int:
    """ITE(c, a, b), which SymPy makes of a Piecewise in a condition: (c and a) or (not c and b); a or b may be decided."""
    builder = scope.builder
    condition, chosen, other = part.args
    holds = scope.values[condition]
    fails = builder.add("not", holds)
    if isinstance(chosen, BooleanAtom):
        return builder.add("or" if chosen else "and", holds if chosen else fails, scope.values[other])
    if isinstance(other, BooleanAtom):
        return builder.add("or" if other else "and", fails if other else holds, scope.values[chosen])
    return builder.add("or", builder.add("and", holds, scope.values[chosen]), builder.add("and", fails, scope.values[other]))


def _lower_piecewise(scope: Scope, part: Any) -> int:
    """Lower to selects.

    Each branch sees safe values of its guarded symbols wherever it is not the branch taken, and so does each condition wherever
    one before it holds.
    """
    builder, lowering = scope.builder, scope.lowering
    missed: int | None = None  # truth value of: none of the conditions so far held
    cases: list[tuple[int, int]] = []
    default = builder.const(math.nan)
    for expr, condition in part.args:
        if condition == sympy.true:
            default = lowering.lower(expr, _guarded(scope, expr, missed), scope.where)
            break
        holds = lowering.lower(condition, _guarded(scope, condition, missed), scope.where)
        taken = holds if missed is None else builder.add("and", missed, holds)
        cases.append((holds, lowering.lower(expr, _guarded(scope, expr, taken), scope.where)))
        fails = builder.add("not", holds)
        missed = fails if missed is None else builder.add("and", missed, fails)
    result = default
    for holds, value in reversed(cases):
        result = builder.add("select", holds, value, result)
    return result


def _guarded(scope: Scope, branch: Any, taken: int | None) -> MutableMapping[Any, int]:
    """The scope's symbols, those that the branch must not see while it is not taken replaced by a safe value then."""
    symbols = guarded_symbols(branch) if scope.lowering.guarded and taken is not None else None
    if taken is None or not symbols:
        return scope.env
    point = safe_point(branch, symbols, scope.lowering.domains, scope.where)
    builder = scope.builder
    held = {
        symbol: builder.add("select", taken, scope.env[symbol], builder.const(value))
        for symbol, value in sorted(point.items(), key=lambda item: item[0].name)
    }
    return ChainMap(held, scope.env)


_RULES: tuple[tuple[Any, Callable[[Scope, Any], int]], ...] = (
    (sympy.Add, _lower_add),
    (sympy.Mul, _lower_mul),
    (sympy.Pow, _lower_pow),
    (sympy.Max | sympy.Min, _lower_extremum),
    (Relational, _lower_relation),
    (sympy.And | sympy.Or | sympy.Not, _lower_boolean),
    (sympy.ITE, _lower_if),
    (sympy.Piecewise, _lower_piecewise),
)


@cache
def _rule_for(kind: Any) -> Callable[[Scope, Any], int] | None:
    """What lowers expressions of a class; None for functions of the op table."""
    return next((rule for base, rule in _RULES if issubclass(kind, base)), None)
