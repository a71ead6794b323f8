"""What a correct module gives on a batch, and how far rounding may take it from that.

A fixed tolerance is either blind or raises false alarms, since the same formula loses no digits at one point and ten at
another. So the truth is computed four times: as it is, and three times with noise of one unit in the last place in every
intermediate value. What the noise changes is the conditioning of the point. The tolerance is

    RELATIVE * |truth| + safety * (largest change by noise) + (what the oracle itself cannot resolve).

RELATIVE is a million ulp or so: far above what the functions of NumPy and ``math`` lose (4 ulp), far below any fault worth
the name. The effort's safety covers that all draws may be lucky, and that a module computes some operations in several steps;
models of thousands of operations make do with one draw, and with more safety. Where the tolerance exceeds ILL of the truth, the
point is ill-conditioned: it is not counted as judged, and only errors of another order of magnitude fail there. ILL is a tenth
of the smallest fault to be caught, a factor of 1.001.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mpmath
import numpy as np
from numpy.typing import NDArray

from symgraph.exact import is_nan
from symgraph.oracle import Oracle, Point, Truth
from symgraph.verification.effort import Effort
from symgraph.verification.sampling import Batch

RELATIVE = 1e-10
ILL = 1e-4
GROSS = 1e4
"""By how much the tolerance of an ill-conditioned value is widened."""
_TINY = 1e-300
"""Below this, doubles lose digits; differences of that size mean nothing."""

Array = NDArray[np.float64]
Direction = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Expected:
    """Values with their tolerances; arrays of one shape.

    Attributes:
        want: the truth, rounded to double.
        tolerance: the largest error of a correct module; inf where nothing can be said.
        unit: an ulp of the truth, or what noise of an ulp changes, whichever is larger: the unit of reported errors.
        safety: how many units were tolerated.
    """

    want: Array
    tolerance: Array
    unit: Array
    safety: float

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Where a fault of 1.001 would be seen; a truth of exactly 0 counts."""
        clear = (self.tolerance <= ILL * np.abs(self.want)) | (self.want == 0.0)
        return np.asarray(np.isfinite(self.tolerance) & clear)

    @property
    def shapeless(self) -> NDArray[np.bool_]:
        """Where rounding leaves no digit, so that a correct module may give infinity: 1/(a - b) where a and b round alike."""
        return np.asarray(~np.isfinite(self.tolerance) | ((self.tolerance >= np.abs(self.want)) & (self.want != 0.0)))

    def row(self, index: int) -> "Expected":
        """One row's values."""
        return Expected(self.want[index], self.tolerance[index], self.unit[index], self.safety)

    def total(self, shares: Array) -> "Expected":
        """The sum over rows of share * value."""
        weights = shares.reshape(-1, *(1,) * (self.want.ndim - 1))
        present = weights != 0.0  # a share of 0 takes a row out, whatever it holds
        terms = np.multiply(weights, self.want, where=present, out=np.zeros_like(self.want))
        slack = np.multiply(np.abs(weights), self.tolerance, where=present, out=np.zeros_like(self.want))
        size = np.abs(terms).sum(0)
        tolerance = slack.sum(0) + 1e-13 * size  # the sum itself rounds a few times
        return Expected(terms.sum(0), tolerance, np.maximum(np.spacing(size), tolerance / self.safety), self.safety)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a correct module gives on a batch of n rows.

    Attributes:
        nodes: every named node by name, (n,).
        output: the output, (n,); None where the model has none.
        loss: the loss of each row, (n,); None where the model has none.
        gradient: the derivative of each row's loss along every direction, (n, len(directions)); None without a loss.
        jacobian: the same for the output.
        directions: the directions in the space of weights.
        on_target: the nodes that depend on the target, and "loss" if it does.
    """

    nodes: Mapping[str, Expected]
    output: Expected | None
    loss: Expected | None
    gradient: Expected | None
    jacobian: Expected | None
    directions: tuple[Direction, ...]
    on_target: frozenset[str]

    def row(self, index: int) -> "Expectation":
        """What is expected of one row alone: values (), derivatives (len(directions),)."""
        output, loss, gradient, jacobian = (
            None if part is None else part.row(index) for part in (self.output, self.loss, self.gradient, self.jacobian)
        )
        nodes = {name: node.row(index) for name, node in self.nodes.items()}
        return Expectation(nodes, output, loss, gradient, jacobian, self.directions, self.on_target)


def expect(oracle: Oracle, batch: Batch, directions: Sequence[Direction], effort: Effort) -> Expectation:
    """Compute what a correct module gives on a batch.

    Args:
        oracle: the oracle of the model.
        batch: weights and rows.
        directions: along which derivatives are wanted.
        effort: which draws of noise the tolerances are made from.
    """
    model = oracle.model
    output = None if model.output_node is None else model.output_node.name
    roots = [*(["loss"] if model.loss_expr is not None else []), *([output] if output else [])]
    values: dict[str, list[_Item]] = {name: [] for name in oracle.roots}
    slopes: dict[str, list[list[_Item]]] = {root: [] for root in roots}
    with mpmath.workdps(60):  # tolerances are made of differences of nearly equal numbers
        for place in range(len(batch.rows)):
            point = batch.point(place)
            truths = [oracle.values(point, noise=noise) for noise in (None, *effort.noise)]
            versions = {name: [_root(truth, name) for truth in truths] for name in values}
            for name, row in values.items():
                row.append(_item(versions[name], effort.safety))
            # what is not finite next to the point may be infinite in doubles, and spoil derivatives that it has no part in
            steady = not any(truth.failures for truth in truths)
            found = _slopes(oracle, point, roots, directions, effort)
            for column, root in enumerate(roots):
                # a quotient of two rounding errors may be finite under noise, and its slopes 0, where doubles give 0/0
                known = steady and not _shapeless(values[root][-1])
                blurs = [_blur(oracle, point, direction, versions[root]) if known else math.inf for direction in directions]
                slopes[root].append(
                    [_item([one[index][column] for one in found], effort.safety, blur) for index, blur in enumerate(blurs)]
                )
    nodes = _stacks(values, effort.safety)
    return Expectation(
        nodes={node.name: nodes[node.name] for node in model.nodes},
        output=nodes[output] if output else None,
        loss=nodes.get("loss"),
        gradient=_stack(slopes["loss"], effort.safety) if "loss" in slopes else None,
        jacobian=_stack(slopes[output], effort.safety) if output else None,
        directions=tuple(directions),
        on_target=frozenset() if model.target_input is None else oracle.depends(model.target_input.name),
    )


def _slopes(
    oracle: Oracle, point: Point, roots: Sequence[str], directions: Sequence[Direction], effort: Effort
) -> list[list[list[Any]]]:
    """The slopes of the truth and of its noisy versions, for each direction and root.

    A smooth model has no kinks for a difference to both sides to see; to one side it errs by 1e-20.
    """
    exact = oracle.slopes(point, roots, directions, one_sided=effort.one_sided and oracle.smooth)
    noisy = [oracle.slopes(point, roots, directions, noise=n, one_sided=effort.one_sided) for n in effort.noise]
    return [exact, *noisy]


def _shapeless(item: "_Item") -> bool:
    """Whether rounding leaves no digit of a value."""
    return not math.isfinite(item.tolerance) or (item.want != 0.0 and item.tolerance >= abs(item.want))


def _root(truth: Truth, name: str) -> Any:
    return truth.loss if name == "loss" else truth.nodes[name]


def _blur(oracle: Oracle, point: Point, direction: Direction, root: Sequence[Any]) -> float:
    """What the oracle cannot resolve of a derivative along the direction; root is the truth and its noisy versions."""
    spread = max(abs(noisy - root[0]) for noisy in root[1:]) + abs(root[0]) * mpmath.mpf("1e-16")
    return float(oracle.resolution(spread, point, direction))


class _Item(NamedTuple):
    want: float
    tolerance: float
    unit: float


def _item(versions: Sequence[Any], safety: float, blur: float = 0.0) -> _Item:
    """One value with its tolerance; versions are the truth and its noisy versions, whose digits are worked with."""
    truth, *noisy = versions
    change = float(max([abs(one - truth) for one in noisy]))
    want = float(truth)
    tolerance = RELATIVE * abs(want) + safety * change + blur + _TINY
    if not math.isfinite(tolerance) or any(map(is_nan, noisy)):
        tolerance = math.inf
    elif tolerance > ILL * abs(want):
        tolerance *= GROSS
    return _Item(want, tolerance, max(math.ulp(want), change, blur, _TINY))


def _stack(items: Sequence[Any], safety: float) -> Expected:
    """Nested lists of items as arrays, the item's parts apart."""
    want, tolerance, unit = np.moveaxis(np.array(items, np.float64), -1, 0)
    return Expected(want, tolerance, unit, safety)


def _stacks(rows: Mapping[str, Sequence[_Item]], safety: float) -> dict[str, Expected]:
    """What ``_stack`` makes of the rows of each name; one array is made of all, of which each name has its part."""
    if not rows:
        return {}
    want, tolerance, unit = np.moveaxis(np.array(list(rows.values()), np.float64), -1, 0).copy()
    return {name: Expected(want[place], tolerance[place], unit[place], safety) for place, name in enumerate(rows)}
