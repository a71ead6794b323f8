"""The functions of ``kernels.py``, and the slope of a power, over pairs of floats: the same lines, with longer series."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from symgraph.runtime.double_double import Pair
from symgraph.runtime.double_double_angles import dd_sin
from symgraph.runtime.double_double_exponentials import dd_exp, dd_expm1, dd_log1p, dd_pow, dd_tanh
from symgraph.runtime.functions import power_slope
from symgraph.runtime.kernels import (
    bernoulli_function,
    bernoulli_slope,
    exprel,
    exprel2,
    exprel2_slope,
    exprel_slope,
    langevin,
    langevin_slope,
    log1pmx,
    log1prel,
    log1prel_slope,
    sinhc,
    sinhc_slope,
    sinmx,
    tanhmx,
)
from symgraph.runtime.pairs import PairArithmetic
from symgraph.runtime.wide_pairs import OfAnySize, Wide, dd_abs, dd_min, narrow


class KernelArithmetic(PairArithmetic):
    """Runs the functions of ``kernels.py`` over pairs; their series have as many terms as pairs need within the same radius."""

    def __init__(self) -> None:
        functions = {
            "np.abs": dd_abs, "np.exp": dd_exp, "np.expm1": dd_expm1, "np.log1p": dd_log1p, "np.sin": dd_sin,
            "np.tanh": dd_tanh, "np.minimum": dd_min, "np.power": dd_pow,
        }  # fmt: skip
        super().__init__(functions, {})
        self.names.update(
            widened=lambda x: x,
            narrowed=lambda value, x: value,
            EXPREL_SLOPE=self.series(lambda n: Fraction(1, math.factorial(n) * (n + 2)), 30),
            EXPREL2=self.series(lambda n: Fraction(1, math.factorial(n + 2)), 29),
            EXPREL2_SLOPE=self.series(lambda n: Fraction(n + 1, math.factorial(n + 3)), 39),
            COSH_LESS_SINHC=self.series(lambda n: Fraction(2 * n + 2, math.factorial(2 * n + 3)), 15),
            SINHC_LESS_1=self.series(lambda n: Fraction(1, math.factorial(2 * n + 3)), 15),
            ATANH_LESS=self.series(lambda n: Fraction(1, 2 * n + 3), 25),
            SINMX=self.series(lambda n: Fraction((-1) ** (n + 1), math.factorial(2 * n + 3)), 17),
        )
        self.names.update(bernoulli_function=self.over(bernoulli_function))

    def series(self, coefficient: Callable[[int], Fraction], count: int) -> tuple[Any, ...]:
        """Round so many coefficients of a series to pairs, the highest first."""
        fractions = [coefficient(n) for n in reversed(range(count))]
        heads = [float(one) for one in fractions]
        rests = [float(one - Fraction(head)) for head, one in zip(heads, fractions, strict=True)]
        return tuple(self.numbers(*(np.asarray(part)[()] for part in pair)) for pair in zip(heads, rests, strict=True))


ARITHMETIC = KernelArithmetic()


def over_pairs(function: Callable[..., Any]) -> OfAnySize:
    """Give a function of arrays as one of pairs, and of numbers of any size."""
    over = ARITHMETIC.over(function)

    def of_wide(*operands: Wide) -> Wide:
        return over(*(ARITHMETIC.numbers(*one) for one in operands)).wide  # type: ignore[no-any-return]

    def of_pairs(*operands: Pair) -> Pair:
        found = over(*(ARITHMETIC.numbers(*one) for one in operands))
        return found.pair if found.power is None else narrow(found.wide)

    return OfAnySize(of_pairs, of_wide)


dd_bernoulli_function, dd_bernoulli_slope = over_pairs(bernoulli_function), over_pairs(bernoulli_slope)
dd_exprel2, dd_exprel2_slope = over_pairs(exprel2), over_pairs(exprel2_slope)
dd_exprel, dd_exprel_slope = over_pairs(exprel), over_pairs(exprel_slope)
dd_sinhc, dd_sinhc_slope = over_pairs(sinhc), over_pairs(sinhc_slope)
dd_langevin, dd_langevin_slope = over_pairs(langevin), over_pairs(langevin_slope)
dd_log1prel, dd_log1prel_slope = over_pairs(log1prel), over_pairs(log1prel_slope)
dd_log1pmx, dd_sinmx, dd_tanhmx = over_pairs(log1pmx), over_pairs(sinmx), over_pairs(tanhmx)
dd_power_slope = over_pairs(power_slope)
