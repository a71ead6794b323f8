"""Natural values of weights that a model declares by a transform, such as s, the exponential of the weight log_s.

The vector w has the weights; where numbers are given and shown by name, they are natural values under their own names.
METADATA["natural"] of a module has the name and the transform of each weight that has one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.labels import array_of, labels_of


class Transform(NamedTuple):
    """A function that makes the natural value of a weight.

    Attributes:
        low: the end of the natural values below; no weight gives it.
        high: their end above.
        words: the range in words.
    """

    low: float
    high: float
    words: str


TRANSFORMS: Mapping[str, Transform] = {
    "exp": Transform(0.0, np.inf, "above 0"),
    "sigmoid": Transform(0.0, 1.0, "within (0, 1)"),
}
"""The transforms there are, by the names of their functions."""


@np.errstate(over="ignore", under="ignore")
def natural_values(transform: str, weights: Any) -> Array:
    """Give the natural values of weights: of the floats that are values of the same weight, one of 15 digits if there is one.

    So a number that a user has given comes back as it was.
    """
    v = np.asarray(weights, np.float64)
    small = np.exp(-np.abs(v))
    unrounded = np.exp(v) if transform == "exp" else np.where(v < 0, small, 1.0) / (1.0 + small)
    short = np.reshape([float(f"{one:.15g}") for one in np.ravel(unrounded).tolist()], unrounded.shape)
    return np.where(transformed_back(transform, short) == v, short, unrounded)


def natural_slopes(transform: str, weights: Any) -> Array:
    """Give the derivatives of natural values by the weights."""
    v = np.asarray(weights, np.float64)
    with np.errstate(over="ignore", under="ignore"):
        small = np.exp(-np.abs(v))
        return np.exp(v) if transform == "exp" else small / (1.0 + small) ** 2


@np.errstate(divide="ignore", invalid="ignore")
def transformed_back(transform: str, values: Any) -> Array:
    """Give the weights of natural values: infinite at the ends of their range, NaN beyond."""
    given = np.asarray(values, np.float64)
    return np.asarray(np.log(given) if transform == "exp" else np.log(given) - np.log1p(-given))


def natural_names(weights: Sequence[str], metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of the natural values of all weights: the weight's own name where it has no transform."""
    by_weight = metadata.get("natural", {})
    return tuple(by_weight[name][0] if name in by_weight else name for name in weights)


def by_natural_names(weights: Sequence[str], metadata: Mapping[str, Any], w: Array) -> dict[str, float]:
    """Give a vector of weights as natural values by name."""
    by_weight, found = metadata.get("natural", {}), dict[str, float]()
    for name, value in zip(weights, w.tolist(), strict=True):
        natural, transform = by_weight.get(name, (name, ""))
        found[natural] = float(natural_values(transform, value)) if transform else value
    return found


def weight_of(name: str, transform: str, value: Any, what: str) -> Any:
    """Give the weights of natural values that are given, numbers or an array of them.

    Raises:
        ValueError: one is outside of the transform's range.
    """
    one, given = TRANSFORMS[transform], np.asarray(value, np.float64)
    outside = (given <= one.low) | (given >= one.high)
    if np.any(outside):
        raise ValueError(f"{what} has {name} = {np.ravel(given[outside])[0]:g}; {name} is {one.words}")
    return transformed_back(transform, given)


def vector_of(weights: Sequence[str], metadata: Mapping[str, Any], w: Any, what: str) -> Array:
    """Turn weights into an array: a vector as it is, natural values by name, or weights by their own names.

    Args:
        weights: names of the weights, in order.
        metadata: of the module.
        w: the weights, one vector or several.
        what: the argument's name in messages.

    Raises:
        ValueError: a weight is lacking, stands there under both of its names, or has a natural value out of range.
    """
    by_weight: Mapping[str, tuple[str, str]] = metadata.get("natural", {})
    labels = labels_of(w, False) if by_weight and type(w) is not np.ndarray else ()
    if not labels:
        return array_of(w, weights, what)
    names = []
    for own in weights:
        natural, _ = by_weight.get(own, (own, ""))
        if natural != own and own in labels and natural in labels:
            raise ValueError(f"{what} has {natural} and {own}, which are one weight; give {natural} alone")
        names.append(own if own in labels else natural)
    values = array_of(w, names, what)
    values = values.astype(np.promote_types(values.dtype, np.float32))
    for place, (own, name) in enumerate(zip(weights, names, strict=True)):
        if own != name:
            values[..., place] = weight_of(name, by_weight[own][1], values[..., place], what)
    return values
