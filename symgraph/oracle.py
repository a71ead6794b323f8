"""The oracle: what a spec and its derivatives are at one point, by mpmath at many digits.

Tests and the verification of a build hold generated modules against it, so it shares nothing with lowering: no graph, no op
table, no rule of differentiation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

import mpmath

from symgraph.errors import OptionError
from symgraph.exact import NAN, Noise, Program, Values, compile_exactly
from symgraph.exact_decimals import in_decimals
from symgraph.exact_numbers import working
from symgraph.model import Model
from symgraph.stages import weakly

Point = Mapping[str, float]
"""A float for every feature and weight, and for the target if there is one; it is taken as the exact number it is."""

Choice = tuple[int, int]
"""A step of the oracle's program that does different things at different points, and which it does."""

_STEP = mpmath.mpf("1e-20")
_ZERO = 1e-100
"""What a weight that is 0 counts as, for the step along it: small beside all weights that are not meant to be tiny."""
_FINE = 30
"""Steps below 10**-_FINE get more digits."""
_BEND = mpmath.mpf("1e-6")
_FEW = 1_000
"""Programs of more steps compute with decimals."""
_KEPT = 240_000
"""How many values the evaluations that are kept may hold together, some 60 MB; but four are kept of the largest models too."""


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

    Derivatives are central differences whose step h is 1e-20 of the weight. Where the root varies on the scale of the weight
    they truncate at about 1e-40 of the derivative, and round at 10**-digits / h of the root's value: 1e-40 of root / weight at
    60 digits. Where h is below 1e-30 they take more digits, and so round below 1e-40 of the root's value however small the
    weight is. Derivatives are exact to double as long as they are large beside that, which ``resolution`` gives.

    Args:
        model: the spec; it is frozen by this.
        digits: decimal digits of all computations, at least 50; differences along tiny weights take more.

    Raises:
        SpecError: the model is not complete.
        OptionError: too few digits.
    """

    def __init__(self, model: Model, *, digits: int = 60) -> None:
        if digits < 50:
            raise OptionError(f"digits must be at least 50 for differences to be exact to double, not {digits}")
        self.model = model.freeze()
        self.digits = digits
        with working(digits):
            program = compile_exactly(model, digits)
            many = len(program.steps) > _FEW and not program.branching
            self._program = in_decimals(program) if many else program
        self._choosing = [index for index, step in enumerate(self._program.steps) if step.choices]
        self._singular = [(i, s.singular) for i, s in enumerate(self._program.steps) if s.singular is not None and s.weighted]
        self._noise = lru_cache(maxsize=8)(self._program.noise)
        # values and slopes are asked for at the same points, and a point that was drawn is judged next
        self._centre = lru_cache(maxsize=max(4, min(16, _KEPT // max(1, self.steps))))(weakly(self._run_centre))
        self._truths = lru_cache(maxsize=16)(weakly(self._find_truth))
        self._moved = lru_cache(maxsize=64)(weakly(self._find_moved))
        self._leaves = lru_cache(maxsize=2)(weakly(self._find_leaves))
        self._shares = lru_cache(maxsize=8)(weakly(self._find_shares))
        self._step = lru_cache(maxsize=64)(weakly(self._find_step))

    @property
    def steps(self) -> int:
        """How many operations one evaluation takes."""
        return len(self._program.steps)

    @property
    def roots(self) -> tuple[str, ...]:
        """What can be differentiated: the named nodes, and "loss"."""
        return tuple(self._program.roots)

    @property
    def smooth(self) -> bool:
        """Whether the model does the same everywhere, so that it has no kinks."""
        return not self._choosing

    def depends(self, leaf: str) -> frozenset[str]:
        """Which roots depend on an input."""
        moved = set(self._moved(frozenset({leaf})))
        return frozenset(root for root, step in self._program.roots.items() if step in moved)

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
        return self._truths(self._key(point), noise)

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
        self,
        point: Point,
        roots: Sequence[str],
        directions: Sequence[Mapping[str, float]],
        *,
        noise: int | None = None,
        one_sided: bool = False,
    ) -> list[list[Any]]:
        """Do what ``directional`` does for several directions and roots, sharing the work.

        Args:
            point: where.
            roots: "loss", or names of nodes.
            directions: as for ``directional``.
            noise: as for ``gradient``.
            one_sided: whether a forward difference will do, which takes half the time, errs by 1e-20 and sees no kink.

        Returns:
            For every direction the derivative of every root.

        Raises:
            OptionError: the model has no such root, or the point lacks a value.
        """
        key = self._key(point)
        moves = [self._move(key, direction) for direction in directions]
        digits = max((self._digits_for(move.step) for move in moves), default=self.digits)
        with working(digits):
            line = _Line(self, key, roots, noise, digits)
            return [line.forward(move) if one_sided else line.slopes(move) for move in moves]

    def resolution(self, spread: Any, point: Point, direction: Mapping[str, float]) -> Any:
        """Bound what rounding at the oracle's own precision does to a derivative along a direction.

        Args:
            spread: by how much noise changes the root's value.
            point: where.
            direction: as for ``directional``.
        """
        with working(self.digits):
            move = self._move(self._key(point), direction)
            if not move.shares:
                return mpmath.mpf(0)
            # noise is 1e-16 of each intermediate value, and the oracle's rounding 10**-digits of it; 100 of them may add up
            return spread * mpmath.mpf(10) ** (18 - self._digits_for(move.step)) / move.step

    def _move(self, key: tuple[float, ...], direction: Mapping[str, float]) -> "_Move":
        items = tuple(direction.items())
        return _Move(self._shares(items), self._step(key, items))

    def _find_shares(self, direction: tuple[tuple[str, float], ...]) -> dict[str, Any]:
        """The weights that move along a direction, as the program's numbers; not to be changed."""
        return {name: self._program.numbers.exact(share) for name, share in direction if share}

    def _find_step(self, key: tuple[float, ...], items: tuple[tuple[str, float], ...]) -> Any:
        """The step of a difference: 1e-20 of the weight that moves most for its size."""
        point = dict(zip(self._program.leaves, key, strict=True))
        return _STEP * min((_size(float(point[name])) / abs(float(share)) for name, share in items if share), default=1.0)

    def _digits_for(self, step: Any) -> int:
        """Digits of a difference: what is lost to a step below 10**-_FINE is added, and some for sums of roundings."""
        lost = math.ceil(-mpmath.log10(step)) - _FINE
        return self.digits + (lost + 10 if lost > 0 else 0)

    def _key(self, point: Point) -> tuple[float, ...]:
        """The values of the inputs, in order."""
        try:
            return tuple([point[name] for name in self._program.leaves])
        except KeyError as error:
            raise OptionError(f"model {self.model.name}: the point has no value for {error.args[0]}") from None

    def _run_centre(self, key: tuple[float, ...], noise: int | None, digits: int) -> Values:
        """The values of all steps, not to be changed; digits are those of mpmath's current precision."""
        program = self._program
        return program.run(self._leaves(key), list(program.roots.values()), [None] * self.steps, self._factors(noise))

    def _find_truth(self, key: tuple[float, ...], noise: int | None) -> Truth:
        with working(self.digits):
            return self._truth(self._centre(key, noise, self.digits))

    def _truth(self, values: Values) -> Truth:
        model, at, steps, mpf = self.model, self._program.roots, self._program.steps, self._program.numbers.mpf
        made = [(index, steps[index].chosen(values)) for index in self._choosing if values[index] is not None]
        smallest, largest = _extremes(self._program, values)
        return Truth(
            nodes={node.name: mpf(values[at[node.name]]) for node in model.nodes},
            output=None if model.output_node is None else mpf(values[at[model.output_node.name]]),
            loss=None if model.loss_expr is None else mpf(values[at["loss"]]),
            failures=sum(
                not any(values[arg] is NAN for arg in steps[index].args)
                for index in [index for index, value in enumerate(values) if value is NAN]
            ),
            smallest=smallest,
            largest=largest,
            singular=any(
                singular(*(values[arg] for arg in steps[index].args))
                for index, singular in self._singular
                if values[index] is not None
            ),
            choices=frozenset((index, choice) for index, choice in made if choice is not None),
        )

    def _find_leaves(self, key: tuple[float, ...]) -> dict[str, Any]:
        """The inputs as the program's numbers; not to be changed."""
        exact = self._program.numbers.exact
        leaves = zip(self._program.leaves, key, strict=True)
        return {name: exact(value) if math.isfinite(value) else NAN for name, value in leaves}

    def _factors(self, noise: int | None) -> Noise | None:
        return None if noise is None else self._noise(noise)

    def _find_moved(self, names: frozenset[str]) -> tuple[int, ...]:
        """The steps that depend on one of the leaves."""
        steps = self._program.steps
        moved = bytearray(len(steps))
        for index, step in enumerate(steps):
            if step.leaf:
                moved[index] = step.leaf in names
            else:
                for arg in step.args:
                    if moved[arg]:
                        moved[index] = 1
                        break
        return tuple(compress(range(len(steps)), moved))


