"""Weights by name, and initial weights by their declared laws."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.runtime.contract import common_dtype, require_weights
from symgraph.runtime.facts import Array, ArrayLike, Facts
from symgraph.runtime.labels import meant
from symgraph.runtime.natural import by_natural_names, natural_names, vector_of


class Normal(NamedTuple):
    """The law of so many weights in a row: normal, with a mean and a standard deviation."""

    mean: float
    std: float
    number: int = 1

    def draw(self, rng: np.random.RandomState) -> Array:
        """Draw the weights."""
        return rng.normal(self.mean, self.std, self.number)


class Uniform(NamedTuple):
    """The law of so many weights in a row: uniform on [low, high)."""

    low: float
    high: float
    number: int = 1

    def draw(self, rng: np.random.RandomState) -> Array:
        """Draw the weights."""
        return rng.uniform(self.low, self.high, self.number)


class Constant(NamedTuple):
    """The law of so many weights in a row: one fixed value."""

    value: float
    number: int = 1

    def draw(self, rng: np.random.RandomState) -> Array:
        """Give the weights; nothing is drawn."""
        del rng
        return np.full(self.number, self.value, np.float64)


Law = Normal | Uniform | Constant


def packed(facts: Facts, mapping: Mapping[str, float]) -> Array:
    """Give the weights of a mapping by name as a vector in the order of the model; see ``vector_of`` for natural values."""
    if isinstance(mapping, str) or not hasattr(mapping, "keys"):
        raise TypeError(f"{facts.model}: pack takes numbers by the names of weights, not a {type(mapping).__name__}")
    names = natural_names(facts.weights, facts.metadata)
    own = dict(zip(facts.weights, names, strict=True))
    missing = [name for weight, name in own.items() if name not in mapping and weight not in mapping]
    unknown = [name for name in mapping if name not in names and name not in own]
    if missing or unknown:
        told = ", ".join(f"{what} {names}" for what, names in (("missing", missing), ("unknown", unknown)) if names)
        guess = meant(unknown[0], missing) if unknown else ""
        raise ValueError(f"{facts.model}: weights {told}{guess}")
    if names == facts.weights:
        return np.array([mapping[name] for name in names], np.float64)
    return vector_of(facts.weights, facts.metadata, dict(mapping), facts.model)


def unpacked(facts: Facts, w: ArrayLike) -> dict[str, float]:
    """Give a vector of weights as a dict by name, those with a transform by their natural values."""
    values = vector_of(facts.weights, facts.metadata, w, "w")
    require_weights(facts, values)
    return by_natural_names(facts.weights, facts.metadata, values.astype(common_dtype(facts, values)))


def drawn(facts: Facts, laws: Sequence[Law], seed: int | None) -> Array:
    """Draw weights by their laws with NumPy's RandomState, whose streams are frozen; each is moved into its bounds."""
    rng = np.random.RandomState(seed)
    weights: Array = np.clip(
        np.concatenate([law.draw(rng) for law in laws]), *range_of_each(facts.weights, facts.metadata.get("bounds", {}))
    )
    return weights


def range_of_each(names: Sequence[str], bounds: Any) -> tuple[Array, Array]:
    """Give the least and the greatest value of each weight, infinite where bounds, a mapping by name, do not say."""
    ends = np.array([bounds.get(name, (-np.inf, np.inf)) for name in names], np.float64)
    return ends[:, 0].copy(), ends[:, 1].copy()
