"""The usual mistakes of a mean over rows compute what they say."""

import pytest

from symgraph.classroom.mistakes import REDUCTIONS

ROWS, PENALTY = (2.0, 3.0, 7.0, 13.0), 0.5
N, NAMES = len(ROWS), {"total": sum(ROWS), "first": ROWS[0], "last": ROWS[-1], "penalty": PENALTY, "n": len(ROWS)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the first row is left out", (sum(ROWS[1:]) + PENALTY) / N),
        ("the first row is left out, and not counted", sum(ROWS[1:]) / (N - 1) + PENALTY / N),
        ("the last row is left out", (sum(ROWS[:-1]) + PENALTY) / N),
        ("the last row is left out, and not counted", sum(ROWS[:-1]) / (N - 1) + PENALTY / N),
        ("it is of the first row alone", ROWS[0] + PENALTY / N),
        ("it is of the last row alone", ROWS[-1] + PENALTY / N),
    ],
)
def test_a_mistake_about_rows_is_what_it_says(text: str, value: float) -> None:
    (mistake,) = (one for one in REDUCTIONS if one.text == text)
    assert eval(mistake.made, {}, NAMES) == pytest.approx(value, rel=1e-15, abs=0.0)
