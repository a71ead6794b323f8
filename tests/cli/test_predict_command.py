"""``symgraph predict``: predictions as CSV or JSON."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import Project, Run

from symgraph import load
from symgraph.io.weights import load_weights


@pytest.fixture
def truth(built: Project) -> list[float]:
    module = load(built.path("generated") / "decay.py")
    return list(module.predict(load_weights(built.path("weights.json"), module), np.arange(6.0)))


def test_predictions_are_csv_on_stdout_and_nothing_else(built: Project, truth: list[float]) -> None:
    done = built.run("predict", "decay", "--data", "rows.csv", "--weights", "weights.json")
    assert (done.code, done.notes) == (0, "")
    header, *values = done.out.splitlines()
    assert header == "y_hat"
    assert list(map(float, values)) == truth
    # the run that saved these weights has reached the end: the rows are given to six digits
    assert truth == pytest.approx([2, 1.213061, 0.735759, 0.446260, 0.270671, 0.164170], abs=1e-5)


def test_rows_need_no_target(command: Run, built: Project, truth: list[float]) -> None:
    Path("new.csv").write_text("time,other\n2,x\n0,x\n", encoding="utf-8")
    module, weights = built.path("generated") / "decay.py", built.path("weights.json")
    done = command("predict", module, "--data", "new.csv", "--weights", weights, "--json")
    assert done.code == 0
    assert json.loads(done.out) == {"model": "decay", "y_hat": [truth[2], truth[0]]}


def test_out_writes_the_same_csv_to_a_file(command: Run, built: Project, tmp_path: Path) -> None:
    module, weights = built.path("generated") / "decay.py", built.path("weights.json")
    line = ("predict", module, "--data", built.path("rows.csv"), "--weights", weights)
    printed = command(*line)
    written = command(*line, "--out", "y.csv")
    assert (written.code, written.out, written.notes) == (0, "", "predictions written to y.csv\n")
    assert (tmp_path / "y.csv").read_text(encoding="utf-8") == printed.out
    assert command(*line, "--out", "y.csv", "--quiet").err == ""


def test_out_to_stdout_prints_and_out_to_a_pipe_is_read_there(command: Run, built: Project, truth: list[float]) -> None:
    line = ("predict", "decay", "--data", "rows.csv", "--weights", "weights.json", "--out")
    Path("stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    stdout = Path("stdout").absolute()
    done = built.run(*line, stdout)
    assert (done.code, done.notes) == (0, f"predictions written to {stdout}\n")
    assert stdout.is_symlink()
    assert list(map(float, done.out.splitlines()[1:])) == truth
    os.mkfifo("pipe")
    keep_open = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)  # what is written stays there for the reader
    assert built.run(*line, Path("pipe").resolve()).code == 0
    assert os.read(keep_open, 65536).decode() == done.out
    os.close(keep_open)
    assert Path("pipe").is_fifo()


def test_out_overwrites_neither_the_rows_nor_the_weights_nor_what_is_protected(
    command: Run, built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rows.csv", "weights.json"):
        Path(name).write_bytes(built.path(name).read_bytes())
    line = ("predict", built.path("generated") / "decay.py", "--data", "rows.csv", "--weights", "weights.json")
    for out in ("rows.csv", "./weights.json"):
        done = command(*line, "--out", out)
        assert (done.code, done.out) == (2, "")
        assert f"--out: {Path(out)} is the file of another option" in done.err
    Path("y.csv").write_text("kept", encoding="utf-8")
    # as a file of mode 444 is for anybody but root
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK or Path(path).name != "y.csv")
    done = command(*line, "--out", "y.csv")
    assert (done.code, done.err) == (2, "error: --out: y.csv is write-protected; name another, or allow writing to it\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "weights.json", "y.csv"]


def test_out_writes_the_same_json_to_a_file(command: Run, built: Project, tmp_path: Path) -> None:
    module, weights = built.path("generated") / "decay.py", built.path("weights.json")
    line = ("predict", module, "--data", built.path("rows.csv"), "--weights", weights, "--json")
    printed = command(*line)
    written = command(*line, "--out", "y.json")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "y.json").read_text(encoding="utf-8") == printed.out
    assert json.loads(printed.out)["model"] == "decay"


def test_data_for_a_model_without_features_is_refused_though_it_has_a_target(command: Run, built: Project) -> None:
    spec = (
        'from symgraph import Model\nm = Model("level")\ny = m.target("y")\na = m.weight("a")\n'
        'm.output("y_hat", a)\nm.loss("squared_error")\n'
    )
    Path("level.py").write_text(spec, encoding="utf-8")
    assert command("build", "level.py").code == 0
    assert command("train", "level", "--data", built.path("rows.csv"), "--epochs", "1", "--save", "w.json").code == 0
    done = command("predict", "level", "--weights", "w.json", "--data", built.path("rows.csv"))
    assert (done.code, done.err) == (2, "error: --data: level has no features; leave the option out\n")
    assert command("predict", "level", "--weights", "w.json").out.startswith("y_hat\n")


def test_classes_without_an_output_are_a_column_each(command: Run, built: Project) -> None:
    spec = (
        'from symgraph import Model\nm = Model("soft")\nx, y, a = m.feature("time"), m.target("y"), m.weight("a")\n'
        'm.likelihood("categorical", logits=[0, a*x, 0])\n'
    )
    Path("soft.py").write_text(spec, encoding="utf-8")
    assert command("build", "soft.py").code == 0
    Path("far.csv").write_text("time\n0\n", encoding="utf-8")
    line = ("predict", "soft", "--weights", "a=1", "--data", "far.csv")
    head, row = command(*line).out.splitlines()
    assert head == "class_0,class_1,class_2"
    assert [float(one) for one in row.split(",")] == pytest.approx([1 / 3] * 3)
    found = json.loads(command(*line, "--json").out)
    assert found == {"model": "soft"} | {f"class_{k}": [float(one)] for k, one in enumerate(row.split(","))}


def test_a_model_without_output_is_refused(command: Run, built: Project) -> None:
    done = command("predict", built.path("generated") / "valley.py", "--weights", built.path("weights.json"))
    assert (done.code, done.err) == (2, "error: valley has no output to predict; give its spec a model.output(...)\n")


def test_a_value_that_is_not_finite_is_null_in_json(command: Run, built: Project) -> None:
    Path("far.csv").write_text("time\n-1e6\n", encoding="utf-8")
    line = ("predict", built.path("generated") / "decay.py", "--data", "far.csv", "--weights", built.path("weights.json"))
    assert json.loads(command(*line, "--json").out)["y_hat"] == [None]
    assert command(*line).out == "y_hat\ninf\n"
