"""``symgraph report``: a page about a model on its data."""

import json
from pathlib import Path

import pytest
from command_line import Project, Run

QUICK = ("--epochs", "2", "--rows", "2", "--optimizer", "adam")


def test_a_report_is_written_and_the_last_line_says_where(command: Run, built: Project, tmp_path: Path) -> None:
    module, rows = built.path("generated") / "decay.py", built.path("rows.csv")
    done = command("report", module, "--data", rows, "-o", "page.html", *QUICK)
    assert (done.code, done.out) == (0, "")
    assert done.notes.splitlines()[-1] == "report written to page.html; open it in a browser"
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "6 rows of rows.csv" in text
    told = json.loads(text.partition('id="graph-numbers">')[2].partition("</script>")[0])
    assert [len(rows) for rows in told["numbers"]] == [2, 2, 2]  # before training, after it, and fitted
    assert not any(path.suffix == ".html" and path.name != "page.html" for path in tmp_path.iterdir())


def test_a_report_trains_only_when_it_is_asked_to(command: Run, built: Project, tmp_path: Path) -> None:
    module, rows = built.path("generated") / "decay.py", built.path("rows.csv")
    assert command("report", module, "--data", rows, "-o", "page.html", "--rows", "1").code == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8").partition("<script>")[0]
    assert "<h2>Fit</h2>" in text
    assert "<h2>Training</h2>" not in text
    assert "At the weights of the fit." in text
    assert "`" not in text  # which is Markdown
    assert "weights of weights" not in text


def test_given_weights_are_those_of_the_graph(command: Run, built: Project, tmp_path: Path) -> None:
    module, rows, weights = built.path("generated") / "decay.py", built.path("rows.csv"), built.path("weights.json")
    done = command("report", module, "--data", rows, "--weights", weights, "-o", "page.html", "--quiet", *QUICK)
    assert (done.code, done.err) == (0, "")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.partition('<select id="weights">')[2].startswith(f"<option>the weights of {weights}</option></select>")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--optimizer", "adma"), "--optimizer: 'adma' is unknown"),
        (("--epochs", "0"), "--epochs must be"),
        (("--rows", "0"), "--rows must be"),
        (("--batch-size", "7", "--optimizer", "adam"), "--batch-size"),
        (("--batch-size", "some", "--optimizer", "adam"), "--batch-size: 'some' is neither"),
        (("--epochs", "5"), "--epochs is of training, which a report leaves out; --optimizer adam asks for it"),
        (("-o", "nowhere/page.html"), "--out: there is no folder nowhere"),
    ],
)
def test_wrong_options_are_one_line_and_nothing_is_written(
    command: Run, built: Project, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = command("report", built.path("generated") / "decay.py", "--data", built.path("rows.csv"), *options)
    assert done.code == 2
    assert message in done.err.splitlines()[-1]
    assert not list(tmp_path.glob("*.html"))


def test_a_report_needs_the_rows_of_its_model(command: Run, built: Project) -> None:
    done = command("report", built.path("generated") / "decay.py")
    assert done.code == 2
    assert "--data is missing" in done.err.splitlines()[-1]
