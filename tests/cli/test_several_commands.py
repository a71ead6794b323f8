"""The command line with several targets and outputs: a column of the data each, a column of the predictions each."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import Run, refused

SPEC = """
from sympy import I

from symgraph import Model

impedance = Model("impedance")
omega = impedance.feature("omega", domain=(0.1, 100))
R, R2, C = impedance.weights("R R2 C", init=1, domain=(0.1, 10))
impedance.targets("re im")
impedance.complex_output("z", R + 1 / (1 / R2 + I * omega * C))
impedance.loss("squared_error")
"""


def data() -> str:
    lines = ["im,omega,note,re"]
    for omega in (0.2, 0.5, 1.0, 2.0, 4.0, 8.0):
        z = 1.25 + 1 / (1 / 2.0 + 0.5j * omega)
        lines.append(f"{z.imag!r},{omega},7,{z.real!r}")
    return "\n".join([*lines, ""])


@pytest.fixture
def built(command: Run) -> Run:
    Path("spec.py").write_text(SPEC, encoding="utf-8")
    Path("rows.csv").write_text(data(), encoding="utf-8")
    done = command("build spec.py")
    assert done.code == 0, done.err
    return command


def test_predictions_have_a_column_an_output(built: Run) -> None:
    assert built("train impedance --data rows.csv --epochs 600 --lr 0.02 --save w.json").code == 0
    weights = json.loads(Path("w.json").read_text(encoding="utf-8"))["weights"]
    assert weights == pytest.approx({"R": 1.25, "R2": 2.0, "C": 0.5}, rel=1e-3, abs=0.0)  # exact data, Adam's last steps
    line = "predict impedance --data rows.csv --weights w.json"
    header, *rows = built(line).out.splitlines()
    assert header == "z_re,z_im"
    names, *known = (line.split(",") for line in data().splitlines())
    for row, expected in zip(rows, known, strict=True):
        truth = dict(zip(names, map(float, expected), strict=True))
        assert list(map(float, row.split(","))) == pytest.approx([truth["re"], truth["im"]], abs=1e-3)
    as_json = json.loads(built(f"{line} --json").out)
    assert list(as_json) == ["model", "z_re", "z_im"]
    assert as_json["z_im"] == [float(row.split(",")[1]) for row in rows]


def test_every_engine_trains_and_gradcheck_and_show_take_such_models(built: Run) -> None:
    for backend in ("scalar", *(["c"] if shutil.which("cc") else [])):
        assert built(f"train impedance --data rows.csv --epochs 2 --backend {backend}").code == 0
    assert built("gradcheck impedance --data rows.csv --points 2").code == 0
    assert "z_im = " in built("show spec.py").out
    Path("less.csv").write_text("omega,re\n1,2\n", encoding="utf-8")
    refused(built("train impedance --data less.csv"), "less.csv has no column im; its first line names omega, re")
    refused(built("train impedance"), "--data is missing; impedance needs the columns omega, re, im")
