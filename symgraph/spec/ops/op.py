"""A row of the op table: everything that the program states about one operation, and the check that nothing is missing.

Rooms that need a fact about an op read its row; none of them keeps a table of ops of its own. Names in a row, such as those of
mpmath's function or of the reference's form, are data: who reads them knows where to find what they name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sympy import Abs, Basic, Eq, Piecewise, Symbol

from symgraph.spec.ops.optext import OpText, call

_x0 = Symbol("x0", real=True)
AWAY = Piecewise((1, Eq(_x0, 0)), (_x0, True))
"""The first operand, or 1 where it is 0."""

ARITHMETIC, ROOT, TRANSCENDENTAL = 1, 5, 20
"""Rough costs of ops on one row, relative to an addition."""


@dataclass(frozen=True, slots=True)
class over:  # noqa: N801  reads as a word in the table
    """Factor of a local partial by which the cotangent is divided."""

    expr: Any


@dataclass(frozen=True, slots=True)
class late:  # noqa: N801
    """Factor that may be tiny where the rest of the chain is huge: it multiplies after all factors that are not late."""

    expr: Any


class Span(NamedTuple):
    """Numbers from low to high; ``ends`` has a bracket for an end that belongs to them, else a parenthesis."""

    low: float = -math.inf
    high: float = math.inf
    ends: str = "()"

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int | float)
        above = number >= self.low if self.ends[0] == "[" else number > self.low
        return above and (number <= self.high if self.ends[1] == "]" else number < self.high)

    def said(self, name: str) -> str:
        """Say that a number lies among these: "0 < a < 1", "|a| <= 1", "a >= 0", or "all reals"."""
        above, below = ("<=" if end in "[]" else "<" for end in self.ends)
        if self.low == -self.high and above == below:
            return "all reals" if math.isinf(self.high) else f"|{name}| {below} {self.high:g}"
        if math.isinf(self.high):
            return f"{name} {above.replace('<', '>')} {self.low:g}"
        return (
            f"{self.low:g} {above} {name} {below} {self.high:g}" if math.isfinite(self.low) else f"{name} {below} {self.high:g}"
        )


class Whole(Span):
    """Whole numbers, which a spec gives as constants."""

    __slots__ = ()

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int | float)
        return super().__contains__(number) and float(number).is_integer()

    def said(self, name: str) -> str:
        """Say that a number is one of these."""
        return f"{name} a whole constant"


REALS, POSITIVE, FROM_0 = Span(), Span(0.0), Span(0.0, ends="[)")
WHOLE_NUMBERS = Whole(-(2.0**53), 2.0**53, "[]")


class Region(NamedTuple):
    """Figures of error where the number by which regions are told apart (``Op.region_of``) lies from low to high.

    Attributes:
        low, high: the region's ends, which belong to it.
        ulp: as in ``Op``.
        partial_ulp: as in ``Op``, of the last operands, as many as there are figures.
    """

    low: float
    high: float
    ulp: float
    partial_ulp: tuple[float, ...]


def regions(*parts: Any) -> tuple[Region, ...]:
    """Return regions, given their borders in order and between each two of these the figures of value and slopes."""
    figures = zip(parts[::2], parts[2::2], parts[1::2], strict=False)
    return tuple(Region(low, high, value, tuple(slopes)) for low, high, (value, *slopes) in figures)


class Trend(Enum):
    """The way in which a function changes as its operand grows."""

    RISING = "rises"
    FALLING = "falls"
    VALLEY = "falls, then rises"
    HILL = "rises, then falls"


RISING, FALLING, VALLEY, HILL = Trend


class _Missing(Enum):
    """Mark of a field that a row must give."""

    MISSING = "missing"


class _Refused(Enum):
    """Mark of a partial that the table does not have."""

    REFUSED = "refused"


MISSING: Any = _Missing.MISSING
REFUSED = _Refused.REFUSED

_OF_NUMBERS = ("domain", "range", "reference", "ulp", "ulp32", "partial_ulp")
"""Fields without which a row whose value is a function of numbers is not complete."""

BACKENDS = ("numpy", "scalar", "c", "array_api")
"""Backends, each with a column of texts."""

_OF_PRIMITIVES = (*BACKENDS, "bound", "pairs", "reference")
"""Fields without which a row that is not composed of others is not complete."""


@dataclass(frozen=True, slots=True)
class Op:
    """Row of the op table.

    Attributes:
        name: how graphs call the op.
        arity: number of operands.
        value: its definition over x0, x1, ...; None for ops that SymPy has no word for.
        partials: for each operand the factors of the local partial; an empty tuple means the partial is 0 everywhere, REFUSED
            that the table has none, so that a model which needs it is refused.
        function: the SymPy class that lowers to this op, or that class and the number that is its first argument; or None.
        aux: auxiliaries that value and partials share, each over the operands and the auxiliaries before it.
        stable: the form in which the value is computed, or None where the backends have the op itself.
        domain: for each operand the numbers for which the value is real and finite; one Span serves all.
        besides: what the domain has or lacks besides, in words.
        range: numbers between which the value lies.
        trend: the way in which the value changes over the domain, or None.
        turn: where a valley or a hill turns.
        trend_on: the part of the domain where the trend holds, if not all of it.
        steep: whether it takes as many digits as the logarithm of its operand has, as an exponential or a sine does.
        parity: 1 for even functions, -1 for odd ones, f(-x) = parity * f(x); else 0.
        bounded_slope: whether value and slopes are finite and the slopes bounded, whatever finite numbers the operands are.
        kinks: where the op is not differentiable, and the partial that is taken there.
        cost: relative to an addition.
        ulp: bound of the value's error in float64 for exact operands, in units of 2**-52 of the value, or of 2**-1074 where
            that is more; for NumPy's and for math's functions. inf where overflow or cancellation inside has no bound.
        ulp32: the same for NumPy's functions on float32, in units of 2**-23 of the value or of 2**-149.
        partial_ulp: for each operand a bound of the error of an exact cotangent times the partial, in float64, where no
            intermediate product leaves the normal numbers.
        regions: parts of the domain, which they cover, with figures of their own; ulp and partial_ulp are the largest of these
            where the row does not state them.
        region_of: the number that tells regions apart, over x0 and x1; if not given the last operand, or its size if the
            function has a parity.
        note: what ulp or partial_ulp are relative to, where that is not the result.
        numpy: the text in the numpy backend: the name of a function, an OpText, or None where the backend lacks the op.
        scalar: the same for the scalar backend; a name that begins with _ is a function of the module's own.
        c: the same for C, outside of loops over rows; @ begins the name of a function of the file's own.
        loop: the text in C's loops over rows, where it is another.
        array_api: the text for arrays of any library; ``xp`` has the functions of the array API standard, by their names there,
            and those of ``symgraph.runtime.namespaces``.
        numbers: computes the op on numbers of any type, or None.
        again: the partials in a form that loses no digits where it is differentiated in turn; () where ``partials`` is one.
        fixed: the partials where the last operand is a constant, in a form that it makes shorter; () where ``partials`` is one.
        mpmath: computes it on mpmath's: a function, or the name of one of mpmath; where ``numbers`` is None.
        bound: the text of its running error analysis, as for ``numpy``; None where error bounds lack the op.
        pairs: the function of pairs of floats that computes it; "" where it is an operator or a choice, which ``Pairs`` has;
            None where double-double arithmetic lacks the op.
        in_doubles: whether a composed op has series that end where doubles do, so that pairs gain nothing.
        reference: the form that the reference evaluates: the name of a row of its table, or the methods of python-flint's
            ``arb`` that give the value and each slope, or, for a composed op, "definition": that of its class.

    Raises:
        ValueError: a field is missing or does not fit, naming op and field.
    """

    name: str
    arity: int
    value: Any
    partials: tuple[Any, ...]
    function: Any = None
    aux: tuple[tuple[Any, Any], ...] = ()
    stable: Any = None
    domain: Any = MISSING
    besides: str = ""
    range: Any = MISSING
    trend: Trend | None = None
    turn: float = 0.0
    trend_on: Span | None = None
    steep: bool = False
    parity: int = 0
    bounded_slope: bool = False
    kinks: str = ""
    cost: int = ARITHMETIC
    ulp: float = MISSING
    ulp32: float = MISSING
    partial_ulp: tuple[float, ...] = MISSING
    regions: tuple[Region, ...] = ()
    region_of: Any = None
    note: str = ""
    numpy: Any = MISSING
    scalar: Any = MISSING
    c: Any = MISSING
    loop: Any = None
    array_api: Any = MISSING
    numbers: Callable[..., Any] | None = None
    mpmath: Callable[..., Any] | str | None = None
    bound: Any = MISSING
    pairs: str | None = MISSING
    in_doubles: bool = False
    reference: Any = MISSING
    again: tuple[Any, ...] = ()
    fixed: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.regions:
            largest = tuple(map(max, zip(*(region.partial_ulp for region in self.regions), strict=True)))
            last = Symbol(f"x{self.arity - 1}", real=True)
            found = {
                "ulp": max(region.ulp for region in self.regions),
                "partial_ulp": (*(0.0,) * (self.arity - len(largest)), *largest),
                "region_of": Abs(last) if self.parity else last,
            }
            for name, value in found.items():
                if getattr(self, name) in (MISSING, None):
                    object.__setattr__(self, name, value)
        needed = (*(_OF_NUMBERS if self.value is not None else ()), *(_OF_PRIMITIVES if self.stable is None else ()))
        for field in fields(self):
            if getattr(self, field.name) is MISSING:
                if field.name in needed:
                    raise ValueError(f"op {self.name}: its row has no {field.name}")
                object.__setattr__(self, field.name, None)
        for name, formula in self.formulas.items():
            if not isinstance(formula, Basic):
                raise ValueError(f"op {self.name}: {name} is {formula!r}, which is no expression of SymPy")
        if self.stable is None and self.numbers is None and self.mpmath is None:
            raise ValueError(f"op {self.name}: its row has neither numbers nor mpmath")
        if self.stable is None and self.reference == "definition":
            raise ValueError(f"op {self.name}: its row needs a reference of its own, as graphs keep it whole")
        if isinstance(self.domain, Span):
            object.__setattr__(self, "domain", (self.domain,) * self.arity)
        for name in ("partials", "domain", "partial_ulp"):
            given = getattr(self, name)
            if given and len(given) != self.arity:
                raise ValueError(f"op {self.name}: {name} has {len(given)} entries for {self.arity} operands")

    @property
    def example(self) -> tuple[float, ...]:
        """Operands of ordinary size in the domain, no two of them the same."""
        return tuple(
            next(number for number in numbers if number in span)
            for numbers, span in zip(((0.4, 1.7, 3.0), (-0.6, 0.7), (0.2,)), self.domain or (), strict=False)
        )

    @property
    def formulas(self) -> dict[str, Any]:
        """The expressions that graphs are made of: the factors, "partial <operand> <factor>", those that stand in their place
        where partials are differentiated again, "again ...", or the last operand is a constant, "fixed ...", and "stable"."""
        written = {
            f"{kind} {operand} {place}": factor.expr if isinstance(factor, over | late) else factor
            for kind, partials in (("partial", self.partials), ("again", self.again), ("fixed", self.fixed))
            for operand, factors in enumerate(partials)
            if factors is not REFUSED
            for place, factor in enumerate(factors)
        }
        return written if self.stable is None else written | {"stable": self.stable}

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends that have the op."""
        return tuple(name for name in BACKENDS if self.stable is not None or getattr(self, name) is not None)

    @property
    def through_0(self) -> bool:
        """Tell if it has one operand, and is 0 where that is."""
        return self.arity == 1 and self.value is not None and _is_0_at_0(self.value)

    @property
    def vanishes(self) -> bool:
        """Tell if its value, which is above 0, underflows to 0 at operands of ordinary size."""
        return self.steep and self.range is not None and self.range.low == 0.0 and 0.0 not in self.range

    def limit(self, side: int) -> float | None:
        """Return what the value tends to or reaches as the operand grows (1) or falls (-1); None where it tends to nothing."""
        if self.trend is None:
            return None
        high = self.trend is VALLEY or ((self.trend is RISING) == (side > 0) and self.trend is not HILL)
        found: float = self.range.high if high else self.range.low
        return found

    def text(self, column: str) -> OpText | None:
        """Return the text of a column, a name as a call of that function; None where the row has none."""
        text = getattr(self, column)
        return call(text, self.arity) if isinstance(text, str) else text


