"""``symgraph fit`` with several data sets: files, or the groups of one."""

import io
import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import Project, Run, refused

from symgraph import load
from symgraph.data.weights import load_weights

PUROMYCIN = Path(__file__).parents[2] / "data" / "puromycin.csv"
FORMULA = "rate ~ vm*conc/(km + conc)"
START = ("--start", "vm=200,km=0.1")


@pytest.fixture
def two_files(tmp_path: Path) -> None:
    """The groups of the file as files of their own."""
    head, *rows = PUROMYCIN.read_text().splitlines()
    for group in ("treated", "untreated"):
        (tmp_path / f"{group}.csv").write_text("\n".join([head, *(row for row in rows if row.split(",")[2] == group)]) + "\n")


@pytest.mark.usefixtures("two_files")
def test_groups_of_a_file_are_fitted_as_files_of_their_own_are(command: Run) -> None:
    grouped = command("fit", FORMULA, "--data", PUROMYCIN, "--group-by", "state", "--share", "km", *START, "--json", "-q")
    files = command("fit", FORMULA, "--data", "treated.csv", "--data", "untreated.csv", "--share", "km", *START, "--json", "-q")
    assert (grouped.code, files.code, grouped.err) == (0, 0, "")
    found, same = json.loads(grouped.out), json.loads(files.out)
    assert {**found, "seconds": 0} == {**same, "seconds": 0}
    assert list(found["weights"]) == ["km", "vm[treated]", "vm[untreated]"]
    assert found["weights"]["km"]["value"] == pytest.approx(0.05797, abs=6e-6)  # as R's help on nls has it
    assert found["weights"]["km"]["stderr"] == pytest.approx(0.00591, abs=6e-6)
    assert found["sets"]["treated"]["n"] == 12


@pytest.mark.usefixtures("two_files")
def test_options_name_a_weight_of_one_data_set_or_of_all(command: Run) -> None:
    line = ("fit", FORMULA, "--data", "treated.csv", "--data", "untreated.csv", "--share", "km", "--json", "-q")
    done = command(*line, "--start", "vm=200,vm[treated]=210,km=0.1", "--fix", "vm[untreated]=165", "--bounds", "km=0.06:")
    found = json.loads(done.out)["weights"]
    assert found["vm[untreated]"] == {"value": 165.0, "stderr": 0.0, "state": "fixed"}
    assert (found["km"]["value"], found["km"]["state"]) == (0.06, "at bound")
    nothing = json.loads(command(*line[:6], "--share", "", *START, "--json", "-q").out)["weights"]
    assert list(nothing) == ["vm[treated]", "km[treated]", "vm[untreated]", "km[untreated]"]


def test_names_of_data_sets_may_have_commas_and_a_column_of_sigma_is_read_from_each_file(command: Run) -> None:
    rows = ["x,y,run", '0,1.1,"T=300, a"', '1,2.9,"T=300, a"', '2,5.1,"T=300, a"', "0,0.1,b", "1,2.1,b", "2,3.9,b"]
    Path("rows.csv").write_text("\n".join(rows))
    line = ("fit", "y ~ a + k*x", "--data", "rows.csv", "--group-by", "run", "--share", "k", "--json", "-q")
    found = json.loads(command(*line, "--fix", "a[T=300, a]=1.5,a[b]").out)["weights"]
    assert found["a[T=300, a]"] == {"value": 1.5, "stderr": 0.0, "state": "fixed"}
    assert found["a[b]"]["state"] == "fixed"
    for name, sigma in (("a", 1), ("b", 2)):
        Path(f"{name}.csv").write_text(f"x,y,s\n0,1,{sigma}\n1,3.5,{sigma}\n2,5,{sigma}\n")
    line = ("fit", "y ~ c + k*x", "--data", "a.csv", "--data", "b.csv", "--share", "c,k", "--json", "-q", "--absolute-sigma")
    found = json.loads(command(*line, "--sigma", "s").out)
    # the rows are those of one fit, once with sigma 1 and once with sigma 2: residuals 1/6, -1/3, 1/6
    assert found["statistics"]["chi2"] == pytest.approx(1.25 * 1.5 / 9, rel=1e-12, abs=0.0)


def test_a_module_reads_groups_from_stdin_and_arrays(command: Run, built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    head, *rows = built.path("rows.csv").read_text().splitlines()
    text = "\n".join([f"{head},run", *(f"{row},{run}" for run in "ab" for row in rows)])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    run = [1234567.0] * 3 + [1234568.0] * 3 + [0.5] * 3
    Path("d.pkl").write_bytes(pickle.dumps({"time": [0.0, 1.0, 2.0] * 3, "y": [2.0, 1.2, 0.7] * 3, "run": run}))
    for file, groups in (("-", ["a", "b"]), ("d.pkl", ["1234567", "1234568", "0.5"])):
        done = command(f"fit {built.module} --data {file} --group-by run --share rate --json -q")
        assert (done.code, done.err, list(json.loads(done.out)["sets"])) == (0, "", groups)


def test_weights_of_each_data_set_are_saved_beside_one_plot(command: Run, built: Project) -> None:
    for name in ("first.csv", "second.csv"):
        Path(name).symlink_to(built.rows)
    done = command(f"fit {built.module} --data first.csv --data second.csv --share rate --save w.json --plot fit.svg")
    assert done.code == 0
    assert done.notes == "weights written to w-first.json\nweights written to w-second.json\nplot written to fit.svg\n"
    for label in ("first", "second"):  # the rows are 2 * exp(-time / 2) to six digits
        assert load_weights(Path(f"w-{label}.json"), load(built.module)) == pytest.approx([2.0, 0.5], abs=1e-6)
    assert "<svg" in Path("fit.svg").read_text()


def test_labels_that_give_one_file_name_are_refused(command: Run) -> None:
    Path("rows.csv").write_text("\n".join(["x,y,g", *(f"{x},{x + 1},{g}" for g in ("a/b", "a_b") for x in range(4))]))
    done = command("fit", "y ~ c + k*x", "--data", "rows.csv", "--group-by", "g", "--share", "k", "--save", "w.json", "-q")
    refused(done, "--save", "w-a_b.json")
    assert sorted(path.name for path in Path().iterdir()) == ["rows.csv"]
