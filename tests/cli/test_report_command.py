"""``symgraph report``: a page about a model on its data."""

import json
from pathlib import Path

import pytest
from command_line import Project, Run

QUICK = "--epochs 2 --rows 2 --optimizer adam"


@pytest.fixture
def line(built: Project) -> str:
    return f"report {built.module} --data {built.rows} -o page.html"


def test_a_report_is_written_and_the_last_line_says_where(command: Run, line: str, tmp_path: Path) -> None:
    done = command(f"{line} {QUICK}")
    assert (done.code, done.out) == (0, "")
    assert done.notes.splitlines()[-1] == "report written to page.html; open it in a browser"
    text = Path("page.html").read_text(encoding="utf-8")
    assert "6 rows of rows.csv" in text
    told = json.loads(text.partition('id="graph-numbers">')[2].partition("</script>")[0])
    assert [len(rows) for rows in told["numbers"]] == [2, 2, 2]  # before training, after it, and fitted
    assert [path.name for path in tmp_path.glob("*.html")] == ["page.html"]


def test_a_report_trains_only_when_it_is_asked_to(command: Run, line: str) -> None:
    assert command(f"{line} --rows 1").code == 0
    text = Path("page.html").read_text(encoding="utf-8").partition("<script>")[0]
    assert "<h2>Fit</h2>" in text
    assert "<h2>Training</h2>" not in text
    assert "At the weights of the fit." in text
    assert "`" not in text  # which is Markdown
    assert "weights of weights" not in text


def test_given_weights_are_those_of_the_graph(command: Run, built: Project, line: str) -> None:
    done = command(f"{line} --weights {built.weights} --quiet {QUICK}")
    assert (done.code, done.err) == (0, "")
    shown = Path("page.html").read_text(encoding="utf-8").partition('<select id="weights">')[2]
    assert shown.startswith(f"<option>the weights of {built.weights}</option></select>")
