"""The reference for truth: a spec's value and all partials at a point, enclosed rigorously by ball arithmetic.

The precision is doubled until the enclosures are narrow, up to ``LEVELS[-1]`` bits; what is not known then is unknown, which is
counted and never passed. All that verifies, judges or measures asks this one reference.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import proxy

from flint import arb, ctx

from symgraph.columns import columns_of, prefix_of
from symgraph.errors import OptionError
from symgraph.judge.balls import ONE, UNDEFINED, UNKNOWN, ZERO, Missing, Value
from symgraph.judge.curvatures import SecondSweep
from symgraph.judge.program import Choice, Slopes, Step, program_of, residual_root
from symgraph.spec.model import Model
from symgraph.spec.ops.user_functions import UserOp
from symgraph.spec.residuals import residual_of

LEVELS = (200, 400, 800, 1600, 3200, 4096)
"""The precisions in bits, tried in order."""
NARROW = 110
"""An enclosure is narrow if it has so many bits that are right: twice a double's, and some."""
DOUBLE, SINGLE = 53, 24
"""The precisions at which radii bound what rounding does to doubles and to floats."""
_KEPT = 200_000
"""Numbers that the truths kept for another question may hold together, some tens of MB; but two truths are always kept."""
_MANY = 2_000
"""Models of more operations are not written anew for a point."""
_SMALLEST = arb((1, -1076))
"""A quarter of the smallest double: what is surely smaller is 0 in every format."""
_LARGEST = arb((1, 1024))

_GROWING = frozenset({"exp", "expm1", "sinh", "cosh", "gamma"})
"""Functions that leave the range of doubles at arguments of ordinary size."""

Point = Mapping[str, float]
"""A float for every feature, weight and the target if there is one, taken as the exact number it is."""


class Truth(NamedTuple):
    """The spec at one point; every value is a ball, or the reason why there is none.

    Attributes:
        nodes: the value of each named node.
        values: of "loss", "output" and "residual", as far as the model has them; of several "output re", "residual 1".
        partials: of these by each input.
        bits: the precision that was needed.
    """

    nodes: Mapping[str, Value]
    values: Mapping[str, Value]
    partials: Mapping[str, Mapping[str, Value]]
    bits: int

    def named(self, weights: Sequence[str]) -> dict[str, Value]:
        """The results under the names that reports use: "loss", "output", "residual", "grad w1", "jacobian w1"."""
        partials = {f"{prefix_of(root)} {name}": self.partials[root][name] for root in self.values for name in weights}
        return {**self.values, **partials}


@dataclass(frozen=True, slots=True)
class Look:
    """The values at one point without their partials, to see whether it is a place to judge at.

    Attributes:
        nodes: the value of each named node, and of "loss".
        choices: the branches taken and the sides of kinks that the point is on.
        smallest, largest: magnitudes among intermediate values that depend on an input, zeros left out.
        failures: operations on numbers that have no value, those of branches that are not taken left out.
        exponentials: the magnitudes among values of functions that grow as exp does, likewise.
    """

    nodes: Mapping[str, Value]
    choices: frozenset[Choice]
    smallest: float
    largest: float
    failures: int
    exponentials: tuple[float, ...] = ()


