"""The module contract: every call of every function, held against what is expected on one batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from symgraph.errors import VerificationError
from symgraph.judge.differences.calls import BY_ROW, MATH_ERRORS, NORMAL, WAYS, Call, Given, with_constants
from symgraph.judge.differences.outcomes import Outcome, Rows, bounds, layouts
from symgraph.judge.expected import Expected
from symgraph.judge.reference import Reference
from symgraph.judge.verification_points import Batch
from symgraph.module_functions import FEATURE_JACOBIAN, ON_REQUEST, names_about
from symgraph.spec.residuals import residual_of

_SHARES = np.array((0.5, 2.0, 1.25, 0.75))
"""Cotangents and sample weights of the rows: all different, so that exchanged rows show."""
_MANY = 10_240
"""Rows that are more than a block of any backend, and no multiple of one, once one row is left out."""
_MOST_PARTIALS = 1_000_000
"""Of all those rows; models with many weights get fewer rows."""
_PASTED = 64
"""More weights than this are not printed; the point's number and the seed find them again."""
_OF_TAPE = ("forward", "backward")
_ALL_WAYS = ("", "weighted", "sum")
_ABSENT = "weighted sum"
"""The way in which a row is absent: it is not finite and its weight is 0."""


@dataclass(slots=True)
class Tally:
    """The sums of one verification, as ``VerificationReport`` has them."""

    judged: int = 0
    skipped: int = 0
    worst: float = 0.0


@dataclass(frozen=True, slots=True)
class Contract:
    """Holds modules of a model against what is expected, by fact, on one batch; the label says how that is found again."""

    reference: Reference
    batch: Batch
    label: str
    expected: Mapping[str, Expected]
    tally: Tally = field(default_factory=Tally)

    def check(self, module: Any, backend: str, *, whole: bool, turn: int) -> None:
        """Hold a module of a backend against what is expected.

        Args:
            module: the model's module.
            backend: its name.
            whole: whether each row is tried alone, instead of one; modules with functions for single rows get each.
            turn: how many batches were tried before. The first is also repeated to more rows than a block, laid out in other
                ways in memory, and added up in every way; at the others, ways of passing on the same values take turns.

        Raises:
            VerificationError: it differs.
        """
        subject = f"model {self.reference.model.name}" + ("" if backend == "numpy" else f", {backend} module")
        module = with_constants(module, self.batch.constants)
        for name, got, want in self._facts_of_module(module, backend):
            if type(got) is not type(want) or got != want:
                raise VerificationError(f"{subject}: {name} is {got!r}, the spec says {want!r}")
        lacking = {name for name in ON_REQUEST if not hasattr(module, name)}
        facts = {name: fact for name, fact in self.expected.items() if name.partition(" ")[0] not in lacking}
        facts |= bounds(self.expected) if hasattr(module, "error_bound") else {}
        rows, batch = Rows(module, facts, partial(_has, module, backend), self.reference.on_target), self._given()
        for outcome in rows.outcomes(_ways(batch, backend, whole, turn), batch.w if turn == 0 else None):
            problem = self._problem(outcome, facts)
            if problem:
                raise VerificationError(f"{subject}: {outcome.label}{problem}\n{self._place()}") from outcome.cause

    def _facts_of_module(self, module: Any, backend: str) -> Iterator[tuple[str, Any, Any]]:
        """Yield each fact's name with the module's value and the spec's."""
        model, residual = self.reference.model, residual_of(self.reference.model)
        yield "MODEL", module.MODEL, model.name
        yield "FEATURES", tuple(module.FEATURES), tuple(entry.name for entry in model.feature_inputs)
        yield "WEIGHTS", tuple(module.WEIGHTS), tuple(entry.name for entry in model.weight_inputs)
        yield "CONSTANTS", dict(getattr(module, "CONSTANTS", {})).keys(), self.batch.constants.keys()
        yield "TARGET", module.TARGET, None if model.target_input is None else model.target_input.name
        targets = tuple(target.name for target in model.target_inputs)
        yield "TARGETS", getattr(module, "TARGETS", targets[:1]), targets
        yield "OUTPUTS", tuple(module.OUTPUTS), tuple(node.name for node in model.output_nodes)
        if backend != "scalar" and residual.exprs:
            dtype = np.dtype(module.METADATA.get("dtype", "float64")).type
            yield "residual_factor", module.METADATA.get("residual_factor"), float(dtype(residual.factor))
        yield "penalty", hasattr(module, "penalty"), self.reference.model.penalty_expr is not None
        if hasattr(module, "constraints"):
            limits = {one.name: one.limits for one in model.constraints}
            yield "METADATA['constraints']", [*module.METADATA["constraints"].items()], [*limits.items()]
        for name in names_about("residual"):
            if not residual.exprs and hasattr(module, name):
                yield name, "there", "missing, since the loss is no constant times a square"

    def _given(self) -> Given:
        rows, targets = self.batch.rows, [target.name for target in self.reference.model.target_inputs]
        names = [feature.name for feature in self.reference.model.feature_inputs]
        w = np.array(list(self.batch.weights.values()))
        X = np.array([[row[name] for name in names] for row in rows]) if names else None
        y = np.array([[row[name] for name in targets] for row in rows]) if targets else None
        y = y[:, 0] if y is not None and len(targets) == 1 else y
        return Given(w, X, y, np.arange(len(rows)), shares=_SHARES[: len(rows)], ways=_ALL_WAYS)

    def _problem(self, outcome: Outcome[Expected], facts: Mapping[str, Expected]) -> str:
        """Return a result's fault, to follow its label; or "", and count it unless excused."""
        got, right = outcome.got, outcome.known
        if outcome.problem:
            names = (*outcome.call.facts, *(name for name in facts if name.startswith("node ")))
            excused = isinstance(outcome.cause, MATH_ERRORS) and outcome.call.function in BY_ROW
            if excused and any(facts[name].at(outcome.given.rows).shapeless.any() for name in names):
                return ""
            return f" {outcome.problem}"
        with np.errstate(all="ignore"):  # values that are not finite are what is looked for
            errors = np.abs(got - right.want)
            if not (errors <= right.tolerance).all():
                wrong = np.where(np.isfinite(got), errors > right.tolerance, ~right.shapeless)
                if wrong.any():
                    return self._difference(outcome, np.where(wrong, errors / right.tolerance, -1.0))
            worst = float(np.fmax.reduce(errors / right.unit, axis=None, initial=0.0))
        judged = int(np.count_nonzero(right.judged))
        self.tally.judged += judged
        self.tally.skipped += right.judged.size - judged
        self.tally.worst = max(self.tally.worst, worst)
        return ""

    def _difference(self, outcome: Outcome[Expected], excess: Any) -> str:
        """The value that is farthest off, and where it is."""
        right, worst = outcome.known, np.unravel_index(np.argmax(np.nan_to_num(excess, nan=np.inf)), outcome.got.shape)
        depth = 2 if outcome.fact.endswith(("hessian", NORMAL)) else int(outcome.by)
        axes = ("row", *["by"] * depth)[-right.want.ndim :] if depth else ("row",)
        features = [entry.name for entry in self.reference.model.feature_inputs]
        names = features if outcome.fact.startswith(FEATURE_JACOBIAN) else list(self.batch.weights)
        places = zip(axes, map(int, worst), strict=False)  # none where it is one number
        where = "".join(f", row {place}" if axis == "row" else f", by {names[place]}" for axis, place in places)
        found = f"is {outcome.got[worst]!s}, the spec gives {right.want[worst]!s}"
        return f"{where} {found} (tolerance {right.tolerance[worst]:.2g})"

    def _place(self) -> str:
        """The batch as Python text."""
        given = self._given()
        parts = {"w": given.w, "X": given.X, "y": given.y}
        values = [f"constants = {dict(self.batch.constants)}"] if self.batch.constants else []
        lines = [f"{name} = {part.tolist()}" for name, part in parts.items() if part is not None and part.shape[-1] <= _PASTED]
        return "\n".join([f"at {self.label}:", *lines, *values])


