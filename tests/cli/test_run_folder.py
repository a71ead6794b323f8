"""``symgraph train --run`` and ``--resume``: what is kept, what goes on, and what is refused."""

import io
import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import Project, Run, files_of_run, make_project, refused, snapshot

from symgraph.data.files import locked
from symgraph.data.reading import read_data
from symgraph.data.weights import load_weights
from symgraph.project.native.loading import load
from symgraph.use.training import adam, cosine, train

OPTIONS = "--epochs 20 --lr 0.02 --schedule cosine --validation 0.3 --seed 3"
"""Options of the runs that are compared."""


@pytest.fixture
def line(built: Project) -> str:
    return line_of(built)


@pytest.fixture
def run(command: Run, line: str) -> Path:
    """The folder of a run that has ended."""
    assert command(f"{line} --run r").code == 0
    return Path("r")


def line_of(project: Project) -> str:
    return f"train {project.module} --data {project.rows} {OPTIONS}"


def begun(command: Run, folder: Path, epochs: int) -> None:
    """Bring a run back to what it was after some epochs, as if its process had been killed then."""
    options = record_of(folder)["options"]
    shutil.rmtree(folder / "adam")
    (folder / "report.txt").unlink()
    changed(folder, options={**options, "epochs": epochs, "epochs_scheduled": options["epochs"]})
    assert command("train --resume r --quiet").code == 0
    for name in ("adam/weights.json", "adam/best.json", "report.txt"):
        (folder / name).unlink()
    changed(folder, options=options)


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return record


def changed(folder: Path, **changes: Any) -> None:
    (folder / "run.json").write_text(json.dumps({**record_of(folder), **changes}), encoding="utf-8")