class Reference:
    """Evaluates one model at points, for each of which an OptionError tells of an input without a value.

    Args:
        model: the spec; it is frozen by this.

    Raises:
        SpecError: the model is not complete, or has a function that the reference does not know.
    """

    def __init__(self, model: Model) -> None:
        self.model = model.freeze()
        self.program = program_of(self.model)
        outputs, residual = [node.name for node in model.output_nodes], residual_of(self.model)
        losses = {} if model.loss_expr is None else {"loss": "loss"}
        residuals = {name: residual_root(name) for name in residual.columns}
        self._names = {**losses, **dict(zip(columns_of("output", outputs), outputs, strict=True)), **residuals}
        self.roots: Mapping[str, int] = {root: self.program.roots[name] for root, name in self._names.items()}
        self.penalty = None if model.penalty_expr is None else Reference(model.penalty_part())
        limits = [one.name for one in model.constraints]
        self.constraints = Reference(model.of_constraints(*limits)) if limits else None
        plain = residual.is_difference(self.model)  # then its partials are known with the output's
        self._target = self.model.target_inputs[0].name if plain else ""
        kept = max(2, min(64, _KEPT // len(self.program.steps)))
        own = proxy(self)  # so that there is no reference cycle, and all is freed without the collector
        self._truth = lru_cache(maxsize=kept)(partial(Reference._find_truth, own))
        self._rough = lru_cache(maxsize=kept)(partial(Reference._run, own))
        self._hessian = lru_cache(maxsize=kept)(partial(Reference._run_hessian, own))
        self._forward = lru_cache(maxsize=4)(partial(Reference._run_forward, own))

    def truth(self, point: Point) -> Truth:
        """Enclose value and partials narrowly, at the precision that it takes."""
        return self._truth(self._key(point))

    def rough(self, point: Point, bits: int = DOUBLE) -> Truth:
        """Enclose value and partials in the arithmetic of numbers of some bits, so that the radii bound what rounding does.

        This is running error analysis: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.3. The
        weights are off by a rounding error, too: a product with 1 is exact here, and need not be so in what is generated.
        """
        return self._rough(self._key(point), bits)

    def hessian(self, point: Point, bits: int = 0) -> Sequence[Sequence[Value]]:
        """Enclose the matrix of second derivatives of the loss by the weights, narrowly, or as ``rough`` does at some bits."""
        key = self._key(point)
        return self._hessian(key, bits) if bits else _narrowed(partial(self._hessian, key))[0]

    def hessian_times(self, point: Point, direction: Sequence[float], bits: int = 0) -> Sequence[Value]:
        """Enclose the product of that matrix and a vector by one sweep, where the matrix takes one for each weight."""
        run = partial(self._run_hvp, self._key(point), direction)
        return run(bits) if bits else _narrowed(run)[0]

    def look(self, point: Point) -> Look:
        """Evaluate the model without partials, at the lowest precision."""
        values, program = self._forward(self._key(point), LEVELS[0]), self.program
        needed = program.needed(values)
        sizes = [
            abs(float(value))
            for step, value, used in zip(program.steps, values, needed, strict=True)
            if used and step.varies and isinstance(value, arb) and not value.is_zero()
        ]
        return Look(
            {name: values[root] for name, root in program.roots.items()},
            program.choices(values, needed),
            min(sizes, default=1.0),
            max(sizes, default=1.0),
            sum(used and program.fails(index, values) for index, used in enumerate(needed)),
            tuple(_magnitude(values[index]) for index in self._exponentials if needed[index]),
        )

    def calls(self, point: Point) -> list[tuple[Step, tuple[float, ...]]]:
        """Find the calls of users' functions that a point makes, each as its step with the floats that it gets."""
        values, program = self._forward(self._key(point), LEVELS[0]), self.program
        made = [step for step, used in zip(program.steps, program.needed(values), strict=True) if used]
        return [(step, tuple(number(values[arg]) for arg in step.args)) for step in made if isinstance(step.name, UserOp)]

    @cached_property
    def _exponentials(self) -> tuple[int, ...]:
        """The steps whose function grows as exp does."""
        return tuple(index for index, step in enumerate(self.program.steps) if step.name in _GROWING and step.varies)

    def exponentials(self, point: Point) -> list[tuple[Step, Any, float]]:
        """Find the steps of a point whose function grows as exp does, with their expressions and magnitudes."""
        values, program = self._forward(self._key(point), LEVELS[0]), self.program
        exprs, needed = program.exprs(), program.needed(values)
        here = [index for index in self._exponentials if needed[index]]
        return [(program.steps[index], exprs[index], _magnitude(values[index])) for index in here]

    @property
    def has_exponentials(self) -> bool:
        """Tell if the model has a function that grows as exp does."""
        return bool(self._exponentials)

    @cached_property
    def on_target(self) -> frozenset[str]:
        """The named nodes that depend on the target, and "loss" if it does."""
        targets, moved = {target.name for target in self.model.target_inputs}, set[int]()
        for index, step in enumerate(self.program.steps):
            if step.leaf in targets or not moved.isdisjoint(step.args):
                moved.add(index)
        return frozenset(name for name, root in self.program.roots.items() if root in moved)

    def _key(self, point: Point) -> tuple[float, ...]:
        missing = next((name for name in self.program.leaves if name not in point), None)
        if missing is not None:
            raise OptionError(f"model {self.model.name}: the point has no value for {missing}")
        return tuple([float(point[name]) for name in self.program.leaves])

    def _run_forward(self, key: tuple[float, ...], bits: int) -> list[Value]:
        slack = [2.0**-bits if bits <= DOUBLE and entry.kind == "weight" else 0.0 for entry in self.model.inputs]
        with ctx.workprec(bits):
            balls: list[Value] = [
                arb(value, abs(value) * off) if math.isfinite(value) else UNDEFINED
                for value, off in zip(key, slack, strict=True)
            ]
            return self.program.forward(balls)

    def _run(self, key: tuple[float, ...], bits: int) -> Truth:
        """One run at one precision."""
        values, program = self._forward(key, bits), self.program
        with ctx.workprec(bits):
            swept = {root: index for root, index in self.roots.items() if root != "residual" or not self._target}
            slopes: Slopes = {}
            partials = {root: program.partials(values, index, slopes) for root, index in swept.items()}
            if self._target:  # the residual is the output less the target
                own = partials["output"][self._target]
                partials["residual"] = {**partials["output"], self._target: own - 1 if isinstance(own, arb) else own}
            return Truth(
                {node.name: values[program.roots[node.name]] for node in self.model.nodes},
                {root: values[index] for root, index in self.roots.items()},
                partials,
                bits,
            )

    def _run_hessian(self, key: tuple[float, ...], bits: int) -> Sequence[Sequence[Value]]:
        """One run of the second sweeps at one precision."""
        return self._swept(key, bits, [{leaf: ONE} for leaf in self._weights])

    def _run_hvp(self, key: tuple[float, ...], direction: Sequence[float], bits: int) -> Sequence[Value]:
        """One run of the second sweep along a direction at one precision."""
        return self._swept(key, bits, [dict(zip(self._weights, map(arb, direction), strict=True))])[0]

    @property
    def _weights(self) -> list[int]:
        return [index for index, entry in enumerate(self.model.inputs) if entry.kind == "weight"]

    def _swept(self, key: tuple[float, ...], bits: int, directions: Sequence[Mapping[int, Value]]) -> Sequence[Sequence[Value]]:
        """Differentiate the partials of the loss by the weights once more along some directions, at one precision."""
        values, root, leaves = self._forward(key, bits), self.roots["loss"], self._weights
        reason = values[root]
        if isinstance(reason, Missing):
            return [[reason] * len(leaves) for _ in directions]
        with ctx.workprec(bits):
            sweep = SecondSweep(self.program, values, root)
            changes = [sweep.along(one) for one in directions]
        return [[row.get(leaf, ZERO) for leaf in leaves] for row in changes]

    def _find_truth(self, key: tuple[float, ...]) -> Truth:
        (nodes, values, partials), bits = _narrowed(lambda bits: self._run(key, bits)[:3])
        return self._without_poles(key, Truth(nodes, values, partials, bits))

    def _without_poles(self, key: tuple[float, ...], truth: Truth) -> Truth:
        """Look for partials that are undefined a second time, in the expressions that the model's are equal to nearby."""
        undefined = [
            root
            for root, value in truth.values.items()
            if isinstance(value, arb) and any(partial is UNDEFINED for partial in truth.partials[root].values())
        ]
        if not undefined or self.program.smooth or len(self.program.steps) > _MANY:
            return truth
        with ctx.workprec(truth.bits):
            program = self.program.smooth_around(self._forward(key, truth.bits))
            if program is None:
                return truth
            values = program.forward([arb(value) for value in key])
            partials = dict(truth.partials)
            for root in undefined:
                found = program.partials(values, program.roots[self._names[root]])
                old = partials[root]
                partials[root] = {name: found[name] if old[name] is UNDEFINED else old[name] for name in old}
        return truth._replace(partials=partials)


def _narrowed(run: Callable[[int], Any]) -> tuple[Any, int]:
    """Run at more and more bits until all values, in dicts and sequences, are narrow; what never is becomes unknown.

    Return the values, each by the first run at which it was narrow, and the bits of the last run.
    """
    found = run(LEVELS[0])
    for before, bits in pairwise(LEVELS):
        if _is_settled(found):
            return found, before
        found = _merged(found, run(bits))
    return _merged(found, None), LEVELS[-1]


def _is_settled(found: Any) -> bool:
    if type(found) is arb or isinstance(found, Missing | bool):
        return is_narrow(found)
    return all(map(_is_settled, found.values() if isinstance(found, dict) else found))


def _merged(before: Any, after: Any) -> Any:
    """Keep what was narrow before, and take the rest from what is found after; unknown where there is nothing after."""
    if isinstance(before, dict):
        return {name: _merged(value, None if after is None else after[name]) for name, value in before.items()}
    if isinstance(before, list | tuple):
        return [_merged(value, None if after is None else after[place]) for place, value in enumerate(before)]
    return before if is_narrow(before) else UNKNOWN if after is None else after


def is_narrow(value: Value) -> bool:
    """Tell whether a value needs no higher precision."""
    if type(value) is not arb:
        return value is not UNKNOWN
    return bool(value.rel_accuracy_bits() >= NARROW or abs(value) < _SMALLEST or abs(value) > _LARGEST)


@lru_cache(maxsize=8)
def reference(model: Model) -> Reference:
    """The reference of a model, prepared once."""
    return Reference(model)


def _magnitude(value: Value) -> float:
    """Return the size of a value; infinity where there is none."""
    return abs(float(value)) if isinstance(value, arb) else math.inf


def number(value: Value) -> float:
    """The value rounded to a double: 0 or infinite beyond its range, NaN where there is none."""
    if isinstance(value, Missing | bool):
        return math.nan
    return float(value)
