"""What a verification found."""

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
        worst: the largest error of a judged value, in ulp, or in units of what changes of one ulp in the intermediate values
            make of it where that is more.
        directions: whether derivatives were compared along directions instead of weight by weight.
        unverified: names of the weights whose partial was never seen to be other than 0, so that a fault in it could hide.
        untaken: branches of Piecewise expressions that no point took, likewise.
    """

    model: str
    weights: int
    points: int
    sample_points: int
    judged: int
    skipped: int
    worst: float
    directions: bool
    unverified: tuple[str, ...]
    untaken: tuple[str, ...] = ()

    def __str__(self) -> str:
        seen = self.weights - len(self.unverified)
        how = " along directions" if self.directions else ""
        text = f"{self.model}: {seen} of {self.weights} weights verified{how} at {self.points} points"
        text += f", worst error {self.worst:.2g} ulp"
        gaps = []
        if self.unverified:
            gaps.append(f"partial 0 or unclear at every point: {_listed(self.unverified)}")
        if self.untaken:
            gaps.append(f"never taken: {_listed(self.untaken)}")
        return f"{text}\n{self.model}: not verified, {'; '.join(gaps)}" if gaps else text


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
