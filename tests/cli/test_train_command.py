"""``symgraph train``: what it prints, writes and returns."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from c_code import needs_c
from command_line import Project, Run, environment, names_in, open_pipe, refused, snapshot, words_of

from symgraph import load
from symgraph.data.reading import read_data
from symgraph.use.training import adam, clip_by_norm, converged, doubts, sgd, step_decay, train


def rows(project: Project) -> tuple[np.ndarray, np.ndarray]:
    data = read_data(project.rows, ("time",), "y")
    assert data.X is not None
    assert data.y is not None
    return data.X, data.y


@pytest.fixture
def line(built: Project) -> str:
    return f"train {built.module} --data {built.rows}"


def test_one_run_prints_its_loss_and_weights_and_says_on_stderr_how_it_ended(command: Run, built: Project, line: str) -> None:
    done = built.run("train decay --data rows.csv --epochs 3 --backend scalar")
    assert done.code == 0
    result = train(load(built.module), *rows(built), optimizer=adam(), epochs=3, seed=0)
    assert done.out.splitlines() == [
        "optimizer  epochs  ended   loss       best epoch",
        f"adam       3       epochs  {result.losses[-1]:.8g}  3",
        "",
        "weight  adam",
        f"top     {result.weights[0]:.8g}",
        f"rate    {result.weights[1]:.8g}",
    ]
    # off a terminal: lines, no bar and no colour
    assert done.notes.splitlines() == [
        "adam: all epochs are done; the weights are those after epoch 3",
        *(f"adam: {line}" for line in doubts(load(built.module), *rows(built), result)),
    ]
    advice = (
        r"adam: not converged: the gradient's norm is \S+, and \d+% of the rows' gradients by \w+ are left over; "
        r"try more epochs, another learning rate, or `symgraph fit`"
    )
    for options in ("", "--batch-size all --stream", "--save w.json --plot loss.svg"):
        assert re.fullmatch(advice, command(f"{line} --epochs 3 {options}").notes.splitlines()[-1])
    converged = command(f"{line} --epochs 2000 --batch-size all --lr 0.1 --schedule cosine").err
    assert "not converged" not in converged
    assert converged.splitlines()[-1].startswith("next: symgraph draw ")


def test_every_option_reaches_the_training_and_json_gives_every_digit(command: Run, built: Project, line: str) -> None:
    options = "--lr 0.05 --lr-step 3 --lr-factor 0.7 --epochs 200 --batch-size 4 --shuffle --seed 5 --tol 1e-4 --clip-norm 0.3"
    done = command(f"{line} --optimizer sgd --json --quiet {options}")
    assert (done.code, done.err) == (0, "")
    rate = step_decay(0.05, every=3, factor=0.7)
    chosen = {"batch_size": 4, "shuffle": True, "seed": 5, "stop": converged(1e-4), "clip": clip_by_norm(0.3)}
    result = train(load(built.module), *rows(built), optimizer=sgd(rate), epochs=200, **chosen)
    assert result.reason == "tolerance"
    document = json.loads(done.out)
    assert document["model"] == "decay"
    run = document["runs"]["sgd"]
    assert (run["losses"], run["reason"], run["epochs"]) == (result.losses.tolist(), "tolerance", result.epochs)
    assert list(run["weights"].items()) == [("top", result.weights[0]), ("rate", result.weights[1])]


def test_the_backend_is_chosen_and_named(command: Run, line: str) -> None:
    for backend in ("scalar", "numpy"):
        assert json.loads(command(f"{line} --epochs 3 --backend {backend} --json").out)["runs"]["adam"]["backend"] == backend


@needs_c
def test_c_is_taken_where_it_was_built_and_refused_by_name_where_not(command: Run, built: Project, tmp_path: Path) -> None:
    line = f"train {tmp_path / 'decay.py'} --data {built.rows} --epochs 3 --json"
    build = f"build {built.path('models.py')} --out {tmp_path}"
    assert command(f"{build} --backend numpy,scalar").code == 0
    made = "there is no decay.c beside it, which `symgraph build --backend c` makes"
    done = command(line)
    assert (done.code, f"adam: run by the backend scalar: {made}" in done.err) == (0, True)
    assert refused(command(f"{line} --backend c")) == f"error: the backend c needs the model's C file: {made}"
    assert command(build).code == 0
    done = command(line)
    run = json.loads(done.out)["runs"]["adam"]
    assert (done.code, run["backend"], "run by" in done.err) == (0, "c", False)
    floats = json.loads(command(f"{line} --backend scalar").out)["runs"]["adam"]
    assert run["losses"] == pytest.approx(floats["losses"], rel=1e-12, abs=0.0)


def test_training_goes_on_from_saved_weights_and_warns_of_another_version(command: Run, built: Project, line: str) -> None:
    for options in ("--epochs 2 --save half", "--epochs 3 --init half.json --save rest", "--epochs 5 --save whole"):
        assert command(f"{line} --optimizer sgd --no-shuffle {options}.json").code == 0
    assert Path("rest.json").read_bytes() == Path("whole.json").read_bytes()
    old = re.sub(r"sha256:\w{4}", "sha256:0000", built.text("weights.json"))
    Path("old.json").write_text(old, encoding="utf-8")
    done = command(f"{line} --epochs 1 --init old.json --quiet")
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith("warning: old.json was saved with another version of decay")


def test_a_model_without_features_and_target_needs_no_data(command: Run, built: Project) -> None:
    # Rosenbrock's valley is steep and flat along its floor: momentum with a small rate creeps towards (1, 1)
    done = command(f"train {built.path('generated/valley.py')} --optimizer momentum --lr 0.0005 --epochs 4000 --json")
    assert json.loads(done.out)["runs"]["momentum"]["weights"]["a"] == pytest.approx(1.0, abs=0.05)


def test_a_run_that_diverges_exits_with_1_and_leaves_good_weights(command: Run, built: Project, line: str) -> None:
    done = command(f"{line} --optimizer sgd --lr 1e150 --save w.json --plot loss.svg")
    assert done.code == 1
    assert re.search("stopped: in row .* of epoch 1 the ", done.err)
    assert "no run finished an epoch: nothing is drawn to loss.svg" in done.err
    start = load(built.module).initial_weights(0)
    assert json.loads(Path("w.json").read_text(encoding="utf-8"))["weights"] == dict(zip(("top", "rate"), start, strict=True))
    assert done.out.splitlines()[1].split() == ["sgd", "0", "non-finite", "-", "-"]
    runs = f"{line} --optimizer sgd,adam --epochs 20 --save w.json"
    assert command(runs).code == 0
    good = {name: Path(name).read_bytes() for name in ("w-sgd.json", "w-adam.json")}
    Path("w-adam.json").rename("kept.json")
    Path("w-adam.json").symlink_to("kept.json")
    done = command(f"{runs} --lr 1e150")
    assert done.code == 1
    assert "sgd: w-sgd.json is left as it was, since this run diverged; name a new file to save these weights" in done.err
    assert {name: Path(name).read_bytes() for name in good} == good


def test_weights_are_on_the_disk_before_the_table_meets_a_reader_that_has_gone(built: Project, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symgraph", "train", "decay", "--data", "rows.csv", "--save", str(tmp_path / "w.json")]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=built.root, env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 1
    assert (tmp_path / "w.json").is_file()


def test_weights_that_cannot_be_saved_after_all_are_printed(command: Run, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = command(f"{line} --epochs 1 --save w.json")
    assert (done.code, "weight  adam" in done.out) == (2, True)
    assert "error: cannot write weights to w.json: No space left on device" in done.err


def test_runs_are_saved_to_a_pipe_one_after_the_other(command: Run, line: str) -> None:
    with open_pipe("pipe") as read:
        assert command(f"{line} --epochs 1 --optimizer sgd,adam --save pipe --json").code == 0
        assert read().count("symgraph weights 1") == 2
    assert names_in(Path()) == ["pipe"]


def test_no_option_overwrites_the_file_of_another(command: Run, built: Project, tmp_path: Path) -> None:
    rows_file = tmp_path / "rows.svg.csv"
    rows_file.write_bytes(built.rows.read_bytes())
    Path("link.svg").symlink_to(rows_file)
    before = snapshot(Path())
    for options in (("--save", rows_file), ("--plot", "link.svg"), ("--save", "same.svg", "--plot", "./same.svg")):
        said = f"{options[-2]}: {Path(options[-1])} is the file of another option, which would be lost"
        refused(command(f"train {built.module} --data {rows_file}", *options), said)
    assert snapshot(Path()) == before
    Path("w-adam.json").mkdir()
    line = f"train {built.module} --data {built.rows} --optimizer sgd,adam --save w.json"  # each file before the runs
    refused(command(line), "error: --save: w-adam.json is a folder; name a file in it")
    Path("p-adam.svg").write_text("mine", encoding="utf-8")
    refused(command(line.replace("--save w.json", "--plot p.svg")), "--plot: p-adam.svg is there and no picture")
    Path("i.json").write_bytes(built.weights.read_bytes())
    line = f"train {built.module} --data {built.rows} --init i.json --save i.json"
    refused(command(line), "--save: i.json is the file of another option, which would be lost")


def test_many_weights_are_not_all_printed_but_all_in_json(command: Run) -> None:
    spec = 'from symgraph import Model\nm = Model("wide")\nx, y, ws = m.feature("x"), m.target("y"), m.weights("b1:41")\n'
    spec += 'm.output("y_hat", sum(w * x**i for i, w in enumerate(ws)))\nm.loss("squared_error")\n'
    Path("wide.py").write_text(spec, encoding="utf-8")
    assert command("build wide.py --backend numpy --no-verify").code == 0
    Path("rows.csv").write_text("x,y\n1,1\n", encoding="utf-8")
    line = "train wide --data rows.csv --epochs 1 --backend numpy"
    done = command(line)
    assert done.out.count("\nb") == 30
    assert "10 more weights; --save or --json gives all" in done.err
    assert len(json.loads(command(f"{line} --json").out)["runs"]["adam"]["weights"]) == 40


def on_terminal(project: Project, stream: str, options: str, **env: str) -> str:
    """Text that a training writes to stdout or stderr where that is a terminal of 80 columns."""
    shown, end = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: end}
    command = [sys.executable, "-m", "symgraph", *words_of(f"train decay --data rows.csv {options}")]
    environ = environment(COLUMNS="80", TERM="xterm-256color", **env)
    with subprocess.Popen(command, cwd=project.root, env=environ, **streams) as process:
        os.close(end)
        text = b""
        with contextlib.suppress(OSError):  # how Linux says that the other side is closed
            while part := os.read(shown, 65536):
                text += part
        os.close(shown)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.read()
        assert process.wait() == 0
    return text.decode()


COLOURED = re.compile(r"\x1b\[(\d+;)*[39][0-8](;\d+)*m")


def test_a_terminal_gets_a_bar_and_colours_but_where_no_color_or_quiet_is_asked_for(built: Project) -> None:
    shown = on_terminal(built, "stderr", "--epochs 20")
    assert "20/20" in shown
    assert COLOURED.search(shown)
    assert not COLOURED.search(on_terminal(built, "stderr", "--epochs 20", NO_COLOR="1"))
    assert on_terminal(built, "stderr", "--epochs 20 --quiet") == ""


def test_the_tables_of_a_terminal_fit_80_columns(built: Project) -> None:
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_terminal(built, "stdout", "--epochs 2 --optimizer sgd,momentum,adam"))
    assert "momentum" in plain
    assert max(map(len, plain.splitlines())) <= 80