def _extremes(program: Program, values: Values) -> tuple[float, float]:
    """The smallest and the largest magnitude among values that depend on an input, zeros left out.

    Magnitudes are compared by their power of 2 or 10 first, which is the cheaper comparison.
    """
    power_of = program.numbers.power
    found: list[tuple[int, Any]] = []
    for step, value in zip(program.steps, values, strict=True):
        if step.varies and value is not None and value is not NAN and not isinstance(value, bool):
            power = power_of(value)
            if power is not None:
                found.append((power, value))
    if not found:
        return 1.0, 1.0
    powers = [power for power, _ in found]
    least, most = min(powers), max(powers)
    smallest = min([abs(value) for power, value in found if power == least])
    return float(smallest), float(max([abs(value) for power, value in found if power == most]))


class _Move(NamedTuple):
    """A direction without the weights that stay, and the step of a difference along it."""

    shares: Mapping[str, Any]
    step: Any


class _Line:
    """Differences around one point; lives for one call, within a precision of so many digits."""

    def __init__(self, oracle: Oracle, key: tuple[float, ...], roots: Sequence[str], noise: int | None, digits: int) -> None:
        program = oracle._program
        unknown = [root for root in roots if root not in program.roots]
        if unknown:
            raise OptionError(f"model {oracle.model.name} has no root {unknown[0]!r}; it has {', '.join(program.roots)}")
        self.oracle = oracle
        self.leaves = oracle._leaves(key)
        self.targets = [program.roots[root] for root in roots]
        self.noise = oracle._factors(noise)
        self.values = oracle._centre(key, noise, digits)
        self.numbers = program.numbers
        self.centre = [self.numbers.mpf(self.values[target]) for target in self.targets]

    def slopes(self, move: _Move) -> list[Any]:
        """The slope of every root along a direction; NaN at kinks."""
        direction, step = move
        if not direction:
            return [mpmath.mpf(0) for _ in self.targets]
        up, down = self.moved(direction, step), self.moved(direction, -step)
        slopes = [(above - below) / (2 * step) for above, below in zip(up, down, strict=True)]
        bends = [above - 2 * here + below for above, here, below in zip(up, self.centre, down, strict=True)]
        suspects = [abs(bend) > _BEND * abs(slope * step) for bend, slope in zip(bends, slopes, strict=True)]
        if any(suspects):
            kinks = self.kinks(direction, step / 1024, bends)
            slopes = [NAN if suspect and kink else slope for slope, suspect, kink in zip(slopes, suspects, kinks, strict=True)]
        return slopes

    def forward(self, move: _Move) -> list[Any]:
        """The slope of every root along a direction, to one side."""
        direction, step = move
        if not direction:
            return [mpmath.mpf(0) for _ in self.targets]
        return [(above - here) / step for above, here in zip(self.moved(direction, step), self.centre, strict=True)]

    def kinks(self, direction: Mapping[str, Any], finer: Any, bends: list[Any]) -> list[bool]:
        """Whether each second difference shrinks like the step (a kink) and not like its square (an extremum)."""
        up, down = self.moved(direction, finer), self.moved(direction, -finer)
        finest = (above - 2 * here + below for above, here, below in zip(up, self.centre, down, strict=True))
        return [bool(abs(new) * 32768 > abs(old)) for new, old in zip(finest, bends, strict=True)]

    def moved(self, direction: Mapping[str, Any], step: Any) -> list[Any]:
        """The roots at the point moved along the direction."""
        length, leaves = self.numbers.number(step), dict(self.leaves)
        for name, share in direction.items():
            leaves[name] += length * share
        values = list(self.values)
        moved = self.oracle._moved(frozenset(direction))
        for index in moved:
            values[index] = None
        self.oracle._program.run(leaves, self.targets, values, self.noise, self.values, moved)
        return [self.numbers.mpf(values[target]) for target in self.targets]


def _size(value: float) -> float:
    """The magnitude of a weight; a stand-in where it is 0, or not finite, so that there is no slope anyway."""
    return (abs(value) or _ZERO) if math.isfinite(value) else 1.0
