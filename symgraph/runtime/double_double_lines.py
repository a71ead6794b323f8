"""Functions that are written as lines of arrays, run over pairs of floats, with series whose terms are pairs."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from symgraph.runtime.double_double import Pair
from symgraph.runtime.pairs import PairArithmetic
from symgraph.runtime.wide_pairs import OfAnySize, Wide, narrow


class SeriesArithmetic(PairArithmetic):
    """Runs functions of lines over pairs, and makes the constants that they find by name."""

    def series(self, coefficients: Sequence[Fraction]) -> tuple[Any, ...]:
        """Round the coefficients of a series to pairs, the highest first; they are given from the lowest on."""
        heads = [float(one) for one in reversed(coefficients)]
        rests = [float(one - Fraction(head)) for head, one in zip(heads, reversed(coefficients), strict=True)]
        return tuple(self.numbers(*(np.asarray(part)[()] for part in pair)) for pair in zip(heads, rests, strict=True))

    def of_any_size(self, function: Callable[..., Any]) -> OfAnySize:
        """Give a function of lines as one of pairs, and of numbers of any size."""
        over = self.over(function)

        def of_wide(*operands: Wide) -> Wide:
            return over(*(self.numbers(*one) for one in operands)).wide  # type: ignore[no-any-return]

        def of_pairs(*operands: Pair) -> Pair:
            found = over(*(self.numbers(*one) for one in operands))
            return found.pair if found.power is None else narrow(found.wide)

        return OfAnySize(of_pairs, of_wide)