@cache
def _is_0_at_0(value: Any) -> bool:
    """Tell if an expression is 0 where x0 is; SymPy takes some time to tell."""
    return bool(value.subs(Symbol("x0", real=True), 0).evalf() == 0)


SCIPY = "scipy_special"
"""Name in the runtime of what has the functions of SciPy."""


def everywhere(text: OpText) -> dict[str, Any]:
    """Return the text of an op that all backends write alike."""
    return dict.fromkeys(BACKENDS, text)


def arrays(text: OpText) -> dict[str, Any]:
    """Return the text of an op that the backends of arrays write alike."""
    return dict.fromkeys(("numpy", "array_api"), text)


def named(name: str) -> dict[str, Any]:
    """Return the names by habit of the runtime's functions of an op, and of the reference's form."""
    return {"bound": f"{name}_bound", "pairs": f"dd_{name}", "reference": name}


def operator_named(name: str) -> dict[str, Any]:
    """Return the same for an op that numbers of any class have: an operator or a choice."""
    return named(name) | {"pairs": ""}


def library(name: str, numpy: str = "") -> dict[str, Any]:
    """Return the columns of a function that NumPy, ``math``, C and mpmath have under its name; NumPy's may differ."""
    columns = {"numpy": f"np.{numpy or name}", "scalar": f"math.{name}", "c": name, "array_api": f"xp.{name}"}
    return {**columns, "mpmath": name, **named(name)}


def scipy(name: str) -> dict[str, Any]:
    """Return the columns of a function that only SciPy has, under a name in ``scipy.special``."""
    lacking = dict.fromkeys(("scalar", "c", "array_api", "bound", "pairs"))
    return {"numpy": f"{SCIPY}.{name}", **lacking}


def own(name: str) -> dict[str, Any]:
    """Return the columns of a function that modules of every backend bring along."""
    return {"numpy": name, "scalar": f"_{name}", "c": f"@{name}_", "array_api": f"xp.{name}", **named(name)}
