"""The benchmark of --precision auto on its smallest case: what is wrong is counted as such."""

import random
import re
from typing import Any

import careful
import careful_sums
import numpy as np
import pytest
from timing import Effort

Drawn = random.Random(1)


def model(formula: Any, trap: Any) -> Any:
    return ("one", ["a", "b"], formula, lambda: [Drawn.uniform(1, 2), 3.0], trap, {})


def test_bad_results_of_plain_modules_are_counted_and_those_of_careful_ones_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful, "POINTS", 2)
    lossy = model(lambda a, b: (a * a - b) * 2, lambda: [1.1, 1.21])
    found = careful.judged([lossy], Drawn)
    # the value alone loses digits, its partials 4*a and -2 none
    assert (found["trap"]["bad, plain"], found["trap"]["bad, auto"], found["trap"]["careful"], found["trap"]["silent"]) == (
        2,
        0,
        2,
        0,
    )
    assert (found["ordinary"]["results"], found["ordinary"]["bad, plain"]) == (6, 0)


@pytest.mark.slow
def test_prices_are_ratios_of_a_batch_and_of_a_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(careful, "CURVES", {"a*t": lambda a, k, t: a * t + k})
    monkeypatch.setattr(careful, "FULL", Effort(1, 0.0, 1.0))
    monkeypatch.setattr(careful, "POINTS", 0)
    careful.main([])
    assert re.search(r"^a\*t( +\d+\.\d\d){4}$", capsys.readouterr().out, re.MULTILINE)
    assert np.isfinite([*careful.prices(Effort(1, 0.0, 1.0)).values()]).all()


def test_bad_sums_of_plain_modules_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careful_sums, "ROWS", (20,))
    monkeypatch.setattr(careful_sums, "TRAPS", (0, 1))
    draws = (lambda: (1.1,), lambda: (Drawn.uniform(2, 3),), lambda w: (w[0] ** 3 * (1 - 2.0**-40),))
    monkeypatch.setattr(careful_sums, "REPEATS", 1)
    ratios: list[float] = []
    found = careful_sums.judged([("one", ("a",), ("x",), lambda a, x: 1e3 / (a**3 - x), *draws)], ratios)
    ordinary, counts = found.values()
    assert (ordinary["sums"], ordinary["bad, plain"], ordinary["careful"], len(ratios)) == (6, 0, 0, 3)
    # the loss and its partial, for targets with three sizes of noise
    assert (counts["sums"], counts["bad, plain"], counts["bad, auto"], counts["silent"], counts["careful"]) == (6, 6, 0, 0, 3)
