"""Weights on the whole line whose natural values have a range: named nodes, positive, within (0, 1), or shares of 1."""

import math
from collections.abc import Mapping
from functools import reduce
from typing import Any

from sympy import exp

from symgraph.errors import SpecError
from symgraph.spec.declarations import Declarations
from symgraph.spec.inputs import DEFAULT_LAW
from symgraph.spec.laws import Constant, Law, Normal, Uniform, is_finite_number
from symgraph.spec.names import check_name
from symgraph.spec.ops.sympy_classes import logaddexp, sigmoid


class Transforms(Declarations):
    """Declarations beside those of plain weights; see ``Model``.

    Each declares weights without bounds, which optimizers and fits move freely, and returns nodes with their natural values.
    """

    __slots__ = ()

    def positive(self, name: str, *, init: Law | float = DEFAULT_LAW, bounds: None = None) -> Any:
        """Declare the weight ``log_<name>`` and return the node ``name``, its exponential, which is above 0.

        Formulas may rely on a value between 4e-18 and 2e17, and checks draw none beyond, unless ``init`` is beyond. A module
        takes any weight, but there a product of such values may overflow where the model's result would not.

        Args:
            name: an identifier, the node's.
            init: the initial natural value, a number above 0, or the law of the weight; by default the natural value is near 1.
            bounds: none may be given: the transform is the range.

        Raises:
            SpecError: a name is taken, reserved or no identifier, ``init`` is out of range, there are bounds, or the model is
                frozen.
        """
        where = f"model {self.name}: positive {name!r}"
        _check_no_bounds(where, bounds)
        start = _start(init, where, "above 0", lambda value: value > 0.0, math.log)
        return self._transformed(f"log_{name}", name, "exp", start)

    def unit_interval(self, name: str, *, init: Law | float = DEFAULT_LAW, bounds: None = None) -> Any:
        """Declare the weight ``logit_<name>`` and return the node ``name``, its sigmoid, which is within (0, 1).

        Args:
            name: an identifier, the node's.
            init: the initial natural value, a number within (0, 1), or the law of the weight; by default the natural value is
                near 1/2.
            bounds: none may be given: the transform is the range.

        Raises:
            SpecError: as for ``positive``.
        """
        where = f"model {self.name}: unit_interval {name!r}"
        _check_no_bounds(where, bounds)
        start = _start(init, where, "within (0, 1)", lambda p: 0.0 < p < 1.0, lambda p: math.log(p) - math.log1p(-p))
        return self._transformed(f"logit_{name}", name, "sigmoid", start)

    def simplex(self, name: str, count: int, *, bounds: None = None) -> tuple[Any, ...]:
        """Declare ``count`` - 1 weights and return ``count`` nodes, positive numbers whose sum is 1.

        The weights ``log_<name>1``, ... are the logarithms of the shares over the last share, and begin near 0: equal shares.

        Args:
            name: the beginning of the names ``<name>1``, ``<name>2``, ... of the nodes.
            count: the number of shares, 2 or more.
            bounds: none may be given: the transform is the range.

        Raises:
            SpecError: as for ``positive``, or ``count`` is no whole number above 1.
        """
        where = f"model {self.name}: simplex {name!r}"
        _check_no_bounds(where, bounds)
        if isinstance(count, bool) or not isinstance(count, int) or count < 2:
            raise SpecError(f"{where}: count must be a whole number, 2 or more, not {count!r}")
        check_name(name, "simplex", self.name)
        logs = [self.weight(f"log_{name}{place}", init=DEFAULT_LAW) for place in range(1, count)]
        whole = self._helper(f"log_{name}_total", reduce(logaddexp, logs, 0))
        return tuple(self.node(f"{name}{place}", exp(log - whole)) for place, log in enumerate([*logs, 0], start=1))

    def _transformed(self, weight: str, name: str, transform: str, start: Law) -> Any:
        """Declare a weight and the node of its natural value, by whose name users give and read it."""
        symbol = self._declare(weight, "weight", None, init=start, is_logarithm=transform == "exp")
        node = self.node(name, _FUNCTIONS[transform](symbol))
        self._natural[weight] = name, transform
        return node


_FUNCTIONS: Mapping[str, Any] = {"exp": exp, "sigmoid": sigmoid}
"""Functions of a weight that give its natural value, by the names of ``symgraph.runtime.natural.TRANSFORMS``."""


def _check_no_bounds(where: str, bounds: object) -> None:
    if bounds is not None:
        raise SpecError(f"{where}: the transform gives the range; drop bounds, or use model.weight with bounds")


def _start(init: Any, where: str, allowed: str, fits: Any, inverse: Any) -> Law:
    """Return the law of a weight whose natural value begins at ``init``, or which has that law itself."""
    if isinstance(init, Normal | Uniform | Constant):
        return init
    if not is_finite_number(init) or not fits(init):
        raise SpecError(f"{where}: init must be a number {allowed}, or a law of the weight, not {init!r}")
    return Constant(inverse(float(init)))
