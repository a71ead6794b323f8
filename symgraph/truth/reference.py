"""What a model is at one point: values and partials of the spec itself, with as many digits as it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath

from symgraph.errors import OptionError
from symgraph.exact import NAN
from symgraph.model import Model
from symgraph.oracle import Point
from symgraph.truth.noisy import NoisyProgram, Steep, alike
from symgraph.truth.wide import KINK, UNKNOWN, is_number

LEVELS = (133, 200, 400, 800, 1600, 3200, 6400)
"""The precisions in bits, tried in order; the first two are 40 and 60 digits."""
AGREED = 100
"""How many bits two runs must have in common: 30 digits."""
_NOTHING = -1200
"""A number is known as well as doubles can tell if two runs find it below 2**_NOTHING: the smallest double is 2**-1074."""


@dataclass(frozen=True, slots=True)
class Exact:
    """What a model is at one point.

    Attributes:
        values: by the name of the result ("loss", "output", "grad w1", "jacobian w1"), a mpf with at least 30 digits that are
            right; or one of the numbers that differ from themselves: ``NAN`` where the result is undefined, ``KINK`` where it
            has no derivative, ``UNKNOWN`` where no precision sufficed. A number below 2**-1200 stands for any that small.
        inputs: the same for the partials by the other inputs: "grad f1", "jacobian f1", "grad y".
        bits: the precision that was needed.
    """

    values: Mapping[str, Any]
    inputs: Mapping[str, Any]
    bits: int


def leaves_of(point: Point) -> dict[str, Any]:
    """The inputs as mpmath's numbers; ``NAN`` for what is not finite."""
    numbers = {name: mpmath.mpf(value) for name, value in point.items()}
    return {name: value if mpmath.isfinite(value) else NAN for name, value in numbers.items()}


class Reference:
    """Evaluates one model; what depends on the model alone is prepared once.

    Args:
        model: the spec; it is frozen by this.
    """

    def __init__(self, model: Model) -> None:
        self.model = model.freeze()
        self._weights = [entry.name for entry in model.weight_inputs]
        self._others = [entry.name for entry in model.inputs if entry.kind != "weight"]
        self.at = lru_cache(maxsize=len(LEVELS))(lambda bits: NoisyProgram(self.model, bits))
        """The model's program at a precision of so many bits."""

    @property
    def names(self) -> tuple[str, ...]:
        """The results that the model has, in order."""
        found: list[str] = []
        for root, prefix in self._roots():
            found += [root, *(f"{prefix} {name}" for name in self._weights)]
        return tuple(sorted(found, key=lambda name: name not in ("loss", "output")))

    def truth(self, point: Point) -> Exact:
        """Evaluate the model and its partials.

        Args:
            point: a float for every input, taken as the exact number it is.

        Raises:
            OptionError: the point lacks a value.
        """
        leaves = self.leaves(point)
        known: dict[str, Any] = {}
        before, steep = self._run(leaves, LEVELS[0])
        bits = LEVELS[0]
        for bits in LEVELS[1:]:
            after, steeper = self._run(leaves, bits)
            sound = {root: alike(steep[root], steeper[root]) for root in steep}
            with mpmath.workprec(bits):
                # Where noise decides, two runs may agree and be wrong: exp(sqrt(x*x + 1) - x) is 0 where the difference is
                # -2**88 in one run and -2**21 in the other. And values come before their partials: log(1 - p) with 1 - p
                # below all digits saturates what it enters, whose slope is then the same in both.
                for name in after:
                    root = "output" if name.startswith("jacobian ") else "loss" if name.startswith("grad ") else name
                    if name in known or (name != root and root not in known):
                        continue
                    if sound[root] and _agree(before[name], after[name]):
                        known[name] = after[name]
            if len(known) == len(after):
                break
            before, steep = after, steeper
        results = {name: known.get(name, UNKNOWN) for name in before}
        values = {name: results[name] for name in self.names}
        return Exact(values, {name: results[name] for name in results if name not in values}, bits)

    def leaves(self, point: Point) -> dict[str, Any]:
        """The inputs as mpmath's numbers.

        Raises:
            OptionError: the point lacks a value.
        """
        missing = next((name for name in (*self._others, *self._weights) if name not in point), None)
        if missing is not None:
            raise OptionError(f"model {self.model.name}: the point has no value for {missing}")
        return leaves_of(point)

    def _roots(self) -> list[tuple[str, str]]:
        output = [] if self.model.output_node is None else [("output", "jacobian")]
        return ([] if self.model.loss_expr is None else [("loss", "grad")]) + output

    def _run(self, leaves: Mapping[str, Any], bits: int) -> tuple[dict[str, Any], dict[str, Steep]]:
        """All results from one noisy run, and what is large on the way to each root."""
        program = self.at(bits)
        values = program.values(leaves)
        results: dict[str, Any] = {}
        steep: dict[str, Steep] = {}
        for root, prefix in self._roots():
            node = self.model.output_node
            index = program.program.roots["loss" if root == "loss" or node is None else node.name]
            results[root] = value = values[index]
            steep[root] = program.steep(values, index)
            partials = program.cotangents(values, index, steep[root]) if is_number(value) else {}
            for name in (*self._weights, *self._others):
                results[f"{prefix} {name}"] = partials.get(name, value)
        return results, steep


@lru_cache(maxsize=8)
def reference(model: Model) -> Reference:
    """The evaluator of a model, prepared once."""
    return Reference(model)


def truth_at(model: Model, point: Point) -> Exact:
    """Evaluate the spec of a model and its partials at one point, with at least 30 digits that are right.

    Nothing of the graph, the op table's partials or the generated text takes part. Derivatives are taken in reverse mode over
    the spec's own expressions, by textbook rules, in noisy arithmetic of 40 digits and of 60; where the two have fewer than 30
    digits in common, with more, up to 1,900.

    Args:
        model: the spec; it is frozen by this.
        point: name -> float for every feature, weight and the target; taken as the exact number it is.

    Returns:
        The results by name.

    Raises:
        SpecError: the model is not complete.
        OptionError: the point lacks a value.
    """
    return reference(model).truth(point)


def _agree(a: Any, b: Any) -> bool:
    """Whether two runs have found the same: 30 digits, or both next to nothing, or both none."""
    if not is_number(a) or not is_number(b):
        return (a is NAN and b is NAN) or (a is KINK and b is KINK)
    if a == b:
        return True
    size = mpmath.mag(b)
    if mpmath.mag(a) < _NOTHING and size < _NOTHING:
        return True
    return bool(b) and bool(mpmath.mag(a - b) < size - AGREED)
