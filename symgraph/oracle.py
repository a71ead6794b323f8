"""The oracle: what a spec and its derivatives are at one point, by mpmath at many digits.

Tests and the verification of a build hold generated modules against it, so it shares nothing with lowering: no graph, no op
table, no rule of differentiation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath

from symgraph.errors import OptionError
from symgraph.exact import NAN, Noise, Values, compile_exactly
from symgraph.model import Model

Point = Mapping[str, float]
"""A float for every feature and weight, and for the target if there is one; it is taken as the exact number it is."""

Choice = tuple[int, int]
"""A step of the oracle's program that does different things at different points, and which it does."""

_STEP = mpmath.mpf("1e-20")
_BEND = mpmath.mpf("1e-6")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a model is at one point.

    Attributes:
        nodes: the value of every named node, mpf; NaN where it is not finite.
        output: the value of the output; None where the model has none.
        loss: the loss of the row; None where the model has none.
        failures: how many operations have finite operands and no finite result.
        smallest: the smallest magnitude among intermediate values that depend on an input, zeros left out.
        largest: the largest such magnitude.
        singular: whether a weight reaches an operation where its slope is infinite, such as the root of 0, or has no digits in
            doubles, such as the sine of 1e20.
        choices: which branch every Piecewise takes, and which side every function with a kink is on, as far as they matter.
    """

    nodes: Mapping[str, Any]
    output: Any
    loss: Any
    failures: int
    smallest: float
    largest: float
    singular: bool
    choices: frozenset[Choice]


class Oracle:
    """Values and derivatives of one model.

    Derivatives are central differences with the relative step 1e-20 at 60 digits: they truncate below 1e-35 and round at about
    1e-38 of the root's value, so they are exact to double, and blind to no fault of a derivation.

    Args:
        model: the spec; it is frozen by this.
        digits: decimal digits of all computations, at least 50.

    Raises:
        SpecError: the model is not complete.
        OptionError: too few digits.
    """

    def __init__(self, model: Model, *, digits: int = 60) -> None:
        if digits < 50:
            raise OptionError(f"digits must be at least 50 for differences to be exact to double, not {digits}")
        self.model = model.freeze()
        self.digits = digits
        with mpmath.workdps(digits):
            self._program = compile_exactly(model, digits)
        self._choosing = [index for index, step in enumerate(self._program.steps) if step.choices]
        self._noise = lru_cache(maxsize=8)(self._program.noise)
        self._moved = lru_cache(maxsize=64)(self._find_moved)

    @property
    def steps(self) -> int:
        """How many operations one evaluation takes."""
        return len(self._program.steps)

    @property
    def roots(self) -> tuple[str, ...]:
        """What can be differentiated: the named nodes, and "loss"."""
        return tuple(self._program.roots)

    @property
    def choices(self) -> Mapping[Choice, str]:
        """All choices there are; where they stand, for the branches of a Piecewise ("node left, branch 2"), "" for others."""
        found: dict[Choice, str] = {}
        for index, step in enumerate(self._program.steps):
            for choice in range(step.choices):
                where = step.home if step.home == "loss" else f"node {step.home}"
                found[index, choice] = f"{where}, branch {choice + 1}" if step.branches else ""
        return found

    def values(self, point: Point, *, noise: int | None = None) -> Truth:
        """Evaluate the model.

        Args:
            point: where.
            noise: with a number, every intermediate value, every weight and every constant that is no double is changed by up
                to one unit in the last place of a double, at random with the number as seed: what rounding does to a plain
                evaluation in doubles (Parker, Monte Carlo Arithmetic, 1997). The negative number makes the opposite changes.

        Returns:
            The values; nothing is raised where one is not finite.
        """
        with mpmath.workdps(self.digits):
            values = self._centre(point, noise)
            return self._truth(values)

    def gradient(self, point: Point, root: str = "loss", *, noise: int | None = None) -> dict[str, Any]:
        """Give the partial derivative of one root by every weight.

        Args:
            point: where.
            root: "loss", or the name of a node.
            noise: as for ``values``; the same noise goes into all evaluations, so that the result is the exact derivative of a
                neighbouring function.

        Returns:
            A mpf for every weight; NaN where there is no derivative: at a kink or a pole.

        Raises:
            OptionError: the model has no such root, or the point lacks a value.
        """
        names = [weight.name for weight in self.model.weight_inputs]
        found = self.slopes(point, [root], [{name: 1.0} for name in names], noise=noise)
        return dict(zip(names, (slopes[0] for slopes in found), strict=True))

    def directional(self, point: Point, root: str, direction: Mapping[str, float], *, noise: int | None = None) -> Any:
        """Give the derivative of one root along a direction in the space of weights.

        Args:
            point: where.
            root: "loss", or the name of a node.
            direction: a number for some of the weights; 0 is meant for the others.
            noise: as for ``gradient``.

        Returns:
            The sum of partial * direction, a mpf; NaN where there is no derivative.

        Raises:
            OptionError: the model has no such root, or the point lacks a value.
        """
        return self.slopes(point, [root], [direction], noise=noise)[0][0]

    def slopes(
        self, point: Point, roots: Sequence[str], directions: Sequence[Mapping[str, float]], *, noise: int | None = None
    ) -> list[list[Any]]:
        """Do what ``directional`` does for several directions and roots, sharing the work.

        Returns:
            For every direction the derivative of every root.

        Raises:
            OptionError: the model has no such root, or the point lacks a value.
        """
        with mpmath.workdps(self.digits):
            line = _Line(self, point, roots, noise)
            moves = ({name: mpmath.mpf(share) for name, share in direction.items() if share} for direction in directions)
            return [line.slopes(move) for move in moves]

    def resolution(self, spread: Any, point: Point, direction: Mapping[str, float]) -> Any:
        """Bound what rounding at the oracle's own precision does to a derivative along a direction.

        Args:
            spread: by how much noise changes the root's value.
            point: where.
            direction: as for ``directional``.
        """
        with mpmath.workdps(self.digits):
            moves = {name: mpmath.mpf(share) for name, share in direction.items() if share}
            # noise is 1e-16 of each intermediate value, and the oracle's rounding 10**-digits of it; 100 of them may add up
            return spread * mpmath.mpf(10) ** (18 - self.digits) / _step_along(point, moves) if moves else mpmath.mpf(0)

    def _centre(self, point: Point, noise: int | None) -> Values:
        program = self._program
        return program.run(self._leaves(point), list(program.roots.values()), [None] * self.steps, self._factors(noise))

    def _truth(self, values: Values) -> Truth:
        model, at, steps = self.model, self._program.roots, self._program.steps
        known = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
        made = [(index, steps[index].chosen(values)) for index in self._choosing if values[index] is not None]
        sizes = [abs(v) for step, v in known if step.varies and v and not isinstance(v, bool) and v is not NAN]
        return Truth(
            nodes={node.name: values[at[node.name]] for node in model.nodes},
            output=None if model.output_node is None else values[at[model.output_node.name]],
            loss=None if model.loss_expr is None else values[at["loss"]],
            failures=sum(value is NAN and not any(values[arg] is NAN for arg in step.args) for step, value in known),
            smallest=float(min(sizes, default=1.0)),
            largest=float(max(sizes, default=1.0)),
            singular=any(
                step.singular is not None and step.weighted and step.singular(*(values[arg] for arg in step.args))
                for step, _ in known
            ),
            choices=frozenset((index, choice) for index, choice in made if choice is not None),
        )

    def _leaves(self, point: Point) -> dict[str, Any]:
        try:
            leaves = {name: mpmath.mpf(point[name]) for name in self._program.leaves}
        except KeyError as error:
            raise OptionError(f"model {self.model.name}: the point has no value for {error.args[0]}") from None
        return {name: value if mpmath.isfinite(value) else NAN for name, value in leaves.items()}

    def _factors(self, noise: int | None) -> Noise | None:
        return None if noise is None else self._noise(noise)

    def _find_moved(self, names: frozenset[str]) -> tuple[int, ...]:
        """The steps that depend on one of the leaves."""
        moved: list[bool] = []
        for step in self._program.steps:
            moved.append(step.leaf in names if step.leaf else any(moved[arg] for arg in step.args))
        return tuple(index for index, one in enumerate(moved) if one)


class _Line:
    """Differences around one point; lives for one call, within the oracle's precision."""

    def __init__(self, oracle: Oracle, point: Point, roots: Sequence[str], noise: int | None) -> None:
        program = oracle._program
        unknown = [root for root in roots if root not in program.roots]
        if unknown:
            raise OptionError(f"model {oracle.model.name} has no root {unknown[0]!r}; it has {', '.join(program.roots)}")
        self.oracle = oracle
        self.leaves = oracle._leaves(point)
        self.targets = [program.roots[root] for root in roots]
        self.noise = oracle._factors(noise)
        self.values = oracle._centre(point, noise)
        self.centre = [self.values[target] for target in self.targets]

    def slopes(self, direction: Mapping[str, Any]) -> list[Any]:
        """The slope of every root along a direction; NaN at kinks."""
        if not direction:
            return [mpmath.mpf(0) for _ in self.targets]
        step = _step_along(self.leaves, direction)
        up, down = self.moved(direction, step), self.moved(direction, -step)
        slopes = [(above - below) / (2 * step) for above, below in zip(up, down, strict=True)]
        bends = [above - 2 * here + below for above, here, below in zip(up, self.centre, down, strict=True)]
        suspects = [abs(bend) > _BEND * abs(slope * step) for bend, slope in zip(bends, slopes, strict=True)]
        if any(suspects):
            kinks = self.kinks(direction, step / 1024, bends)
            slopes = [NAN if suspect and kink else slope for slope, suspect, kink in zip(slopes, suspects, kinks, strict=True)]
        return slopes

    def kinks(self, direction: Mapping[str, Any], finer: Any, bends: list[Any]) -> list[bool]:
        """Whether each second difference shrinks like the step (a kink) and not like its square (an extremum)."""
        up, down = self.moved(direction, finer), self.moved(direction, -finer)
        finest = (above - 2 * here + below for above, here, below in zip(up, self.centre, down, strict=True))
        return [bool(abs(new) * 32768 > abs(old)) for new, old in zip(finest, bends, strict=True)]

    def moved(self, direction: Mapping[str, Any], step: Any) -> list[Any]:
        """The roots at the point moved along the direction."""
        leaves = self.leaves | {name: self.leaves[name] + step * share for name, share in direction.items()}
        values = list(self.values)
        for index in self.oracle._moved(frozenset(direction)):
            values[index] = None
        self.oracle._program.run(leaves, self.targets, values, self.noise, self.values)
        return [values[target] for target in self.targets]


def _step_along(point: Mapping[str, Any], direction: Mapping[str, Any]) -> Any:
    """The step of a difference: 1e-20 of the weight that moves most for its size; a weight below 1e-10 counts as that."""
    smallest = mpmath.mpf("1e-10")
    return _STEP * min(max(abs(mpmath.mpf(point[name])), smallest) / abs(share) for name, share in direction.items())
