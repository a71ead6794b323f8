"""The benchmark of what builds say of lost digits, on its smallest case."""

from typing import Any

import lost_digits
import pytest

from symgraph.judge.verification_report import LostDigits

MODELS: list[Any] = [
    ("losing", ["a"], lambda a: (1 + a) ** 3 - 3 * a - 1 + a**9 / 10**30, None, lambda: [1e-9], {}),
    ("sound", ["a"], lambda a: a * a, None, lambda: [0.3], {}),
]


def test_what_builds_say_is_counted_and_a_line_that_is_too_short_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_digits, "POINTS", 2)
    told: list[str] = []
    found = lost_digits.compared(MODELS, told.append)
    counted = {"models": 2, "lose half": 1, "line too short": 0, "sound at traps": 1, "line beyond them": 0}
    assert found == counted | {"need care": 1, "chosen of these": 1, "chosen besides": 0}
    assert told == []

    def short(_: Any, at: Any = None) -> LostDigits:
        return LostDigits("loss", "loss", 0.0, 1e5 if at is None else 1e12, {})

    monkeypatch.setattr(lost_digits, "digits_lost", short)
    assert lost_digits.compared(MODELS[:1], told.append)["line too short"] == 1
    assert told == ["  losing: 5.0 digits for 12.0"]
