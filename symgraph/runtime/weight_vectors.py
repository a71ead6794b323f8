"""Several vectors of weights at once: w of shape (S, k), for samplers and fits from many starting points."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.contract import given_weights, order_hint
from symgraph.runtime.facts import Array, Facts, Inputs


def vectors_of(facts: Facts, w: Any) -> Array | None:
    """Give several vectors of weights as an array (S, k); None for what is to be one vector.

    Raises:
        ValueError: there is no vector, or they have not one entry for each weight.
    """
    given = type(w)
    if (given is np.ndarray and w.ndim != 2) or (given in (list, tuple) and (not w or isinstance(w[0], float))):
        return None
    vectors = given_weights(facts, w)
    return fitting_vectors(facts, vectors) if vectors.ndim == 2 else None


def fitting_vectors(facts: Facts, vectors: Any) -> Any:
    """Refuse vectors of weights other than one or more with an entry for each weight."""
    count = len(facts.weights)
    if vectors.shape[1] != count or not vectors.shape[0]:
        need = f"({count},), or (S, {count}) for S vectors: {', '.join(facts.weights)}"
        raise ValueError(f"w has shape {tuple(vectors.shape)}, {facts.model} needs {need}{order_hint(facts, vectors)}")
    return vectors


def with_each(inputs: Inputs, vectors: Array) -> Iterator[Inputs]:
    """Give checked inputs with the weights of each of several vectors; the constants behind the weights stay."""
    table = np.tile(inputs.w, (len(vectors), 1))
    table[:, : vectors.shape[1]] = vectors
    for w in table:
        yield inputs._replace(w=w)


def stacked(results: Sequence[Any]) -> Any:
    """Put results of several vectors of weights into arrays that begin with their number, a tuple of results into a tuple."""
    first = results[0]
    if isinstance(first, tuple):
        return tuple(stacked(part) for part in zip(*results, strict=True))
    return np.array(results)
