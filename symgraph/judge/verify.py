"""Verification of a build: every function of the generated modules against the spec's own expressions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sympy import evaluate

from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.errors import SpecError, VerificationError, listed
from symgraph.judge.contract import Contract, Tally
from symgraph.judge.expected import Expected, ExpectedInFloats, expect
from symgraph.judge.far_points import FarBatches, beyond_range, far_batches, is_ordinary_beside, of_values, within_range
from symgraph.judge.program import Choice
from symgraph.judge.reference import Reference
from symgraph.judge.runs import backend_of
from symgraph.judge.undefined import undefined_at
from symgraph.judge.user_functions import UserFunctions, trouble_of
from symgraph.judge.verification_points import WIDE, Batch, Sample, Sampler
from symgraph.judge.verification_report import VerificationReport
from symgraph.module_functions import ON_REQUEST
from symgraph.options import DOUBLE
from symgraph.spec.model import Model

_ENOUGH = 3
"""Points at which a weight's partial must be seen to differ from 0 before no more are drawn for its sake; fewer where fewer
points are asked for."""


_FLOATS = (1e-37, 1e18)
"""Sizes of intermediate values between which a C file in single precision is verified: normal floats, of which a product with
another is a number; zeros are left out."""
_REMEDY = (
    "an operation of the formula leaves the range of doubles there; declare domain=(low, high) on features and weights, where "
    "the model is meant to live, or write the formula so that it does not"
)
_MORE = 100
"""Points that are drawn at most to find one that floats hold."""


class Effort(NamedTuple):
    """The work done for a model: points to check at, at least and at most, the rows of each, and points far out."""

    points: int
    most: int
    rows: int
    whole: bool
    far: int = 0


def effort_for(steps: int) -> Effort:
    """Choose the effort by the operations of one evaluation, which takes about 1 us an operation.

    Small models get every point and each row alone; of huge ones, each of whose points has every partial anyway, one point.
    """
    if steps <= 300:
        return Effort(8, 40, 3, whole=True, far=4)
    if steps <= 2_000:
        return Effort(4, 12, 3, whole=True, far=2)
    return Effort(2, 4, 2, whole=False) if steps <= 20_000 else Effort(1, 2, 2, whole=False)


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

    Values and partials of the spec's own expressions, enclosed by the reference, are compared with every function of the
    modules at random points of the declared domains. Points where the truth is not finite or of absurd size are drawn again.

    Args:
        model: the spec.
        module: its module of the numpy backend, or None.
        scalar: its module of another backend, C compiled, or a tuple of several, or None.
        sample: (X, y), real rows as the module takes them; every second point takes its rows from there.
        seed: of the draws; the same seed gives the same points.
        points: weight vectors to check at, at least; by default a number that suits the size of the model.

    Returns:
        A report, which names the weights that could not be judged.

    Raises:
        VerificationError: a module is wrong.
        SpecError: no point was found where the model is finite; a domain has to be declared.
    """
    with uncollected(), evaluate(True):
        reference, tally = Reference(model), Tally()
        effort = effort_for(len(reference.program.steps))
        sampler = Sampler(reference, seed, sample, effort.rows)
        search = _Search(reference, sampler, effort.points if points is None else points, effort.most)
        modules = [one for one in (module, *(scalar if isinstance(scalar, tuple) else (scalar,))) if one is not None]
        derivatives = [name for name in ON_REQUEST if any(hasattr(one, name) for one in modules)]
        in_floats = [one for one in modules if one.METADATA.get("dtype") == "float32"]
        functions, held = UserFunctions(reference), list[Batch]()

        def hold(own: list[Any], batch: Batch, turn: int, place: str, kind: type[Expected]) -> Mapping[str, Expected]:
            expected = expect(reference, batch.points, kind, derivatives)
            contract = Contract(reference, batch, f"point {turn} of {place}seed {seed}", expected, tally)
            for one in own:
                backend = "numpy" if one is module else backend_of(one)
                contract.check(one, backend, whole=effort.whole and turn == 0, turn=turn)
            return expected

        while (batch := search.next()) is not None:
            functions.check(batch)
            in_doubles = [one for one in modules if one not in in_floats]
            expected = hold(in_doubles, batch, len(search.batches), "", Expected)
            held += [batch.in_floats()] if in_floats and _within_floats(reference, batch.in_floats()) else []
            search.note(batch, expected)
        if not search.batches:
            text = _no_point(model, sampler, trouble_of(reference))
            raise SpecError(text, model.place(next(iter(sampler.trouble), "")))
        functions.finish()
        plain = [one for one in modules if one not in in_floats and one.METADATA.get("precision", DOUBLE) == DOUBLE]
        out = (
            far_batches(reference, search.batches[: effort.points], effort.far, seed)
            if plain and effort.far
            else FarBatches([], [])
        )
        far = _far_out(reference, module, plain, out.within, refuses=True)
        beyond = _far_out(reference, module, plain, out.beyond, refuses=False)
        for turn, batch in enumerate((held or _more(reference, sampler)) if in_floats else ()):
            hold(in_floats, batch, turn, "those in floats of ", ExpectedInFloats)
        undefined = undefined_at(model, module, search.batches[0]) if module in plain else ()
        return replace(search.report(tally), far=far, beyond=beyond, undefined=undefined)


