"""The report of a build's verification; it needs no reference, so that a build without one can read it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from symgraph.errors import listed
from symgraph.html import card, notes
from symgraph.runtime.negligible import CARE

_ALL = -math.log10(2.0**-53)
"""Digits of a double."""
_MANY = 3.0
"""Digits beyond which the point is named at which they are lost."""
_MOST_IDLE = 0.5
"""Share of ordinary rows that may be computed in pairs, some hundred times as slowly, without need."""
_SHARE = 1e-2
"""Share of an error from which on first order explains it."""
_IN_PAIRS = "`--precision auto` computes such rows in pairs of doubles"
_WITH_CARE = "`--precision auto` loses {lost:.1f} there, and takes pairs of doubles in {share:.1%} of the rows drawn"
_CHOSEN = (
    "so its module computes such rows in pairs of doubles: it loses {lost:.1f} there, and takes pairs in {share:.1%} of the "
    "rows drawn (`--precision double` takes none)"
)
_IDLE = (
    "`--precision auto` loses {lost:.1f} there, but would take pairs of doubles in {share:.1%} of the rows drawn, "
    "in {idle:.1%} without need"
)
_WITHOUT = "write the formula so that it does not cancel, or declare a narrower domain"


class WithCare(NamedTuple):
    """The effect of ``--precision auto`` on a model that loses digits.

    Attributes:
        lost: the decimal digits that it loses at the worst points of the search, beyond what inputs leave open.
        share: the share of careful rows at points such as verification would draw.
        idle: the share of rows there that are careful although doubles have their digits, since bounds of errors are too wide.
    """

    lost: float
    share: float
    idle: float = 0.0

    @property
    def is_idle(self) -> bool:
        """Tell if most rows would be computed in pairs for nothing."""
        return self.idle > _MOST_IDLE


@dataclass(frozen=True, slots=True)
class LostDigits:
    """The result at which a graph loses the most digits that the inputs determine.

    Attributes:
        result: its name.
        point: the inputs by name at which that is so.
        node: the user's node whose rounding errors are enlarged the most.
        line: the line of the numpy module that computes that node, 0 if it is not known.
        kappa_in, kappa_graph: the condition of the result by the inputs, and by the operations.
        loss: the error seen there in units of 2**-53, over 1 + kappa_in; it may be larger than what first order explains, where
            a value on the way leaves the range of doubles or a decision is wrong.
        tried: at how many points digits that are lost were looked for.
        has_pairs: whether all of the model's functions can be computed in pairs of doubles.
        with_care: what a module of ``--precision auto`` makes of it, as far as that is known.
        chosen: whether the module was built with that care.
    """

    result: str
    node: str
    kappa_in: float
    kappa_graph: float
    point: Mapping[str, float]
    loss: float = 0.0
    tried: int = 0
    has_pairs: bool = True
    with_care: WithCare | None = None
    chosen: bool = False
    line: int = 0

    @property
    def are_many(self) -> bool:
        """Tell if so many are lost that the point is to be named."""
        return self.digits > _MANY

    @property
    def error(self) -> float:
        """The relative error of the result, beyond what the inputs leave open."""
        return max(self.loss, self._explained) * 2.0**-53

    @property
    def needs_care(self) -> bool:
        """Tell if more are lost than a module of ``--precision auto`` lets pass."""
        return self.error > CARE

    @property
    def digits(self) -> float:
        """The decimal digits that are lost beyond those that the inputs leave open, of 16."""
        return min(_ALL, math.log10(max(1.0, self.loss, self._explained)))

    @property
    def _explained(self) -> float:
        return self.kappa_graph / (1.0 + self.kappa_in)

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line and self.are_many else ""
        by = f"by rounding in {self.node}{line}; kappa_graph {self.kappa_graph:.2g}, kappa_in {self.kappa_in:.2g}"
        if self._explained <= self.loss * _SHARE:
            by = "a value on the way leaves the range of doubles, or a decision is wrong"
        if not self.are_many:
            return f"no result seen to lose more than {self.digits:.1f} digits at {self.tried:,} points ({self.result}, {by})"
        where = ", ".join(f"{name} = {value!r}" for name, value in self.point.items())
        loses = "would lose" if self.chosen else "loses"
        lost = f"{self.result} {loses} {self.digits:.1f} of 16 digits, beyond what its inputs leave open, at {where} ({by})"
        if self.with_care is not None and self.chosen:
            return f"{lost}, {_CHOSEN.format(**self.with_care._asdict())}"
        if self.with_care is not None:
            return f"{lost}; {(_IDLE if self.with_care.is_idle else _WITH_CARE).format(**self.with_care._asdict())}"
        return f"{lost}; {_IN_PAIRS if self.has_pairs else _WITHOUT}"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """A module agrees with its spec, as far as this says.

    Attributes:
        model, weights: the model's name, and how many weights it has.
        points, sample_points: at how many weight vectors, each with some rows, it was held against the spec, and at how many of
            these the rows came from the sample.
        judged, skipped: how many values were compared there, and how many could not be, since rounding blurs them too much.
        worst: the largest error of a judged value, in ulp, or in units of what rounding explains where that is more.
        unverified: names of the weights whose partial was never seen to be other than 0, so that a fault in it could hide.
        untaken: branches of Piecewise expressions that no point took, likewise.
        far: the partial or enormous value that is wrong where exponentials are large, with the point; "" if none was found.
        beyond: what is wrong where an exponential is infinite or 0 to a double, with that and the point; "" likewise.
        undefined: where the module is NaN although it is a number on both sides, as "k = 0" or "a = b".
        unrun: names of files whose text was not run, so that only the graph that they are written from is verified.
        lost: the result that loses the most digits by the module's own operations, if that was asked for.
    """

    model: str
    weights: int
    points: int
    sample_points: int
    judged: int
    skipped: int
    worst: float
    unverified: tuple[str, ...]
    untaken: tuple[str, ...] = ()
    unrun: tuple[str, ...] = ()
    lost: LostDigits | None = None
    far: str = ""
    beyond: str = ""
    undefined: tuple[str, ...] = ()

    def __str__(self) -> str:
        seen = self.weights - len(self.unverified)
        text = f"{self.model}: {seen} of {self.weights} weights verified at {self.points} points"
        gaps = {"partial 0 or unclear at every point": self.unverified, "never taken": self.untaken, "not run": self.unrun}
        told = "; ".join(f"{gap}: {listed(names, 10)}" for gap, names in gaps.items() if names)
        text = f"{text}\n{self.model}: not verified, {told}" if told else text
        if self.undefined:
            where = f"NaN at {listed(self.undefined, 10)}, where both sides are numbers (0/0 or the like)"
            text = f"{text}\n{self.model}: {where}; write the limit as a Piecewise, or declare a domain without"
        far = [f"exponentials are large: {self.far}"] if self.far else []
        far = [" ".join(what.splitlines()) for what in (*far, self.beyond) if what]
        text = "\n".join([text, *(f"{self.model}: not right where {what}" for what in far)])
        return f"{text}; write the formula so that none leaves the range, or declare narrower domains" if self.beyond else text

    def _repr_html_(self) -> str:
        first, *gaps = str(self).splitlines()
        name, _, verdict = first.partition(": ")
        judged = f"{self.judged:,} values judged, {self.skipped:,} that rounding blurs too much"
        said = [f"{judged}; largest error {self.worst:.3g} ulp", *([] if self.lost is None else [str(self.lost)])]
        gaps = [gap.partition(": ")[2] for gap in gaps]
        return card(name, verdict, "open" if gaps else "good", notes(gaps, "bad"), notes(said))
