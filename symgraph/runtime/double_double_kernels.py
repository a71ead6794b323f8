"""The functions of ``kernels.py``, and the slope of a power, over pairs of floats: the same lines, with longer series."""

import math
from fractions import Fraction

from symgraph.runtime.double_double_angles import dd_sin
from symgraph.runtime.double_double_exponentials import dd_exp, dd_expm1, dd_log1p, dd_pow, dd_tanh
from symgraph.runtime.double_double_lines import SeriesArithmetic
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
from symgraph.runtime.wide_pairs import dd_abs, dd_min


class KernelArithmetic(SeriesArithmetic):
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
            EXPREL_SLOPE=self.series([Fraction(1, math.factorial(n) * (n + 2)) for n in range(30)]),
            EXPREL2=self.series([Fraction(1, math.factorial(n + 2)) for n in range(29)]),
            EXPREL2_SLOPE=self.series([Fraction(n + 1, math.factorial(n + 3)) for n in range(39)]),
            COSH_LESS_SINHC=self.series([Fraction(2 * n + 2, math.factorial(2 * n + 3)) for n in range(15)]),
            SINHC_LESS_1=self.series([Fraction(1, math.factorial(2 * n + 3)) for n in range(15)]),
            ATANH_LESS=self.series([Fraction(1, 2 * n + 3) for n in range(25)]),
            SINMX=self.series([Fraction((-1) ** (n + 1), math.factorial(2 * n + 3)) for n in range(17)]),
        )
        self.names.update(bernoulli_function=self.over(bernoulli_function))


over_pairs = KernelArithmetic().of_any_size
dd_bernoulli_function, dd_bernoulli_slope = over_pairs(bernoulli_function), over_pairs(bernoulli_slope)
dd_exprel2, dd_exprel2_slope = over_pairs(exprel2), over_pairs(exprel2_slope)
dd_exprel, dd_exprel_slope = over_pairs(exprel), over_pairs(exprel_slope)
dd_sinhc, dd_sinhc_slope = over_pairs(sinhc), over_pairs(sinhc_slope)
dd_langevin, dd_langevin_slope = over_pairs(langevin), over_pairs(langevin_slope)
dd_log1prel, dd_log1prel_slope = over_pairs(log1prel), over_pairs(log1prel_slope)
dd_log1pmx, dd_sinmx, dd_tanhmx = over_pairs(log1pmx), over_pairs(sinmx), over_pairs(tanhmx)
dd_power_slope = over_pairs(power_slope)
