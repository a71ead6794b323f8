"""Options that say how rows are read: missing cells, dialects, stdin, and in blocks."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import ROWS, Project, Run, refused

from symgraph import load
from symgraph.cli import rows as rows_of_commands
from symgraph.data.weights import load_weights
from symgraph.errors import DataError

HOLES = "time;y\n0;2,0\n;5\n1;1,213061\n2;NA\n2;0,735759\n3;0,446260\n4;0,270671\n5;0,164170\n"
"""The rows of the project in another dialect, and two with a missing cell."""

LEFT_OUT = (
    "holes.csv: columns separated by semicolons, decimal commas\nholes.csv: 2 of 8 rows left out, since a cell is missing\n"
)


@pytest.fixture
def module(built: Project, tmp_path: Path) -> Path:
    (tmp_path / "holes.csv").write_text(HOLES, encoding="utf-8")
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    return built.module


def test_train_fit_and_gradcheck_leave_out_rows_with_a_missing_cell_and_count_them(command: Run, module: Path) -> None:
    line = f"train {module} --epochs 5 --json --data"
    done = command(f"{line} holes.csv --drop-missing")
    assert (done.code, LEFT_OUT in done.err) == (0, True)
    assert json.loads(done.out) == json.loads(command(f"{line} rows.csv").out)
    assert "left out" not in command(f"{line} holes.csv --drop-missing --quiet").err
    said = "holes.csv: line 3, column time is empty, not a finite number; 1 more such cells follow"
    assert said in command(f"{line} holes.csv").err
    line = f"fit {module} --json --start top=1,rate=1 --data"
    done = command(f"{line} holes.csv --drop-missing")
    assert (done.code, done.err) == (0, LEFT_OUT)
    assert json.loads(done.out)["weights"] == json.loads(command(f"{line} rows.csv").out)["weights"]
    Path("s.csv").write_text("time,s,y\n0,0.1,2\n1,,1.2\n2,0.2,0.7\n3,0.1,\n4,0.3,0.3\n5,0.1,0.2\n", encoding="utf-8")
    Path("whole.csv").write_text("time,s,y\n0,0.1,2\n2,0.2,0.7\n4,0.3,0.3\n5,0.1,0.2\n", encoding="utf-8")
    got = command(f"{line} s.csv --drop-missing --sigma s")
    assert got.err == "s.csv: 2 of 6 rows left out, since a cell is missing\n"
    assert json.loads(got.out)["weights"] == json.loads(command(f"{line} whole.csv --sigma s").out)["weights"]
    line = f"gradcheck {module} --points 1 --data"
    done = command(f"{line} holes.csv --drop-missing")
    assert (done.code, done.notes) == (0, LEFT_OUT)
    Path("odd.txt").write_text("time:y\n1:2\n1'000:1,5\n", encoding="utf-8")
    done = command(f"{line} odd.txt --delimiter :  --decimal , --thousands", "'")
    assert (done.code, done.notes) == (0, "odd.txt: columns separated by :, decimal commas\n")


def test_rows_at_fault_are_those_of_the_file_where_others_are_left_out(command: Run, module: Path) -> None:
    Path("n.csv").write_text("time,s,y\n1,1,1\n,1,2\nNA,1,0\n1,1,2\n-1e300,-1,5\n", encoding="utf-8")
    for more in ("", "--batch-size 2", "--batch-size all"):
        done = command(f"train {module} --data n.csv --drop-missing --epochs 2 {more}")
        assert (done.code, "stopped: in row 4 of epoch 1" in done.err) == (1, True), done
    for line, said in {
        f"{module}": "leave out 1 of 3 rows: the residual of row 4 of n.csv (counted from 0) is not finite",
        f"{module} --sigma s": "sigma is -1.0 in row 4 of n.csv; standard deviations are above 0",
    }.items():
        refused(command(f"fit {line} --data n.csv --drop-missing -q"), said)


def test_a_count_that_the_likelihood_excludes_is_named_by_the_row_of_the_file(tmp_path: Path) -> None:
    counts = {"labels": ("count", None), "likelihood": "poisson"}
    module = SimpleNamespace(MODEL="counts", FEATURES=("x",), TARGET="y", METADATA=counts)
    (tmp_path / "d.csv").write_text("x,y\n,1\n1,2\nNA,3\n1,2.5\n", encoding="utf-8")
    source = rows_of_commands.Source(module, tmp_path / "d.csv", rows_of_commands.reading_of(True, None, None, None))
    with pytest.raises(DataError, match=r"d\.csv: row 3 \(counted from 0\) has y = 2\.5"):
        source.read()


@pytest.mark.parametrize("more", ["", "--stream"])
def test_predictions_stand_beside_the_rows_of_the_file(command: Run, module: Path, built: Project, more: str) -> None:
    line = f"predict {module} --weights {built.weights} --data"
    whole = command(f"{line} rows.csv").out.splitlines()
    done = command(f"{line} holes.csv --drop-missing {more}")
    assert done.code == 0
    assert "holes.csv: 1 of 8 rows left out" in done.err  # the target is not read, so that NA in it does not matter
    lines = done.out.splitlines()
    assert (lines[2], len(lines)) == ("", 9)
    assert [*lines[:2], *lines[3:4], *lines[5:]] == whole
    as_json = json.loads(command(f"{line} holes.csv --drop-missing --json").out)["y_hat"]
    assert [one is None for one in as_json] == [False, True, *[False] * 6]


def test_rows_come_from_stdin(command: Run, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for more in ("", "--batch-size all --stream"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(ROWS.encode())))
        done = command(f"train {module} --data - --epochs 3 {more}")
        assert (done.code, "all epochs are done" in done.err) == (0, True), done
    for more in ("", "--stream"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(ROWS.replace(",", ";").encode())))
        done = command(f"fit 'y ~ a*exp(-k*time)' --data - {more}")
        assert (done.code, "stdin: columns separated by semicolons" in done.err) == (0, True), done


def test_a_run_in_blocks_has_the_bits_of_one_in_memory(command: Run, module: Path) -> None:
    line = f"train {module} --data rows.csv --batch-size all --epochs 9 --save"
    assert command(f"{line} one.json").code == 0
    done = command(f"{line} two.json --stream")
    assert (done.code, "two.json" in done.err) == (0, True)
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()


def test_a_fit_in_blocks_finds_the_weights_and_saves_them(command: Run, module: Path) -> None:
    line = f"fit {module} --data rows.csv --json --start top=1,rate=1 --sigma 0.1"
    got, wanted = (json.loads(command(f"{line} {more}").out)["weights"] for more in ("--stream --save w.json", ""))
    for name, found in got.items():
        # six rows and two weights: rounding times the condition of J
        assert found["value"] == pytest.approx(wanted[name]["value"], rel=1e-12, abs=0.0)
        assert found["stderr"] == pytest.approx(wanted[name]["stderr"], rel=1e-7, abs=0.0)
    # the rows are 2 * exp(-time / 2) to six digits
    np.testing.assert_allclose(sorted(load_weights("w.json", load(module))), [0.5, 2.0], atol=1e-5)


def test_predictions_in_blocks_are_written_whole(command: Run, module: Path, built: Project) -> None:
    line = f"predict {module} --weights {built.weights} --data long.csv"
    Path("long.csv").write_text("time\n" + "".join(f"{i / 8000!r}\n" for i in range(40_000)), encoding="utf-8")
    printed = command(line).out
    assert command(f"{line} --stream").out == printed
    assert command(f"{line} --stream --out y.csv").code == 0
    assert Path("y.csv").read_text(encoding="utf-8") == printed
    Path("long.csv").write_text("time\n" + "1\n" * 40_000 + "x\n", encoding="utf-8")
    refused(command(f"{line} --stream --out y.csv"), "long.csv: line 40002, column time is 'x'")
    assert Path("y.csv").read_text(encoding="utf-8") == printed
    assert not list(Path().glob("*.tmp"))


def test_large_files_are_read_in_blocks_where_that_can_be(command: Run, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    streamed = rows_of_commands.Source.streamed

    def watched(source: rows_of_commands.Source, **options: Any) -> Any:
        taken.append(source.path)
        return streamed(source, **options)

    monkeypatch.setattr(rows_of_commands.Source, "streamed", watched)
    monkeypatch.setattr(rows_of_commands, "LARGE", len(ROWS) - 1)
    for line, times in (("train --epochs 1", 0), ("train --epochs 1 --batch-size all", 1), ("fit", 1), ("fit --sigma y", 0)):
        taken.clear()
        assert command(f"{line} {module} --data rows.csv").code == 0
        assert len(taken) == times, line  # an update after each row needs the rows in memory


def test_a_bar_shows_rows_on_a_terminal(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    plain = rows_of_commands.reading_of(False, None, None, None)
    for quiet in (False, True):
        with rows_of_commands.Source(load(module), tmp_path / "rows.csv", plain, quiet).streamed() as rows:
            rows.loss(np.ones(2))
        shown = capsys.readouterr().err
        assert ("6 rows" in shown and "rows.csv" in shown) is not quiet