def _has(module: Any, backend: str, call: Call, given: Given) -> bool:
    """Tell whether a module is to have a function, C one that it ships; large batches skip the tape, which has no blocks."""
    if call.function in _OF_TAPE and (backend == "c" or len(given.rows) > len(_SHARES)):
        return False
    if call.function == "penalty":
        return True
    return hasattr(module, call.function) if backend == "c" else (call.function in BY_ROW) == (backend == "scalar")


def _ways(batch: Given, backend: str, whole: bool, turn: int) -> Iterator[Given]:
    """The arguments of all calls: the rows together, with one of them absent, each alone, in other layouts, and repeated."""
    n, has_rows, first = len(batch.rows), batch.X is not None or batch.y is not None, turn == 0
    if backend != "scalar" and has_rows:
        yield batch if first else batch._replace(ways=(_ALL_WAYS[turn % len(_ALL_WAYS)],))
        if n > 1 and (first or turn % len(_ALL_WAYS) == 0):
            yield _with_absent_row(batch)
    for row in range(n) if whole or backend != "numpy" else (turn % n,):
        text = f" of row {row}" if backend == "scalar" else f" of row {row} alone"
        ways = WAYS[:2] if first and not whole else (WAYS[(row + turn) % 2],)
        yield batch.one(row, text)._replace(ways=ways if n > 1 else WAYS[:2])  # rows and batches take turns
    if first and batch.X is not None and backend != "scalar":
        yield from layouts(batch, [(min(_MANY, _MOST_PARTIALS // len(batch.w)), WAYS[:1], {})])


def _with_absent_row(batch: Given) -> Given:
    last = batch.rows == len(batch.rows) - 1
    X = None if batch.X is None else np.where(last[:, None], np.nan, batch.X)
    y = None if batch.y is None else np.where(last if batch.y.ndim == 1 else last[:, None], np.nan, batch.y)
    shares = np.where(last, 0.0, batch.shares)
    return batch._replace(X=X, y=y, shares=shares, ways=(_ABSENT,), by_row=False, text=" with one row absent")
