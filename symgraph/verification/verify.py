"""Verification of a build: the compiled text against the spec's own expressions."""

import random
from collections import Counter
from typing import Any

from sympy import evaluate

from symgraph.errors import SpecError
from symgraph.model import Model
from symgraph.oracle import Choice, Oracle
from symgraph.stages import uncollected
from symgraph.verification.checks import check_compiled, check_numpy, check_scalar
from symgraph.verification.effort import Effort, effort_for
from symgraph.verification.expected import Direction, Expectation, expect
from symgraph.verification.judge import Judge, Tally
from symgraph.verification.report import VerificationReport
from symgraph.verification.sampling import WIDE, Batch, Sample, Sampler

_ENOUGH = 3
"""At how many points a weight's partial must be seen to differ from 0 before no more points are drawn for its sake; fewer where
fewer points are asked for."""

DIGITS = (60, 400)
"""Digits of the oracle; the second where 60 show no point with finite slopes, as for log(1 - sigmoid(x)) at x = 200."""


def verify(
    model: Model,
    module: Any,
    scalar: Any = None,
    *,
    sample: Sample | None = None,
    seed: int = 0,
    points: int | None = None,
) -> VerificationReport:
    """Hold the generated modules of a model against the model.

    Values and derivatives of the spec's own expressions, computed by mpmath without the graph or a rule of differentiation, are
    compared with every function of the modules at random points of the declared domains. Points where the truth is not finite
    or of absurd size are drawn again. Models with many weights are checked along random directions and at some single weights.

    Args:
        model: the spec.
        module: its module of the numpy backend, or None.
        scalar: its module of the scalar or of the c backend, a tuple of both, or None.
        sample: (X, y), real rows as the module takes them; every second point takes its rows from there.
        seed: of the draws; the same seed gives the same points.
        points: weight vectors to check at, at least; by default a number that suits the size of the model.

    Returns:
        What was seen, the weights that could not be judged among it.

    Raises:
        VerificationError: a module is wrong.
        SpecError: no point was found where the model is finite; a domain has to be declared.
    """
    with uncollected(), evaluate(True):
        return _verified(model, (module, scalar), sample, seed, points)


def _verified(
    model: Model, modules: tuple[Any, Any], sample: Sample | None, seed: int, points: int | None
) -> VerificationReport:
    module, scalar = modules
    for digits in DIGITS:
        oracle = Oracle(model, digits=digits)
        effort = effort_for(len(model.weight_inputs), oracle.steps)
        sampler = Sampler(oracle, seed, sample, effort)
        search = _Search(oracle, sampler, effort.points if points is None else points, effort.most)
        tally = Tally()
        while (batch := search.next()) is not None:
            number = len(search.batches)
            directions = _directions(list(search.weights), effort, random.Random(f"{seed} {number}"))
            expected = expect(oracle, batch, directions, effort)
            _check(model, module, scalar, (batch, expected, f"point {number} of seed {seed}", tally), effort)
            search.note(batch, expected)
        if search.batches:
            return search.report(tally, directions=effort.dense > 0)
    raise SpecError(_no_point(model, sampler))