def test_a_run_folder_has_all_that_repeats_the_run_and_what_came_of_it(command: Run, built: Project, line: str) -> None:
    done = command(f"{line} --run runs/one")
    folder = Path("runs/one")
    assert done.code == 0
    assert sorted(files_of_run(folder)) == [
        "adam/best.json", "adam/checkpoint.json", "adam/losses.csv", "adam/weights.json", "report.txt",
    ]  # fmt: skip
    module = load(built.module)
    data = read_data(built.rows, ("time",), "y")
    expected = train(module, data.X, data.y, optimizer=adam(cosine(0.02, epochs=20)), epochs=20, seed=3, validation=0.3)
    np.testing.assert_array_equal(load_weights(folder / "adam" / "weights.json", module), expected.weights)
    np.testing.assert_array_equal(load_weights(folder / "adam" / "best.json", module), expected.best_weights)
    header, *lines = (folder / "adam" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert header == "epoch,loss,validation_loss"
    assert expected.validation_losses is not None
    losses = zip(range(1, 21), expected.losses.tolist(), expected.validation_losses.tolist(), strict=True)
    assert lines == [",".join(map(repr, row)) for row in losses]
    record = record_of(folder)
    assert (record["options"]["data"], record["options"]["model"]) == (str(built.rows), str(built.module))
    assert (record["options"]["seed"], record["options"]["schedule"]) == (3, "cosine")
    assert record["model_hash"] == module.METADATA["model_hash"]
    assert set(record["digests"]) == {record["options"]["data"], record["options"]["model"]}
    assert (record["versions"]["symgraph"], record["versions"]["numpy"]) == (version("symgraph-codegen"), version("numpy"))
    assert json.loads((folder / "adam" / "checkpoint.json").read_text(encoding="utf-8"))["run"]["backend"] == expected.backend
    report = (folder / "report.txt").read_text(encoding="utf-8")
    assert done.out.rstrip() in report
    assert done.notes.splitlines()[-1] == report.splitlines()[-1]
    assert "kept in runs/one\n" in done.err


@pytest.mark.parametrize("epochs", [1, 7, 9, 20])
def test_a_run_that_goes_on_ends_with_the_same_bits(command: Run, line: str, epochs: int) -> None:
    whole = command(f"{line} --run r --checkpoint-every 3")
    files = files_of_run(Path("r"))
    begun(command, Path("r"), epochs)
    rest = command("train --resume r")
    assert (rest.code, rest.out, files_of_run(Path("r"))) == (0, whole.out, files)


def test_of_several_runs_those_that_ended_stay_and_the_others_go_on(command: Run, line: str) -> None:
    assert command(f"{line} --optimizer sgd,adam --lr 0.01 --run r").code == 0
    whole = files_of_run(Path("r"))
    shutil.rmtree("r/adam-0.01")
    Path("r/adam-0.02/weights.json").unlink()
    before = Path("r/sgd-0.01/losses.csv").stat().st_mtime_ns
    assert command("train --resume r").code == 0
    assert files_of_run(Path("r")) == whole
    assert Path("r/sgd-0.01/losses.csv").stat().st_mtime_ns >= before


def test_a_run_goes_on_for_more_epochs_on_its_own_schedule(command: Run, line: str) -> None:
    options = "--schedule exponential --lr-factor 0.9"
    assert command(f"{line} {options} --run r").code == 0
    assert command("train --resume r --epochs 31 --quiet").code == 0
    assert command(f"{line} {options} --epochs 31 --run whole").code == 0
    for name in ("losses.csv", "weights.json", "checkpoint.json"):
        assert (Path("r/adam") / name).read_bytes() == (Path("whole/adam") / name).read_bytes()
    assert command(f"{line} --run cosine").code == 0
    losses = json.loads(command("train --resume cosine --epochs 24 --json").out)["runs"]["adam"]["losses"]
    assert len(losses) == 24
    assert losses[20:] == [losses[19]] * 4 or losses[20:] == [losses[20]] * 4  # the rate is 0 where the schedule has ended


def test_initial_weights_are_kept_with_the_run(command: Run, built: Project, line: str) -> None:
    Path("start.json").write_bytes(built.weights.read_bytes())
    assert command(f"{line} --init start.json --optimizer sgd,adam --run r").code == 0
    whole = files_of_run(Path("r"))
    shutil.rmtree("r/adam")
    Path("start.json").unlink()
    assert command("train --resume r").code == 0
    assert files_of_run(Path("r")) == whole


@pytest.fixture
def own(built: Project, tmp_path: Path) -> Project:
    """A built project that a test may change, beside its runs."""
    (tmp_path / "project").mkdir()
    project = make_project(tmp_path / "project")
    shutil.copytree(built.path("generated"), project.path("generated"), ignore=shutil.ignore_patterns("*.c", "*.h"))
    return project


def test_a_run_goes_on_from_another_folder_and_writes_where_it_would_have(
    command: Run, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [Path("w.json"), Path("best.json"), Path("loss.svg")]
    assert command(f"{line} --run r --save w.json --save-best best.json --plot loss.svg").code == 0
    shutil.rmtree("r/adam")
    for file in files:
        file.unlink()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert command("train --resume ../r").code == 0
    assert not list(Path().iterdir())
    assert [(tmp_path / file).exists() for file in files] == [True] * 3


def test_a_run_goes_on_where_its_files_have_moved(command: Run, own: Project) -> None:
    assert command(f"{line_of(own)} --run r").code == 0
    whole = files_of_run(Path("r"))
    shutil.rmtree("r/adam")
    own.rows.rename("moved.csv")
    refused(command("train --resume r"), "rows.csv", "No such file")
    Path("r").rename("renamed")
    done = command("train --resume renamed --data moved.csv")
    assert done.code == 0, done.err
    assert files_of_run(Path("renamed")) == whole


def test_other_data_another_module_and_another_backend_are_refused(command: Run, own: Project) -> None:
    assert command(f"{line_of(own)} --run r --backend scalar").code == 0
    before = snapshot(Path("r"))
    stopped = "r/adam cannot be continued"
    refused(command("train --resume r --backend numpy"), stopped, "backend was scalar", "numpy")
    Path("other.csv").write_text(own.text("rows.csv").replace("2,0.735759", "2,0.735758"), encoding="utf-8")
    refused(command("train --resume r --data other.csv"), stopped, "its data was sha256:")
    refused(command(f"train {own.path('generated/valley.py')} --resume r"), "valley")
    own.write("generated/decay.py", own.text("generated/decay.py").replace("# text ", "# "))  # as another version may write it
    refused(command("train --resume r"), stopped, "its generated module was sha256:")
    own.module.unlink()
    refused(command("train --resume r"), "there is no file", "decay.py")
    assert snapshot(Path("r")) == before


def test_an_option_that_is_not_the_runs_is_refused(command: Run, run: Path) -> None:
    for name, value in {"lr": 0.5, "optimizer": "sgd", "batch-size": 2, "seed": 4, "validation": 0.5, "tol": 0.1}.items():
        refused(command(f"train --resume r --{name} {value}"), f"--{name}: the run of r goes on with what it was begun with")
    refused(command("train --resume r --no-shuffle"), "--shuffle: the run of r goes on with what it was begun with")
    assert command("train --resume r --seed 3 --schedule cosine").code == 0


def test_a_record_that_was_damaged_is_refused_by_name(command: Run, run: Path) -> None:
    text = (run / "run.json").read_text(encoding="utf-8")
    options = json.loads(text)["options"]
    nameless = {"options": {**options, "model": None}}
    changes = (nameless, {"options": 3}, {"options": {**options, "epochs": "many"}}, {"versions": "new"}, {"options": None})
    changed_texts = [json.dumps({**json.loads(text), **change}) for change in changes]
    twice = text.replace('"options": {', '"options": {"epochs": 3, ')
    for damage in (
        "",
        text[:100],
        twice,
        "[]",
        "null",
        text.replace("symgraph run 1", "symgraph run 9"),
        *changed_texts,
        "\xff\xfe",
    ):
        (run / "run.json").write_text(damage, encoding="latin-1")
        refused(command("train --resume r"), "run.json is no record of a run", "begin a new run")


def test_a_folder_that_holds_a_run_or_that_another_process_uses_is_refused(command: Run, line: str, run: Path) -> None:
    refused(command(f"{line} --run r"), "--run: r holds a run already; go on with it by --resume")
    Path("empty").mkdir()
    with locked(run), locked(Path("empty")):
        refused(command("train --resume r"), "r is in use: another process trains into it")
        refused(command(f"{line} --run empty"), "empty is in use")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(command: Run, line: str) -> None:
    Path("closed").mkdir(mode=0o555)
    refused(command(f"{line} --run closed/r"), "--run: closed/r cannot be written: Permission denied")


def test_another_version_is_told_and_another_users_record_or_module_is_refused(
    command: Run, built: Project, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(run, versions={**record_of(run)["versions"], "numpy": "1.0"})
    done = command("train --resume r")
    assert (done.code, f"numpy was 1.0 and is {version('numpy')}: the last bits may differ\n" in done.err) == (0, True)
    before = snapshot(run)
    for theirs in (run, run / "run.json", built.module):
        doubts = {str(theirs): "belongs to mallory, not to you"}
        monkeypatch.setattr("symgraph.cli.run_folder.objection", lambda path, _, doubts=doubts: doubts.get(str(path)))
        refused(command("train --resume r"), f"{theirs} belongs to mallory", "would run")
        named = command(f"train {built.module} --data {built.rows} --resume r")
        if theirs != built.module:
            refused(named, f"{theirs} belongs to mallory", "go on with a copy of the folder")
            assert snapshot(run) == before
        else:
            assert named.code == 0


def test_no_link_in_a_run_folder_is_followed(command: Run, run: Path) -> None:
    mine, before = Path("mine.txt"), files_of_run(run)
    mine.write_text("mine\n", encoding="utf-8")
    for place in ("report.txt", "adam/weights.json", "adam/new", "adam"):
        (run / place).rename("aside") if (run / place).exists() else Path("aside").touch()
        (run / place).symlink_to(mine.absolute())
        refused(command("train --resume r --epochs 21"), f"--resume: r/{place} is a link")
        (run / place).unlink()
        Path("aside").rename(run / place)
    (run / "adam/new").unlink()
    assert (mine.read_text(encoding="utf-8"), files_of_run(run)) == ("mine\n", before)


def test_more_epochs_twice_stay_on_the_schedule_that_a_run_was_begun_with(command: Run, line: str, run: Path) -> None:
    assert command("train --resume r --epochs 24 --quiet").code == 0
    assert command("train --resume r --epochs 28 --quiet").code == 0
    record = record_of(run)["options"]
    assert (record["epochs"], record["epochs_scheduled"]) == (28, 20)


def test_rows_from_stdin_are_no_file_of_the_run(command: Run, built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(built.rows.read_bytes())))
        line = f"train {built.module} --data - --epochs 3 --run r" if not Path("r").exists() else "train --resume r --epochs 4"
        done = command(line)
        assert done.code == 0, done.err
    assert record_of(Path("r"))["options"]["data"] == "-"
    assert list(record_of(Path("r"))["digests"]) == [str(built.module)]
