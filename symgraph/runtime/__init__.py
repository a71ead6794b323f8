"""The runtime of generated modules: all that is the same for every model, on NumPy alone.

A generated module holds facts and straight-line mathematics, and makes its public functions of them by `bind`.
"""

from symgraph.runtime.called import called
from symgraph.runtime.constants import WithConstants
from symgraph.runtime.constraints import Constraints
from symgraph.runtime.facts import Array, Facts, RowSum
from symgraph.runtime.functions import erf, erfc, erfcx, every_row, gauss, ierfcx, power_slope, select
from symgraph.runtime.lines import Lines, known
from symgraph.runtime.loose_binding import BoundLoosely, bind_loosely
from symgraph.runtime.numpy_binding import Bound, bind
from symgraph.runtime.weights import Constant, Normal, Uniform

__all__ = [
    "Array", "Bound", "BoundLoosely", "Constant", "Constraints", "Facts", "Lines", "Normal", "RowSum", "Uniform",
    "WithConstants", "bind", "bind_loosely", "called", "erf", "erfc", "erfcx", "every_row", "gauss", "ierfcx", "known",
    "power_slope", "select",
]  # fmt: skip
