"""``symgraph draw``: pictures of built models and of specs, with the numbers of a row."""

import json
import re
from pathlib import Path

import pytest
from command_line import LINE, Project, Run, run_command

from symgraph.show.views.picture import digits

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


def test_numbers_of_two_targets_of_weights_by_long_names_and_beside_missing_cells_are_drawn(command: Run) -> None:
    Path("pair.py").write_text(PAIR, encoding="utf-8")
    Path("pair.csv").write_text("x,u,v\n1,2,3\n2,5,7\n", encoding="utf-8")
    done = command("draw pair.py --weights a=2 --data pair.csv --row 1")
    assert (done.code, done.notes) == (0, "")
    assert ">7</text>" in done.out
    names = [f"a_long_name_of_a_weight_{place}" for place in range(20)]
    spec = f"from symgraph import Model\nm = Model('many')\nw = m.weights({names})\nm.output('z', sum(w))\n"
    Path("many.py").write_text(spec, encoding="utf-8")
    done = command("draw many.py --weights", ",".join(f"{name}=1" for name in names))
    assert (done.code, done.notes) == (0, "")
    assert ">20</text>" in done.out
    assert "at the weights given</text>" in done.out
    Path("line.py").write_text(LINE, encoding="utf-8")
    Path("gaps.csv").write_text("x,z\n1,1\n,2\n3,3\n", encoding="utf-8")
    assert ">7</text>" in command("draw line.py --weights a=2,b=1 --data gaps.csv --row 2").out


def test_the_picture_in_the_documents_is_what_the_command_writes() -> None:
    root = Path(__file__).parents[2]
    files = "--weights docs/pictures/nine_weights.json --data data/nine_weights.csv"
    done = run_command(root, f"draw nine_weights {files} --row 0")
    assert (done.code, done.notes) == (0, "")
    assert done.out == (root / "docs" / "pictures" / "nine_weights.svg").read_text(encoding="utf-8")
