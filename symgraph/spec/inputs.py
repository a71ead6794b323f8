"""Inputs and named nodes of a spec, checks of the numbers that are declared with them, and what these say of signs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.laws import Constant, Law, Normal, Uniform, is_finite_number

DEFAULT_LAW = Normal(0.0, 0.01)

Pair = tuple[float, float]

LOGARITHMS: Pair = (-40.0, 40.0)
"""Range of logarithms of ordinary numbers, of 4e-18 to 2e17, whose squares are normal numbers in float32 too."""
_EVERYTHING: Pair = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Input:
    """Leaf of the model: one feature, weight, constant or target.

    Attributes:
        name: as the user wrote it.
        kind: "feature", "weight", "constant" or "target".
        symbol: its SymPy symbol, real.
        domain: the range (low, high) of its values, on which formulas may rely, or None.
        init: the law of a weight's initial value, or a constant's value; None for others.
        bounds: the range that training and fits keep a weight in, on which no formula relies, or None.
        fixed: whether training and fits leave a weight where it is.
        values: the only values of a target, in order, or None.
        is_logarithm: whether a weight is the logarithm of a number that people mean.
    """

    name: str
    kind: str
    symbol: Any
    domain: Pair | None = None
    init: Law | None = None
    bounds: Pair | None = None
    fixed: bool = False
    values: tuple[float, ...] | None = None
    is_logarithm: bool = False

    @property
    def range(self) -> Pair:
        """The numbers on which formulas may rely: the domain, or those of a logarithm whose initial values are among them."""
        if self.domain is not None:
            return self.domain
        lowest, highest = _initial_values(self)
        return LOGARITHMS if self.is_logarithm and LOGARITHMS[0] < lowest <= highest < LOGARITHMS[1] else _EVERYTHING


@dataclass(frozen=True, slots=True)
class NamedNode:
    """Node of the model: its name, the opaque symbol that stands for it, its expression over earlier symbols."""

    name: str
    symbol: Any
    expr: Any


def checked_range(given: object, word: str, where: str) -> Pair | None:
    """Return a range as two floats, or None where none is declared; an end that is None is infinite.

    Args:
        given: the pair.
        word: the option that it was given by.
        where: model and input, for messages.

    Raises:
        SpecError: it is no pair of numbers with low below high.
    """
    if given is None:
        return None
    try:
        low, high = tuple[Any, ...](given)  # type: ignore[arg-type]  # any iterable of two will do
        if isinstance(low, str) or isinstance(high, str):
            raise TypeError
        ends = float(-math.inf if low is None else low), float(math.inf if high is None else high)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"{where}: {word} must be a pair (low, high) of numbers, not {given!r}") from None
    if math.isnan(ends[0]) or math.isnan(ends[1]) or not ends[0] < ends[1]:
        raise SpecError(f"{where}: {word} needs low below high, not ({ends[0]!r}, {ends[1]!r})")
    return ends


def checked_values(given: object, domain: Pair | None, where: str) -> tuple[float, ...] | None:
    """Return the only values of a target as floats in order, or None where none are declared.

    Args:
        given: the values.
        domain: the range that is declared of it, in which they must lie, or None.
        where: model and target, for messages.

    Raises:
        SpecError: they are not two or more different finite numbers, or one of them is outside the domain.
    """
    if given is None:
        return None
    try:
        found = [*given] if not isinstance(given, str) else []  # type: ignore[misc]  # any iterable of numbers will do
    except TypeError:
        found = []
    if len(found) < 2 or not all(map(is_finite_number, found)) or len({*map(float, found)}) < len(found):
        raise SpecError(f"{where}: values must be two or more different finite numbers, such as (0, 1, 2), not {given!r}")
    values = tuple(sorted(map(float, found)))
    outside = next((one for one in values if domain is not None and not domain[0] <= one <= domain[1]), None)
    if outside is not None:
        raise SpecError(f"{where}: its value {outside:g} is outside its domain {domain!r}; leave one of the two out")
    return values


def checked_law(init: object, where: str) -> Law:
    """Return the law of an initial value, which a number stands for too.

    Raises:
        SpecError: it is neither a law nor a number.
    """
    if isinstance(init, Normal | Uniform | Constant):
        return init
    if is_finite_number(init):
        return Constant(float(init))  # type: ignore[arg-type]  # a number
    raise SpecError(f"{where}: init must be Normal, Uniform, Constant or a finite number, not {init!r}")


def checked_weight(entry: Input, where: str) -> Input:
    """Return a weight whose initial values are some that its bounds and its domain allow.

    Raises:
        SpecError: a fixed initial value, all of a uniform law or the mean of a normal law that was given is outside, or bounds
            and domain have nothing in common.
    """
    lowest, highest = _EVERYTHING if entry.init is DEFAULT_LAW else _initial_values(entry)
    for word, ends in (("bounds", entry.bounds), ("domain", entry.domain)):
        if ends is not None and not (lowest <= ends[1] and ends[0] <= highest):
            start = repr(lowest) if isinstance(entry.init, Constant) else f"init {entry.init}"
            raise SpecError(f"{where}: {start} is outside its {word} {ends!r}; choose another")
    if entry.bounds and entry.domain and max(entry.bounds[0], entry.domain[0]) >= min(entry.bounds[1], entry.domain[1]):
        raise SpecError(f"{where}: its bounds {entry.bounds!r} and its domain {entry.domain!r} have no range in common")
    return entry


def _initial_values(entry: Input) -> Pair:
    """Return the least and the largest initial value of a weight, of a normal law its mean; of other inputs all numbers."""
    match entry.init:
        case Constant(value) | Normal(value, _):
            return value, value
        case Uniform(low, high):
            return low, high
        case _:
            return _EVERYTHING


def positive_symbols(inputs: Iterable[Input], nodes: Iterable[NamedNode]) -> dict[Any, Any]:
    """Return a positive symbol for each input and node that is positive inside the declared domains, by its own symbol."""
    stands: dict[Any, Any] = {
        entry.symbol: sympy.Dummy(entry.name, positive=True) for entry in inputs if entry.domain and entry.domain[0] >= 0.0
    }
    for node in nodes:
        if node.expr.xreplace(stands).is_positive:
            stands[node.symbol] = sympy.Dummy(node.name, positive=True)
    return stands
