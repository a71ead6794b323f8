"""Natural values of weights in fits: what users give by name becomes the module's weights, results become natural values.

A weight that ``model.positive("s")`` declares is found as its logarithm ``log_s``. By name, a start, a bound, a fixed value and
all results are those of ``s``, with errors by the delta method; vectors without names are the module's weights.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.errors import OptionError, WeightsError, did_you_mean, listed
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.natural import TRANSFORMS, natural_names, natural_slopes, natural_values, transformed_back, weight_of
from symgraph.use.fitting.problem import Array

_BACK = {"exp": "log({})", "sigmoid": "log({0}/(1 - {0}))"}
"""Expressions of the weight of a natural value, by the names of the transforms."""


@dataclass(frozen=True, slots=True)
class Natural:
    """The natural values of a module's weights.

    Attributes:
        own: (k) the names of the weights.
        names: (k) the names of their natural values, the own one where there is no transform.
        transforms: (k) the names of the transforms, "" for none.
    """

    own: tuple[str, ...]
    names: tuple[str, ...]
    transforms: tuple[str, ...]

    def values(self, w: Array) -> Array:
        """Return the natural values of vectors of weights, (..., k)."""
        found = np.array(w, np.float64)
        for j, transform in self._changed():
            found[..., j] = natural_values(transform, found[..., j])
        return found

    def slopes(self, w: Array) -> Array:
        """Return the derivatives of the natural values by the weights, (k,)."""
        found = np.ones(len(self.own))
        for j, transform in self._changed():
            found[j] = natural_slopes(transform, w[j])
        return found

    def value(self, name: str, weight: Any) -> Any:
        """Return the natural value of one weight, a number or an array."""
        transform = self.transforms[self.names.index(name)]
        if not transform:
            return weight
        found = natural_values(transform, weight)
        return float(found) if found.ndim == 0 else found

    def weight(self, name: str, value: Any, what: str) -> Any:
        """Return the weight of a natural value, a number or an array.

        Raises:
            WeightsError: the transform cannot give it.
        """
        transform = self.transforms[self.names.index(name)]
        if not transform:
            return value
        try:
            found = weight_of(name, transform, value, what)
        except ValueError as error:
            raise WeightsError(str(error)) from error
        return float(found) if np.ndim(found) == 0 else found

    def by_own_names(self, what: str, given: Any, change: Callable[[str, str, Any], Any]) -> Any:
        """Return a mapping by the names of natural values as one by the names of weights; anything else as it is.

        Args:
            what: the option that gives it, for messages.
            given: its value; a weight may stand there by its own name too.
            change: turns the value given for a natural name, with its transform, into that of the weight.

        Raises:
            WeightsError: a name is no weight, or one weight stands there under both of its names.
        """
        if not isinstance(given, Mapping) or not any(self.transforms):
            return given
        found = {}
        for name, value in given.items():
            if name not in self.names and name not in self.own:
                known = f"there are {listed(self.names)}{did_you_mean(name, self.names)}"
                raise WeightsError(f"{what} names {name!r}, which is no weight; {known}")
            j = self.names.index(name) if name in self.names else self.own.index(name)
            if self.own[j] in found:
                raise WeightsError(f"{what} has {self.names[j]} and {self.own[j]}, which are one weight; give {self.names[j]}")
            is_natural = bool(self.transforms[j]) and name == self.names[j]
            found[self.own[j]] = change(name, self.transforms[j], value) if is_natural else value
        return found

    def expressions(self) -> dict[str, str]:
        """Return the expressions of weights with a transform in terms of their natural values, by name."""
        return {self.own[j]: _BACK[transform].format(self.names[j]) for j, transform in self._changed()}

    def _changed(self) -> Sequence[tuple[int, str]]:
        return [(j, transform) for j, transform in enumerate(self.transforms) if transform]


def natural_of(module: GeneratedModule) -> Natural:
    """Return the natural values of a module's weights."""
    own, by_weight = module.WEIGHTS, module.METADATA.get("natural", {})
    return Natural(own, natural_names(own, module.METADATA), tuple(by_weight.get(name, ("", ""))[1] for name in own))


def start_of(natural: Natural, start: Any) -> Any:
    """Return a start by name as weights by their own names.

    Raises:
        WeightsError: a name is no weight, or a value is not within the range of its transform.
    """
    return natural.by_own_names("start", start, lambda name, _, value: _weight(natural, name, value, "start"))


def fixed_of(natural: Natural, fixed: Any) -> Any:
    """Return fixed values by name as weights by their own names; None stays, for a weight at its start.

    Raises:
        WeightsError: as for ``start_of``.
    """
    return natural.by_own_names(
        "fixed", fixed, lambda name, _, value: None if value is None else _weight(natural, name, value, "fixed")
    )


def bounds_of(natural: Natural, bounds: Any) -> Any:
    """Return ranges by name as those of the weights; an end that is not within the range of the transform is open.

    Raises:
        OptionError: a range has nothing of that of the transform, or is no pair.
        WeightsError: a name is no weight.
    """

    def ends(name: str, transform: str, pair: Any) -> Any:
        check_pair(name, pair)
        of, (low, high) = TRANSFORMS[transform], (math.nan if end is None else float(end) for end in pair)
        if low >= of.high or high <= of.low:
            raise OptionError(f"bounds of {name} are {low:g} to {high:g}; {name} is {of.words}")
        check_order(name, low, high)
        back = [float(transformed_back(transform, end)) if of.low < end < of.high else None for end in (low, high)]
        return tuple(back)

    return natural.by_own_names("bounds", bounds, ends)


def check_pair(name: str, pair: Any) -> None:
    """Refuse a range that is no pair of numbers.

    Raises:
        OptionError: it is none.
    """
    is_pair = isinstance(pair, Sequence | np.ndarray) and len(pair) == 2
    if not (is_pair and all(end is None or isinstance(end, int | float | np.number) for end in pair)):
        raise OptionError(f"bounds of {name} must be a pair (lower, upper), None for an open end, not {pair!r}")


def check_order(name: str, low: float, high: float) -> None:
    """Refuse a range whose lower end is not below its upper one.

    Raises:
        OptionError: it is none.
    """
    if low >= high:
        raise OptionError(f"bounds of {name} are {low:g} to {high:g}; the lower must be below the upper, else fix it")


def _weight(natural: Natural, name: str, value: Any, what: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
        raise WeightsError(f"{what} {name} must be a finite number, not {value!r}")
    return natural.weight(name, value, what)