def _far_out(reference: Reference, module: Any, modules: list[Any], batches: list[Batch], *, refuses: bool) -> str:
    """Hold modules against the model where exponentials are large or leave the range.

    Args:
        reference: of the model.
        module: the module of the numpy backend, or None.
        modules: the modules that compute in doubles.
        batches: the points.
        refuses: whether a wrong value that is not enormous is an error. It is none where an exponential is beyond the range:
            who calls a module there mostly gets NaN or infinity, and not a wrong number in silence.

    Returns:
        The first thing that is wrong, with the exponentials beyond the range and the point; "" where all is right.

    Raises:
        VerificationError: a value is wrong.
    """
    doubt = ""
    for turn, batch in enumerate(batches):
        expected, label = expect(reference, batch.points), f"point {turn} where exponentials are large"
        for one in modules if is_ordinary_beside(expected) else ():
            every, values = (Contract(reference, batch, label, of(expected)) for of in (within_range, of_values))
            how: Any = {"backend": "numpy" if one is module else backend_of(one), "whole": False, "turn": 1}
            try:
                every.check(one, **how)
            except VerificationError as error:
                doubt = doubt or beyond_range(reference, batch.points[0]) + str(error).removeprefix(
                    f"model {reference.model.name}: "
                )
                if refuses:
                    _refuse(values, one, how)
    return doubt


def _refuse(values: Contract, module: Any, how: Mapping[str, Any]) -> None:
    """Raise the error of a value that is wrong, if one is."""
    try:
        values.check(module, **how)
    except VerificationError as error:
        raise VerificationError(f"{error}\n{_REMEDY}") from error


def _more(reference: Reference, sampler: Sampler) -> list[Batch]:
    """Draw until there is a batch whose values floats hold."""
    drawn = (batch.in_floats() for batch in (sampler.draw() for _ in range(_MORE)) if batch is not None)
    found = next((batch for batch in drawn if _within_floats(reference, batch)), None)
    if found is None:
        raise SpecError(
            f"model {reference.model.name}: at every point that was drawn there are values beyond {_FLOATS[0]:g} to "
            f"{_FLOATS[1]:g}, so that its C file in single precision cannot be verified; leave out --float, or declare "
            "narrower domains",
            reference.model.place(),
        )
    return [found]


def _within_floats(reference: Reference, batch: Batch) -> bool:
    """Tell if floats hold the values at a batch."""
    return all(_FLOATS[0] <= look.smallest and look.largest <= _FLOATS[1] for look in map(reference.look, batch.points))


class _Search:
    """Which points come next, and which weights and branches those before have shown.

    After the points that every model gets, more are drawn for the sake of branches that were hardly taken and of weights whose
    partial was hardly seen to differ from 0.
    """

    def __init__(self, reference: Reference, sampler: Sampler, least: int, most: int) -> None:
        self.model, self.program = reference.model, reference.program
        self.weights = dict.fromkeys((weight.name for weight in self.model.weight_inputs), 0)
        self.choices: Counter[Choice] = Counter()
        self.batches: list[Batch] = []
        self._all_choices = frozenset(self.program.all_choices)
        self._sampler = sampler
        self._least = least
        self._enough = min(_ENOUGH, least)
        self._most = max(least, most)

    def report(self, tally: Tally) -> VerificationReport:
        """Sum up what all batches have shown."""
        return VerificationReport(
            model=self.model.name,
            weights=len(self.weights),
            points=len(self.batches),
            sample_points=sum(batch.real for batch in self.batches),
            judged=tally.judged,
            skipped=tally.skipped,
            worst=tally.worst,
            unverified=tuple(name for name, times in self.weights.items() if not times),
            untaken=tuple(where for choice, where in self.program.all_choices.items() if where and choice not in self.choices),
        )

    def next(self) -> Batch | None:
        """Give the next point, or None when there is nothing more to see."""
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

    def note(self, batch: Batch, expected: Mapping[str, Expected]) -> None:
        """Take in what a point has shown."""
        fresh = _seen(batch, expected)
        if any(self.weights[name] < self._enough for name in fresh):
            self._sampler.praise(batch)
        for name in fresh:
            self.weights[name] += 1
        self.choices.update(batch.choices)
        self.batches.append(batch)


def _seen(batch: Batch, expected: Mapping[str, Expected]) -> list[str]:
    """Weights whose partial, by loss, penalty or else by an output, was judged at this batch and is not 0."""
    kinds = {"gradient", "penalty_gradient"} if "gradient" in expected else {"jacobian"}
    wanted = [name for name in expected if name.partition(" ")[0] in kinds]
    nonzero = np.any([(expected[name].judged & (expected[name].want != 0.0)).any(0) for name in wanted], axis=0)
    return [name for name, good in zip(batch.weights, nonzero, strict=True) if good]


def _no_point(model: Model, sampler: Sampler, of_functions: str) -> str:
    inputs = [i.name for i in (*model.feature_inputs, *model.weight_inputs)]
    trouble = f" ({', '.join(sampler.trouble[:5])} never was{of_functions})" if sampler.trouble else ""
    sizes = "" if sampler.trouble else f", with intermediate values from {WIDE[0]:g} to {WIDE[1]:g}"
    return (
        f"model {model.name}: found no point at which it is finite and has finite slopes{trouble}{sizes}; "
        f"declare where it is meant to live with domain=(low, high) on its features and weights ({listed(inputs, 8)})"
    )
