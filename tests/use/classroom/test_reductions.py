"""The usual mistakes of a mean over rows compute what they say."""

import pytest

from symgraph.use.classroom.mistakes import REDUCTIONS

ROWS, PENALTY = (2.0, 3.0, 7.0, 13.0), 0.5
SUM, N = sum(ROWS), len(ROWS)
NAMES = {"total": SUM, "first": ROWS[0], "last": ROWS[-1], "penalty": PENALTY, "n": N, "features": 5, "weights": 9}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("the first row is left out", {(SUM - 2.0 + PENALTY) / 4}),
        ("the first row is left out, and not counted", {(3.0 + 7.0 + 13.0) / 3 + PENALTY / 4}),
        ("the last row is left out", {(SUM - 13.0 + PENALTY) / 4}),
        ("the last row is left out, and not counted", {(2.0 + 3.0 + 7.0) / 3 + PENALTY / 4}),
        ("it is of the first row alone", {2.0 + PENALTY / 4}),
        ("it is of the last row alone", {13.0 + PENALTY / 4}),
        # of the sum with the penalty, and of the rows alone, to which a right share of the penalty is added
        ("it is divided by the number of rows less 1", {(SUM + PENALTY) / 3, SUM / 3 + PENALTY / 4}),
        ("it is divided by the number of rows twice", {(SUM + PENALTY) / 16, SUM / 16 + PENALTY / 4}),
        ("it is divided by twice the number of rows", {(SUM + PENALTY) / 8, SUM / 8 + PENALTY / 4}),
        ("the penalty is forgotten", {SUM / 4}),
        ("the penalty is not divided by the number of rows", {SUM / 4 + PENALTY}),
        ("the penalty counts half: is a factor 2 forgotten?", {(SUM + PENALTY / 2) / 4}),
        ("the penalty counts twice", {(SUM + PENALTY * 2) / 4}),
    ],
)
def test_a_mistake_about_rows_is_what_it_says(text: str, values: set[float]) -> None:
    found = [eval(mistake.made, {}, NAMES) for mistake in REDUCTIONS if mistake.text == text]
    assert sorted(found) == pytest.approx(sorted(values), rel=1e-15, abs=0.0)
