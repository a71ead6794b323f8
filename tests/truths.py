"""The reference's enclosures as mpmath numbers, for tests that hold results against them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import mpmath
from flint import arb

from symgraph.judge.balls import Value
from symgraph.judge.reference import Reference, Truth


class Exact(NamedTuple):
    """Values of a spec at one point: mpf each, NaN where there is no number."""

    nodes: Mapping[str, Any]
    output: Any
    loss: Any


def to_mpf(value: Value) -> Any:
    """The midpoint of an enclosure, with all its digits; NaN where there is none."""
    if not isinstance(value, arb) or not value.is_finite():
        return mpmath.mpf("nan")
    mantissa, exponent = value.mid().man_exp()
    with mpmath.workprec(5_000):  # more than the largest precision of the reference
        return mpmath.ldexp(int(mantissa), int(exponent))


def exact(reference: Reference, point: Mapping[str, float]) -> Exact:
    """The values at a point."""
    truth = reference.truth(point)
    nodes = {name: to_mpf(value) for name, value in truth.nodes.items()}
    output, loss = (to_mpf(truth.values[root]) if root in truth.values else None for root in ("output", "loss"))
    return Exact(nodes, output, loss)


def gradient(reference: Reference, point: Mapping[str, float], root: str = "loss") -> dict[str, Any]:
    """The partials of the loss or the output by the weights."""
    return weights_of(reference, reference.truth(point), root)


def weights_of(reference: Reference, truth: Truth, root: str) -> dict[str, Any]:
    """The partials of a root by the weights."""
    return {entry.name: to_mpf(truth.partials[root][entry.name]) for entry in reference.model.weight_inputs}
