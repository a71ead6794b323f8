"""The short form of benchmarks/intervals.py: all its models, fewer repetitions."""

from collections.abc import Callable
from math import sqrt
from pathlib import Path
from types import ModuleType

import pytest

REPETITIONS = 60
LEAST = 0.92 - 4 * sqrt(0.92 * 0.08 / REPETITIONS)
"""Four standard deviations of a binomial share below 92 %, which is what the weight of the 20 models has that bends most."""
APART = 4 * sqrt(0.95 * 0.05 / REPETITIONS / 20)
"""Four of the mean share of 20 models; bands of a model's rows go together, and count as one."""


@pytest.mark.slow
def test_intervals_and_bands_of_twenty_models_hold_the_truth_as_often_as_they_say(script: Callable[[str], ModuleType]) -> None:
    intervals = script("intervals")
    found = {name: intervals.covered(name, REPETITIONS, 1) for name in intervals.CASES}
    assert len(found) == 20
    assert {name: one["least"] for name, one in found.items() if one["least"] < LEAST or one["failed"]} == {}
    assert sum(one["bands"] for one in found.values()) / 20 == pytest.approx(0.95, abs=APART)


def test_make_evidence_runs_the_scripts_that_write_tables() -> None:
    root = Path(__file__).parents[2]
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    writers = {path.name for path in (root / "benchmarks").glob("*.py") if '"--write"' in path.read_text(encoding="utf-8")}
    (named,) = (line.split(":=")[1].split() for line in makefile.splitlines() if line.startswith("EVIDENCE :="))
    assert set(named) == writers
