"""Mistakes drawn by a seeded mutator, which knows nothing of the list of mistakes: nearly all are named, at their line."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from classes import PATIENT, SPECS, model_of, solution_of, wrong
from mutator import Slip, drawn

from symgraph.use.classroom.conventions import ROLES
from symgraph.use.classroom.grading import grade

VAGUE = ("unknown", "error", "follows", "constants")


def told(name: str, seed: int, folder: Path) -> tuple[bool | None, str, Slip]:
    """Whether the mistake of a seed is named at its line, None where it is none, and what is said."""
    changed, function, slip = drawn(solution_of(model_of(name)), seed)
    file = folder / "student.py"
    file.write_text(changed, encoding="utf-8")
    judged = [function] if function in ROLES or function == "sigmoid" else ["loss", "gradient"]  # the penalty's is theirs
    tests = wrong(grade(file, model_of(name), judged, others=False, limits=PATIENT))
    at_line = [test for test in tests if test.line == slip.line]
    named = any(test.mistake not in VAGUE or "stands where" in test.text for test in at_line)
    return (named if tests else None), "; ".join(f"{test.line}: {test.text}" for test in tests[:2]), slip


@pytest.mark.parametrize(
    ("seeds", "least"),
    [pytest.param(range(8), 0.8, id="quick"), pytest.param(range(8, 60), 0.85, id="many", marks=pytest.mark.slow)],
)
def test_drawn_mistakes_are_named(seeds: Sequence[int], least: float, tmp_path: Path) -> None:
    """Each is a class of one file, whose process is searched: some seconds for the quick ones."""
    names = sorted(SPECS)
    found = [(name, *told(name, seed, tmp_path)) for seed in seeds for name in [names[seed % len(names)]]]
    mistakes = [one for one in found if one[1] is not None]
    missed = [one for one in mistakes if not one[1]]
    assert len(mistakes) >= 0.7 * len(seeds)
    assert len(missed) <= (1.0 - least) * len(mistakes), missed
