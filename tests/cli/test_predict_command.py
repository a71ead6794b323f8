"""``symgraph predict``: predictions as CSV or JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Project, Run, refused

from symgraph import load
from symgraph.data.weights import load_weights


@pytest.fixture
def truth(built: Project) -> list[float]:
    module = load(built.module)
    return list(module.predict(load_weights(built.weights, module), np.arange(6.0)))


@pytest.fixture
def line(built: Project) -> str:
    """A command that lacks its data."""
    return f"predict {built.module} --weights {built.weights}"


def test_predictions_are_csv_on_stdout_and_nothing_else(built: Project, truth: list[float]) -> None:
    done = built.run("predict decay --data rows.csv --weights weights.json")
    assert (done.code, done.notes) == (0, "")
    header, *values = done.out.splitlines()
    assert (header, [*map(float, values)]) == ("y_hat", truth)
    # the run that saved these weights has reached the end: the rows are given to six digits
    assert truth == pytest.approx([2, 1.213061, 0.735759, 0.446260, 0.270671, 0.164170], abs=1e-5)


def test_rows_need_no_target_and_what_is_not_finite_is_null_in_json(command: Run, line: str, truth: list[float]) -> None:
    Path("new.csv").write_text("time,other\n2,x\n0,x\n", encoding="utf-8")
    assert json.loads(command(f"{line} --data new.csv --json").out) == {"model": "decay", "y_hat": [truth[2], truth[0]]}
    Path("far.csv").write_text("time\n-1e6\n", encoding="utf-8")
    assert json.loads(command(f"{line} --data far.csv --json").out)["y_hat"] == [None]
    assert command(f"{line} --data far.csv").out == "y_hat\ninf\n"


def test_out_writes_the_same_csv_or_json_to_a_file(command: Run, built: Project, line: str) -> None:
    for form in ("", "--json"):
        whole = f"{line} --data {built.rows} {form}"
        written = command(f"{whole} --out y")
        assert (written.code, written.out, written.notes) == (0, "", "predictions written to y\n")
        assert Path("y").read_text(encoding="utf-8") == command(whole).out
        assert command(f"{whole} --out y --quiet").err == ""


def test_a_model_without_features_takes_no_data_and_classes_without_an_output_are_a_column_each(
    command: Run, built: Project
) -> None:
    spec = 'from symgraph import Model\nm = Model("level")\ny, a = m.target("y"), m.weight("a")\nm.output("y_hat", a)\n'
    Path("level.py").write_text(spec + 'm.loss("squared_error")\n', encoding="utf-8")
    assert command("build level.py --backend numpy").code == 0
    refused(command(f"predict level --weights a=1 --data {built.rows}"), "--data: level has no features; leave the option out")
    assert command("predict level --weights a=1").out == "y_hat\n1.0\n"
    spec = 'from symgraph import Model\nm = Model("soft")\nx, y, a = m.feature("time"), m.target("y"), m.weight("a")\n'
    Path("soft.py").write_text(f'{spec}m.likelihood("categorical", logits=[0, a*x, 0])\n', encoding="utf-8")
    assert command("build soft.py --backend numpy").code == 0
    Path("far.csv").write_text("time\n0\n", encoding="utf-8")
    line = "predict soft --weights a=1 --data far.csv"
    head, row = command(line).out.splitlines()
    assert head == "class_0,class_1,class_2"
    assert [float(one) for one in row.split(",")] == pytest.approx([1 / 3] * 3)
    found = json.loads(command(f"{line} --json").out)
    assert found == {"model": "soft"} | {f"class_{k}": [float(one)] for k, one in enumerate(row.split(","))}


def test_a_model_without_output_is_refused(command: Run, built: Project) -> None:
    done = command(f"predict {built.path('generated/valley.py')} --weights {built.weights}")
    assert refused(done) == "error: valley has no output to predict; give its spec a model.output(...)"
