"""``symgraph draw``: pictures of built models and of specs, with the numbers of a row."""

import json
import re
from pathlib import Path

import pytest
from command_line import LINE, Project, Run, refused, run_command

from symgraph.views.picture import digits

PAIR = """\
import symgraph

model = symgraph.Model("pair")
x, a = model.feature("x"), model.weight("a")
u, v = model.targets("u v")
first, second = model.outputs("first second", a * x, a + x)
model.loss((u - first) ** 2 + (v - second) ** 2)
"""


@pytest.fixture
def project(built: Project, command: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands of this process in a built project."""
    monkeypatch.chdir(built.root)
    return command


def values(picture: str) -> list[str]:
    return re.findall(r'class="(?:value|cotangent)"[^>]*>([^<]+)<', picture)


def test_a_model_is_drawn_to_stdout_or_to_a_file_of_any_format(project: Run, tmp_path: Path) -> None:
    done = project("draw decay")
    assert (done.code, done.notes) == (0, "")
    assert done.out.startswith("<svg ")
    assert 'data-node="y_hat"' in done.out
    assert 'class="vertex operation"' not in done.out
    assert 'class="vertex operation"' in project("draw decay --ops").out
    path = tmp_path / "graph.dot"
    done = project(f"draw decay -o {path}")
    assert (done.code, done.out, done.notes) == (0, "", f"picture of decay written to {path}\n")
    assert path.read_text(encoding="utf-8").startswith('digraph "decay" {')
    assert project(f"draw models.py -o {tmp_path / 'all.svg'}").code == 0
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["all-decay.svg", "all-valley.svg"]


def test_numbers_are_those_of_the_row_and_the_weights_from_a_file_or_by_name(project: Run, built: Project) -> None:
    done = project("draw decay --weights weights.json --data rows.csv --row 2")
    assert (done.code, done.notes) == (0, "")
    assert "row 2 of rows.csv, at the weights of weights.json" in done.out
    assert f">{digits(0.735759)}</text>" in done.out  # the target of that row
    given = ",".join(f"{name}={value!r}" for name, value in json.loads(built.text("weights.json"))["weights"].items())
    named = project(f"draw decay --weights {given} --data rows.csv --row 2 -q").out
    assert len(values(named)) > 4
    assert values(named) == values(done.out)


def test_numbers_of_a_model_with_two_targets_are_read_from_its_rows(command: Run) -> None:
    Path("pair.py").write_text(PAIR, encoding="utf-8")
    Path("pair.csv").write_text("x,u,v\n1,2,3\n2,5,7\n", encoding="utf-8")
    done = command("draw pair.py --weights a=2 --data pair.csv --row 1")
    assert (done.code, done.notes) == (0, "")
    assert ">7</text>" in done.out


def test_weights_by_name_may_be_longer_than_the_name_of_a_file(command: Run) -> None:
    names = [f"a_long_name_of_a_weight_{place}" for place in range(20)]
    spec = f"from symgraph import Model\nm = Model('many')\nw = m.weights({names})\nm.output('z', sum(w))\n"
    Path("many.py").write_text(spec, encoding="utf-8")
    done = command("draw many.py --weights", ",".join(f"{name}=1" for name in names))
    assert (done.code, done.notes) == (0, "")
    assert ">20</text>" in done.out
    assert "at the weights given</text>" in done.out


def test_rows_with_missing_cells_are_passed_over_unless_one_is_asked_for(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    Path("gaps.csv").write_text("x,z\n1,1\n,2\n3,3\n", encoding="utf-8")
    line = "draw line.py --weights a=2,b=1 --data gaps.csv --row"
    assert ">7</text>" in command(f"{line} 2").out
    refused(command(f"{line} 1"), "error: --row: a cell of row 1 of gaps.csv is missing; choose another row")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-o graph.txt", "graph.txt: a picture can be written as .svg, .png, .dot, .gv, .mmd, .mermaid"),
        ("-o nowhere/graph.svg", "--out: there is no folder nowhere"),
        ("--data rows.csv", "writes; else leave out --data"),
        ("--row 1", "--weights is missing: numbers need weights, such as `symgraph train --save FILE` writes; else leave out"),
        ("--weights weights.json", "--data is missing; decay needs the columns time, y"),
        ("--weights rate=1 --data rows.csv", "error: weights of decay: what is given lacks top"),
        ("--weights top=1,rate=one --data rows.csv", "error: --weights: rate is 'one', not a number; write rate=1.5"),
        ("--weights weights.json --data rows.csv --row 6", "--row: there is no row 6 in rows.csv, whose rows are 0 to 5"),
    ],
)
def test_what_cannot_be_drawn_is_refused(project: Run, options: str, said: str) -> None:
    refused(project(f"draw decay {options}"), said)


def test_numbers_of_a_file_of_several_models_are_refused(project: Run) -> None:
    done = project("draw models.py --weights weights.json --data rows.csv")
    refused(done, "models.py defines 2 models (decay, valley); build them")


def test_the_picture_in_the_documents_is_what_the_command_writes() -> None:
    root = Path(__file__).parents[2]
    files = "--weights docs/pictures/nine_weights.json --data data/nine_weights.csv"
    done = run_command(root, f"draw nine_weights {files} --row 0")
    assert (done.code, done.notes) == (0, "")
    assert done.out == (root / "docs" / "pictures" / "nine_weights.svg").read_text(encoding="utf-8")