class _Search:
    """Which points come next, and which weights and branches those before have shown.

    After the points that every model gets, more are drawn for the sake of branches that were hardly taken and of weights whose
    partial was hardly seen to differ from 0.
    """

    def __init__(self, oracle: Oracle, sampler: Sampler, least: int, most: int) -> None:
        self.oracle = oracle
        self.weights = dict.fromkeys((weight.name for weight in oracle.model.weight_inputs), 0)
        self.choices: Counter[Choice] = Counter()
        self.batches: list[Batch] = []
        self._all_choices = frozenset(oracle.choices)
        self._sampler = sampler
        self._least = least
        self._enough = min(_ENOUGH, least)
        self._most = max(least, most)

    def report(self, tally: Tally, *, directions: bool) -> VerificationReport:
        """What all batches have shown."""
        return VerificationReport(
            model=self.oracle.model.name,
            weights=len(self.weights),
            points=len(self.batches),
            sample_points=sum(batch.real for batch in self.batches),
            judged=tally.judged,
            skipped=tally.skipped,
            worst=tally.worst,
            directions=directions,
            unverified=tuple(name for name, times in self.weights.items() if not times),
            untaken=tuple(where for choice, where in self.oracle.choices.items() if where and choice not in self.choices),
        )

    def next(self) -> Batch | None:
        """The next point, or None when there is nothing more to see."""
        if len(self.batches) < self._least:
            return self._sampler.draw()
        if len(self.batches) >= self._most:
            return None
        rare = {choice for choice in self._all_choices if self.choices[choice] < self._enough - 1}
        batch = self._sampler.reach(rare)
        if batch is None:
            self._all_choices = frozenset()  # looked for in vain
            batch = self._sampler.draw() if min(self.weights.values()) < self._enough else None
        return batch

    def note(self, batch: Batch, expected: Expectation) -> None:
        """Take in what a point has shown."""
        fresh = _seen(batch, expected)
        if any(self.weights[name] < self._enough for name in fresh):
            self._sampler.praise(batch)
        for name in fresh:
            self.weights[name] += 1
        self.choices.update(batch.choices)
        self.batches.append(batch)


def _check(model: Model, module: Any, scalar: Any, work: tuple[Batch, Expectation, str, Tally], effort: Effort) -> None:
    batch, expected, label, tally = work
    features = tuple(feature.name for feature in model.feature_inputs)
    target = None if model.target_input is None else model.target_input.name
    if module is not None:
        judge = Judge(f"model {model.name}", batch, features, target, expected.directions, label, tally)
        check_numpy(model, module, judge, expected, brief=effort.brief)
    for row_module in scalar if isinstance(scalar, tuple) else (scalar,):
        if row_module is not None:
            compiled = hasattr(row_module, "value_and_grad") or hasattr(row_module, "predict")
            subject = f"model {model.name}, {'c' if compiled else 'scalar'} module"
            judge = Judge(subject, batch, features, target, expected.directions, label, tally)
            (check_compiled if compiled else check_scalar)(model, row_module, judge, expected)


def _directions(names: list[str], effort: Effort, draw: random.Random) -> list[Direction]:
    """Every weight alone, or, for a big model, some of them and directions that move all."""
    if not effort.dense:
        return [{name: 1.0} for name in names]
    dense = [{name: draw.choice((-1.0, 1.0)) * draw.uniform(0.5, 1.5) for name in names} for _ in range(effort.dense)]
    return [*dense, *({name: 1.0} for name in draw.sample(names, min(effort.single, len(names))))]


def _seen(batch: Batch, expected: Expectation) -> list[str]:
    """Weights whose partial (of the output, where there is no loss) was judged at this batch and is not 0."""
    partials = expected.jacobian if expected.gradient is None else expected.gradient
    if partials is None:  # a model has a loss or an output
        return []
    nonzero = (partials.judged & (partials.want != 0.0)).any(0)
    found = {name for direction, good in zip(expected.directions, nonzero, strict=True) if good for name in direction}
    return [name for name in batch.weights if name in found]


def _no_point(model: Model, sampler: Sampler) -> str:
    inputs = [i.name for i in (*model.feature_inputs, *model.weight_inputs)]
    shown = ", ".join(inputs[:8]) + (", ..." if len(inputs) > 8 else "")
    trouble = f" ({', '.join(sampler.trouble[:5])} never was)" if sampler.trouble else ""
    sizes = "" if sampler.trouble else f", with intermediate values from {WIDE[0]:g} to {WIDE[1]:g}"
    return (
        f"model {model.name}: found no point at which it is finite and has finite slopes{trouble}{sizes}; "
        f"declare where it is meant to live with domain=(low, high) on its features and weights ({shown})"
    )
