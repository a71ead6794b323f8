"""The constants of double-double functions, computed here to more digits than they are printed with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import mpmath

from symgraph.backends.layout import number, sequence_layout

_DIGITS = 60
_PI_BITS = 1300
"""Enough for the remainder of the largest double by pi/16 to 270 bits behind the point."""
_HEX_A_LINE = 64


def statements() -> Mapping[str, tuple[str, ...]]:
    """The assignments that each group of functions needs: group -> statements, laid out as ruff format leaves them."""
    return _statements()


def per_step() -> str:
    """The text of 32/log(2): how many steps of the exponential's table a unit has."""
    with mpmath.workdps(_DIGITS):
        return number(float(32 / mpmath.log(2)))


def per_turn() -> str:
    """The text of 16/pi: how many steps of the sine's table a unit has."""
    with mpmath.workdps(_DIGITS):
        return number(float(16 / mpmath.pi))


@cache
def _statements() -> Mapping[str, tuple[str, ...]]:
    with mpmath.workdps(_DIGITS):
        return MappingProxyType({group: tuple(make()) for group, make in GROUPS.items()})


def pair(value: Any) -> tuple[float, float]:
    """The float nearest to a number, and the one nearest to what is left."""
    head = float(value)
    return head, float(value - head)


def _parts(value: Any, bits: Sequence[int]) -> list[float]:
    """A number as a sum of floats of the given numbers of bits; each product with a whole number of few bits is exact."""
    parts = []
    for length in bits:
        with mpmath.workprec(length):
            part = +value
        parts.append(float(part))
        value = value - part
    return parts


def _exponential() -> Iterable[str]:
    # 36 bits, so that products with k, of at most 16 bits, are exact
    yield _floats("_STEP", _parts(mpmath.log(2) / 32, (36, 36, 53)))
    yield from _split_table("_POWERS", [mpmath.expm1(mpmath.mpf(j) / 32 * mpmath.log(2)) for j in range(-16, 16)])
    # r*r * (1/2 + r/6 + ...) with |r| < 0.011: the term r**14/14! is below 2**-120 of r, and r**8/8! needs 47 bits
    terms = [1 / mpmath.factorial(n) for n in range(2, 14)]
    yield _table("_EXP_TERMS", terms[:6])
    yield _floats("_EXP_TAIL", terms[6:])


def _logarithm() -> Iterable[str]:
    # k has at most 11 bits
    yield _floats("_LOG2", _parts(mpmath.log(2), (40, 40, 53)))


def _power() -> Iterable[str]:
    yield f"_LOG2_PAIR = _pair{_text(mpmath.log(2))}"


def _turn() -> Iterable[str]:
    yield _floats("_TURN", _parts(mpmath.pi / 16, (53, 53, 53, 53)))
    yield from _split_table("_SINES", [mpmath.sinpi(mpmath.mpf(j) / 16) for j in range(32)])
    # |r| < 0.0983: the terms left out are below 2**-110 of the sum, and those of the tail need at most 54 bits
    sines = [mpmath.mpf(-1) ** n / mpmath.factorial(2 * n + 1) for n in range(1, 10)]
    cosines = [mpmath.mpf(-1) ** n / mpmath.factorial(2 * n) for n in range(1, 10)]
    for name, terms in (("_SIN", sines), ("_COS", cosines)):
        yield _table(f"{name}_TERMS", terms[:4])
        yield _floats(f"{name}_TAIL", terms[4:])
    with mpmath.workprec(_PI_BITS + 64):
        digits = f"{int(mpmath.floor(mpmath.ldexp(mpmath.pi, _PI_BITS))):x}"
    lines = [digits[start : start + _HEX_A_LINE] for start in range(0, len(digits), _HEX_A_LINE)]
    text = "\n".join(f'    "{line}"' for line in lines)
    yield f"_PI_BITS = int(\n{text},\n    16,\n)"


def _error_function() -> Iterable[str]:
    # x * (c0 + c1*x**2 + ...) with x**2 <= 1/4: x**44 / (22! * 45) is below 2**-119
    scale = 2 / mpmath.sqrt(mpmath.pi)
    terms = [scale * mpmath.mpf(-1) ** n / (mpmath.factorial(n) * (2 * n + 1)) for n in range(22)]
    yield _table("_ERF_TERMS", terms[:12])
    yield _floats("_ERF_TAIL", terms[12:])
    # exp(-(25*0.36)**2) and exp(-(pi/0.36)**2) are below 2**-108
    yield from _trapezoids("_ERFC", mpmath.mpf("0.36"), lambda place: mpmath.exp(-place), (16, 8))


def _integral_of_error_function() -> Iterable[str]:
    # places as much larger as the sum is smaller: p * exp(-p) is below 2**-114 at the 27th, and at (pi/0.34)**2
    yield from _trapezoids("_IERFC", mpmath.mpf("0.34"), lambda place: place * mpmath.exp(-place), (20, 6))


def _trapezoids(name: str, step: Any, weight: Callable[[Any], Any], counts: tuple[int, int]) -> Iterable[str]:
    """The places (n*step)**2, n > 0, of the trapezoidal rule with their weights, the last first: so many pairs and floats."""
    pairs, floats = counts
    places = [(n * step) ** 2 for n in range(1, pairs + floats + 1)]
    yield _table(f"{name}_PLACES", places[:pairs][::-1])
    yield _table(f"{name}_WEIGHTS", [weight(place) for place in places[:pairs]][::-1])
    yield _rows(f"{name}_TAIL", [f"({_float(place)}, {_float(weight(place))})" for place in places[pairs:][::-1]])
    yield f"{name}_SCALE = _pair{_text(2 * step / mpmath.pi)}"
    yield f"{name}_POLE = _pair{_text(2 * mpmath.pi / step)}"


GROUPS: Mapping[str, Callable[[], Iterable[str]]] = MappingProxyType(
    {
        "exponential": _exponential,
        "logarithm": _logarithm,
        "power": _power,
        "turn": _turn,
        "error function": _error_function,
        "integral of the error function": _integral_of_error_function,
    }
)
"""What makes the constants of each group."""


def _float(value: Any) -> str:
    return number(float(value))


def _text(value: Any) -> str:
    head, rest = pair(value)
    return f"({number(head)}, {number(rest)})"


def _floats(name: str, values: Sequence[Any]) -> str:
    return sequence_layout(f"{name} = (", [_float(value) for value in values], ")")


def _rows(name: str, rows: Sequence[str]) -> str:
    return sequence_layout(f"{name}: Table = (", rows, ")")


def _table(name: str, values: Sequence[Any]) -> str:
    return _rows(name, [_text(value) for value in values])


def _split_table(name: str, values: Sequence[Any]) -> Iterable[str]:
    yield _table(f"{name}", values)
    yield f"{name}_HI, {name}_LO = np.array({name}).T"
