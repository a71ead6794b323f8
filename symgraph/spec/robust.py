"""Robust losses of residuals, as SciPy's ``least_squares`` defines them.

The loss of a residual r is ``0.5 * f_scale**2 * rho(z)`` with ``z = (r/f_scale)**2``: near 0 it is half the square, far out it
grows less. Source: the documentation of scipy.optimize.least_squares, which names Triggs et al., Bundle Adjustment (1999).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sympy import Abs, Piecewise, sqrt

from symgraph.errors import SpecError, did_you_mean
from symgraph.spec.laws import is_finite_number
from symgraph.spec.ops.sympy_classes import log1p

ROBUST: Mapping[str, Callable[[Any, float], Any]] = MappingProxyType(
    {
        # rho = 2*(sqrt(1 + z) - 1), in a form in which nothing cancels
        "soft_l1": lambda r, f: r**2 / (1 + sqrt(1 + (r / f) ** 2)),
        # rho = z up to 1, then 2*sqrt(z) - 1
        "huber": lambda r, f: Piecewise((r**2 / 2, Abs(r) <= f), (f * (Abs(r) - f / 2), True)),
        # rho = log(1 + z)
        "cauchy": lambda r, f: f**2 / 2 * log1p((r / f) ** 2),
    }
)
"""Every robust loss by its name: the loss of a residual, given its expression and f_scale."""


@dataclass(frozen=True, slots=True)
class Robust:
    """A robust loss.

    Attributes:
        name: of a row of ``ROBUST``.
        f_scale: the size from which on a residual is taken for an outlier, in the units of the residual.
    """

    name: str
    f_scale: float

    def of(self, residual: Any) -> Any:
        """Return the loss of a residual."""
        return ROBUST[self.name](residual, self.f_scale)


def robust_loss(name: str, f_scale: float, where: str) -> Robust | None:
    """Check the name and the scale of a loss of residuals; "linear" is no robust one.

    Raises:
        SpecError: the name is unknown, or the scale is no positive number.
    """
    if name not in ["linear", *ROBUST]:
        known = f"known are linear, {', '.join(ROBUST)}{did_you_mean(name, ['linear', *ROBUST])}"
        raise SpecError(f"{where}: loss {name!r} is unknown; {known}")
    if not is_finite_number(f_scale) or f_scale <= 0.0:
        raise SpecError(f"{where}: f_scale must be a positive number, not {f_scale!r}")
    return None if name == "linear" else Robust(name, float(f_scale))
