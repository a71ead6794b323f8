"""The report of a build's verification; it needs no reference, so that a build without one can read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """A module agrees with its spec, as far as this says.

    Attributes:
        model: the model's name.
        weights: how many weights it has.
        points: at how many weight vectors, each with some rows, it was held against the spec.
        sample_points: at how many of these the rows came from the sample.
        judged: how many values were compared there.
        skipped: how many values could not be judged, since rounding blurs them too much at their point.
        worst: the largest error of a judged value, in ulp, or in units of what rounding explains where that is more.
        unverified: names of the weights whose partial was never seen to be other than 0, so that a fault in it could hide.
        untaken: branches of Piecewise expressions that no point took, likewise.
        unrun: names of files whose text was not run, so that only the graph that they are written from is verified.
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

    def __str__(self) -> str:
        seen = self.weights - len(self.unverified)
        text = f"{self.model}: {seen} of {self.weights} weights verified at {self.points} points"
        text += f", worst error {self.worst:.2g} ulp"
        gaps = []
        if self.unverified:
            gaps.append(f"partial 0 or unclear at every point: {_listed(self.unverified)}")
        if self.untaken:
            gaps.append(f"never taken: {_listed(self.untaken)}")
        if self.unrun:
            gaps.append(f"not run: {_listed(self.unrun)}")
        return f"{text}\n{self.model}: not verified, {'; '.join(gaps)}" if gaps else text


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
