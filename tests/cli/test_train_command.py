"""``symgraph train``: what it prints, writes and returns."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from c_code import needs_c
from command_line import Project, Run, environment, snapshot

from symgraph import load
from symgraph.io.data import read_data
from symgraph.training import adam, clip_by_norm, converged, doubts, sgd, step_decay, train


def rows(project: Project) -> tuple[np.ndarray, np.ndarray]:
    data = read_data(project.path("rows.csv"), ("time",), "y")
    assert data.X is not None
    assert data.y is not None
    return data.X, data.y


def module_of(project: Project, name: str = "decay") -> Path:
    return project.path("generated") / f"{name}.py"


def test_one_run_prints_its_loss_and_weights_and_says_on_stderr_how_it_ended(built: Project) -> None:
    done = built.run("train", "decay", "--data", "rows.csv", "--epochs", "3", "--backend", "scalar")
    assert done.code == 0
    result = train(load(module_of(built)), *rows(built), optimizer=adam(), epochs=3, seed=0)
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
        *(f"adam: {line}" for line in doubts(load(module_of(built)), *rows(built), result)),
    ]
    assert done.err.splitlines()[-1].startswith("adam: not converged: the gradient's norm is ")
    streamed = built.run("train", "decay", "--data", "rows.csv", "--epochs", "3", "--batch-size", "all", "--stream")
    assert streamed.err.splitlines()[-1].startswith("adam: not converged: the gradient's norm is ")
    long = ("--epochs", "2000", "--batch-size", "all", "--lr", "0.1", "--schedule", "cosine")
    assert (
        built.run("train", "decay", "--data", "rows.csv", *long).err.splitlines()[-1]
        == "next: symgraph draw decay -o decay.svg"
    )


def test_several_optimizers_are_compared_saved_apart_and_drawn_together(built: Project, tmp_path: Path) -> None:
    weights, plot = tmp_path / "w.json", tmp_path / "loss.svg"
    options = ("--optimizer", "vanilla,momentum", "--optimizer", "adam", "--epochs", "4", "--save", weights, "--plot", plot)
    done = built.run("train", "decay", "--data", "rows.csv", *options)
    assert done.code == 0, done.err
    table, values = done.out.split("\n\n")
    assert [line.split()[:2] for line in table.splitlines()[1:]] == [["vanilla", "4"], ["momentum", "4"], ["adam", "4"]]
    assert values.splitlines()[0].split() == ["weight", "vanilla", "momentum", "adam"]
    assert max(map(len, done.out.splitlines())) <= 80
    saved = sorted(path.name for path in tmp_path.iterdir())
    runs = ("adam", "momentum", "vanilla")
    assert saved == sorted(["loss.svg", *(f"loss-{run}.svg" for run in runs), *(f"w-{run}.json" for run in runs)])
    assert f"adam: weights saved to {tmp_path / 'w-adam.json'}" in done.err
    assert all(name in plot.read_text(encoding="utf-8") for name in ("vanilla", "momentum", "adam"))


def test_json_gives_every_digit_and_every_epoch(built: Project) -> None:
    done = built.run("train", "decay", "--data", "rows.csv", "--epochs", "5", "--optimizer", "sgd", "--json", "--quiet")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    result = train(load(module_of(built)), *rows(built), optimizer=sgd(), epochs=5, seed=0)
    assert document["model"] == "decay"
    run = document["runs"]["sgd"]
    assert run["losses"] == result.losses.tolist()
    assert list(run["weights"].items()) == [("top", result.weights[0]), ("rate", result.weights[1])]
    assert (run["reason"], run["epochs"]) == ("epochs", 5)


def test_every_option_reaches_the_training(command: Run, built: Project) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd", "--json")
    options = ("--lr", "0.05", "--lr-step", "3", "--lr-factor", "0.7", "--epochs", "200", "--batch-size", "4", "--shuffle")
    options += ("--seed", "5", "--tol", "1e-4", "--clip-norm", "0.3")
    done = command(*line, *options)
    assert done.code == 0
    rate = step_decay(0.05, every=3, factor=0.7)
    chosen = {"batch_size": 4, "shuffle": True, "seed": 5, "stop": converged(1e-4), "clip": clip_by_norm(0.3)}
    result = train(load(module_of(built)), *rows(built), optimizer=sgd(rate), epochs=200, **chosen)
    assert result.reason == "tolerance"
    assert json.loads(done.out)["runs"]["sgd"]["losses"] == result.losses.tolist()


def test_the_backend_is_chosen_and_named(command: Run, built: Project) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd", "--epochs", "3")
    runs = {}
    for backend in ("scalar", "numpy"):
        runs[backend] = json.loads(command(*line, "--backend", backend, "--json").out)["runs"]["sgd"]
    assert [runs[backend]["backend"] for backend in runs] == ["scalar", "numpy"]
    refused = command(*line, "--backend", "jax")
    assert (refused.code, refused.err) == (2, "error: --backend must be one of auto, numpy, scalar, c, not 'jax'\n")


@needs_c
def test_c_is_taken_where_it_was_built_and_refused_by_name_where_not(command: Run, built: Project, tmp_path: Path) -> None:
    options = ("--data", built.path("rows.csv"), "--epochs", "3", "--json")
    assert command("build", built.path("models.py"), "--out", tmp_path, "--backend", "numpy,scalar").code == 0
    made = "there is no decay.c beside it, which `symgraph build --backend c` makes"
    done = command("train", tmp_path / "decay.py", *options)
    assert (done.code, f"adam: run by the backend scalar: {made}" in done.err) == (0, True)
    refused = command("train", tmp_path / "decay.py", *options, "--backend", "c")
    assert (refused.code, refused.err) == (2, f"error: the backend c needs the model's C file: {made}\n")
    assert command("build", built.path("models.py"), "--out", tmp_path).code == 0
    done = command("train", tmp_path / "decay.py", *options)
    run = json.loads(done.out)["runs"]["adam"]
    assert (done.code, run["backend"]) == (0, "c")
    assert "run by" not in done.err
    floats = json.loads(command("train", tmp_path / "decay.py", *options, "--backend", "scalar").out)["runs"]["adam"]
    assert run["losses"] == pytest.approx(floats["losses"], rel=1e-12, abs=0.0)


def test_training_goes_on_from_saved_weights(command: Run, built: Project, tmp_path: Path) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd", "--no-shuffle")
    assert command(*line, "--epochs", "2", "--save", "half.json").code == 0
    assert command(*line, "--epochs", "3", "--init", "half.json", "--save", "rest.json").code == 0
    assert command(*line, "--epochs", "5", "--save", "whole.json").code == 0
    assert (tmp_path / "rest.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_weights_of_another_version_of_the_model_are_warned_about_in_one_line(command: Run, built: Project) -> None:
    text = built.path("weights.json").read_text(encoding="utf-8")
    Path("old.json").write_text(re.sub(r"sha256:\w{4}", "sha256:0000", text), encoding="utf-8")
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--epochs", "1")
    done = command(*line, "--init", "old.json", "--quiet")
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("warning: old.json was saved with another version of decay")


def test_a_model_without_features_and_target_needs_no_data(command: Run, built: Project) -> None:
    # Rosenbrock's valley is steep and flat along its floor: momentum with a small rate creeps towards (1, 1)
    options = ("--optimizer", "momentum", "--lr", "0.0005", "--epochs", "4000", "--json")
    done = command("train", module_of(built, "valley"), *options)
    assert done.code == 0
    weights = json.loads(done.out)["runs"]["momentum"]["weights"]
    assert weights["a"] == pytest.approx(1.0, abs=0.05)
    refused = command("train", module_of(built, "valley"), "--data", built.path("rows.csv"))
    assert (refused.code, refused.err) == (2, "error: --data: valley has no features and no target; leave the option out\n")


def test_a_run_that_diverges_exits_with_1_says_where_and_keeps_the_last_good_weights(command: Run, built: Project) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd", "--lr", "1e150")
    done = command(*line, "--save", "w.json", "--plot", "loss.svg")
    assert done.code == 1
    assert "stopped: in row " in done.err
    assert "of epoch 1 the " in done.err
    assert "no run finished an epoch: nothing is drawn to loss.svg" in done.err
    start = load(module_of(built)).initial_weights(0)
    assert json.loads(Path("w.json").read_text(encoding="utf-8"))["weights"] == dict(zip(("top", "rate"), start, strict=True))
    assert done.out.splitlines()[1].split() == ["sgd", "0", "non-finite", "-", "-"]


def test_an_interrupt_keeps_what_was_reached_and_starts_no_further_run(
    command: Run, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def interrupted(total: int, label: str, *, quiet: bool) -> Iterator[object]:
        left = iter(range(2))

        def advance(remark: str) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        yield advance

    # the package's attribute of that name is the command
    monkeypatch.setattr(sys.modules["symgraph.cli.train"], "progress", interrupted)
    done = command("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd,adam", "--save", "w.json")
    assert done.code == 130
    assert "sgd: interrupted; the weights are those after epoch 3" in done.err
    assert "adam" not in done.out
    assert Path("w-sgd.json").is_file()


def test_a_run_that_diverges_leaves_weights_that_are_there(command: Run, built: Project, tmp_path: Path) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd,adam", "--epochs", "20")
    assert command(*line, "--save", "w.json").code == 0
    good = {name: (tmp_path / name).read_bytes() for name in ("w-sgd.json", "w-adam.json")}
    (tmp_path / "w-adam.json").rename("kept.json")
    (tmp_path / "w-adam.json").symlink_to("kept.json")
    done = command(*line, "--save", "w.json", "--lr", "1e150")
    assert done.code == 1
    assert "sgd: w-sgd.json is left as it was, since this run diverged; name a new file to save these weights" in done.err
    assert {name: (tmp_path / name).read_bytes() for name in good} == good
    assert done.out.splitlines()[1].split() == ["sgd", "0", "non-finite", "-", "-"]


def test_weights_are_on_the_disk_before_the_table_meets_a_reader_that_has_gone(built: Project, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symgraph", "train", "decay", "--data", "rows.csv", "--save", str(tmp_path / "w.json")]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=built.root, env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 1
    assert (tmp_path / "w.json").is_file()


def test_weights_that_cannot_be_saved_after_all_are_printed(
    command: Run, built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = command("train", module_of(built), "--data", built.path("rows.csv"), "--epochs", "1", "--save", "w.json")
    assert done.code == 2
    assert "error: cannot write weights to w.json: No space left on device" in done.err
    assert "weight  adam" in done.out


def test_runs_are_saved_to_a_pipe_one_after_the_other(command: Run, built: Project, tmp_path: Path) -> None:
    os.mkfifo("pipe")
    keep_open = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)  # what is written stays there for the reader
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--epochs", "1", "--optimizer", "sgd,adam")
    done = command(*line, "--save", "pipe", "--json")
    text = os.read(keep_open, 65536).decode()
    os.close(keep_open)
    assert done.code == 0
    assert text.count("symgraph weights 1") == 2
    assert Path("pipe").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_no_option_overwrites_the_file_of_another(command: Run, built: Project, tmp_path: Path) -> None:
    rows_file = tmp_path / "rows.svg.csv"
    rows_file.write_bytes(built.path("rows.csv").read_bytes())
    (tmp_path / "link.svg").symlink_to(rows_file)
    before = snapshot(tmp_path)
    for options in (("--save", rows_file), ("--plot", "link.svg"), ("--save", "same.svg", "--plot", "./same.svg")):
        done = command("train", module_of(built), "--data", rows_file, *options)
        assert (done.code, done.out) == (2, "")
        assert f"{options[-2]}: {Path(options[-1])} is the file of another option, which would be lost" in done.err
    assert snapshot(tmp_path) == before


def test_each_file_of_several_runs_is_checked_before_them(command: Run, built: Project, tmp_path: Path) -> None:
    (tmp_path / "w-adam.json").mkdir()
    line = ("train", module_of(built), "--data", built.path("rows.csv"), "--optimizer", "sgd,adam", "--save", "w.json")
    done = command(*line)
    assert (done.code, done.err) == (2, "error: --save: w-adam.json is a folder; name a file in it\n")


def test_many_weights_are_not_all_printed_but_all_in_json(command: Run) -> None:
    spec = (
        'from symgraph import Model\nm = Model("wide")\nxs = m.features("x1:41")\ny = m.target("y")\nws = m.weights("b1:41")\n'
        'm.output("y_hat", sum(a * b for a, b in zip(xs, ws)))\nm.loss("squared_error")\n'
    )
    Path("wide.py").write_text(spec, encoding="utf-8")
    assert command("build", "wide.py").code == 0
    header = ",".join([*(f"x{i}" for i in range(1, 41)), "y"])
    Path("rows.csv").write_text(f"{header}\n{','.join(['1'] * 41)}\n", encoding="utf-8")
    done = command("train", "wide", "--data", "rows.csv", "--epochs", "1")
    assert done.out.count("\nb") == 30
    assert "10 more weights; --save or --json gives all" in done.err
    document = json.loads(command("train", "wide", "--data", "rows.csv", "--epochs", "1", "--json").out)
    assert len(document["runs"]["adam"]["weights"]) == 40


def on_terminal(project: Project, stream: str, *arguments: str, **env: str) -> str:
    """Text that a command writes to stdout or stderr where that is a terminal of 80 columns."""
    shown, end = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: end}
    command = [sys.executable, "-m", "symgraph", *arguments]
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


def test_a_terminal_gets_a_bar_and_colours(built: Project) -> None:
    line = ("train", "decay", "--data", "rows.csv", "--epochs", "20")
    shown = on_terminal(built, "stderr", *line)
    assert "20/20" in shown
    assert COLOURED.search(shown)


def test_no_color_and_quiet_are_heeded_on_a_terminal(built: Project) -> None:
    line = ("train", "decay", "--data", "rows.csv", "--epochs", "20")
    assert not COLOURED.search(on_terminal(built, "stderr", *line, NO_COLOR="1"))
    assert on_terminal(built, "stderr", *line, "--quiet") == ""


def test_the_tables_of_a_terminal_fit_80_columns(built: Project) -> None:
    line = ("train", "decay", "--data", "rows.csv", "--epochs", "2")
    shown = on_terminal(built, "stdout", *line, "--optimizer", "sgd,momentum,adam")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "momentum" in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_options_are_checked_before_a_run_whose_result_would_be_lost(command: Run, built: Project, tmp_path: Path) -> None:
    line = ("train", module_of(built), "--data", built.path("rows.csv"))
    cases = {
        ("--save", "no/w.json"): "error: --save: there is no folder no; make it first\n",
        ("--save", "."): "error: --save: . is a folder; name a file in it\n",
        ("--plot", "no/loss.svg"): "error: --plot: there is no folder no; make it first\n",
        ("--plot", "loss.gif"): "error: cannot write a plot to loss.gif: its name must end in .svg, .png, .pdf\n",
    }
    for options, message in cases.items():
        done = command(*line, *options)
        assert (done.code, done.out, done.err) == (2, "", message)
    assert snapshot(tmp_path) == {}
