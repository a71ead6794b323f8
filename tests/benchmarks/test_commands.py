"""Commands as processes: what a run forgets, and what the table says."""

import os
import sys
from pathlib import Path

import commands
import pytest


def test_a_run_lacks_what_it_forgets_and_the_next_one_has_it_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "c"
    cache.mkdir(parents=True)
    names = {"one.so", "one.formula", "one.formula.sha256"}
    for name in names:
        (cache / name).touch()
    script = "import os; print(*os.listdir('cache/c'), file=open('there', 'a'))"
    seen = []
    for forgets in ("", "*.formula*", "*"):
        assert commands.timed(commands.Command((sys.executable, "-c", script), forgets), tmp_path, os.environ) > 0.0
        seen.append(set((tmp_path / "there").read_text().splitlines()[-1].split()))
        assert {path.name for path in cache.iterdir()} == names
    assert seen == [names, {"one.so"}, set()]


def test_a_command_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="failed:\nno such thing"):
        commands.run((sys.executable, "-c", "raise SystemExit('no such thing')"), tmp_path, os.environ)


def test_ratios_are_medians_of_rounds_and_stand_beside_what_is_promised() -> None:
    lines = commands.lines_of({"curve_fit": [0.4, 0.8, 0.4], "fit, kept": [0.5, 0.9, 0.6], "predict": [0.1, 0.1, 0.1]})
    assert [(line[0], *line[-2:]) for line in lines] == [
        ("curve_fit", "1.00", "-"),
        ("fit, kept", "1.25", "1.6"),
        ("predict", "0.250", "1.0"),
    ]
    assert set(commands.MOST) < set(commands.COMMANDS)
