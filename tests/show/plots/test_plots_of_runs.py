"""Plots of runs and of judgements: each takes and returns Axes, and shows the numbers that it was given."""

import inspect
import os
import subprocess
import sys
import textwrap
from itertools import combinations, product
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import symgraph
from symgraph.errors import OptionError
from symgraph.show import plots
from symgraph.show.plots.axes import COLORS, ON_DARK, check_plot_path
from symgraph.use.training import Recorder, adam, sgd, step_decay, train

RUNS = {"vanilla": np.geomspace(1.0, 1e-3, 40), "momentum": [1.0, 0.1, 0.01], "adam": [0.5]}


@pytest.fixture(autouse=True)
def pyplot() -> Any:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="module")
def line() -> Any:
    model = symgraph.Model("line")
    x, y, (a, b, c) = model.feature("x"), model.target("y"), model.weights("a b c", init=[0.0, 0.0, 0.5])
    model.loss((y - model.output("y_hat", a * x + b * x**2 + c)) ** 2)
    return symgraph.compile(model, backend="numpy")


X = np.linspace(-1.0, 1.0, 9)
Y = 2.0 * X + X**2 + 0.5


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_same_losses_give_the_same_bytes_whatever_the_users_settings(tmp_path: Path, suffix: str, pyplot: Any) -> None:
    plots.save(tmp_path / f"one.{suffix}", plots.losses, RUNS, title="Loss")
    with mpl.rc_context({"lines.linewidth": 7, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        plots.save(tmp_path / f"two.{suffix}", plots.losses, RUNS, title="Loss")
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 1000
    assert pyplot.get_fignums() == []


def test_an_svg_follows_the_scheme_of_its_reader_and_keeps_its_text(tmp_path: Path) -> None:
    plots.save(tmp_path / "loss.svg", plots.losses, RUNS, title="Loss by run")
    text = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert "<title>Loss by run</title>" in text
    assert f'[style*="stroke: {COLORS[0]}"] {{stroke: {ON_DARK[0]} !important}}' in text.split("color-scheme: dark) {")[1]
    assert f"stroke: {COLORS[0]}" in text.split("</style>")[-1]
    assert ">momentum</text>" in text
    for ink in ("#000000", "#ffffff", "#1b1f24;"):  # black or white in one scheme would vanish in the other
        assert ink not in text.replace(".symgraph-plot {color: #1b1f24;", "")
    plots.save(tmp_path / "loss.svg", plots.losses, {"a $ b $ c": [3.0, 2.0], r"\frac $1$": [1.0, 0.5]}, title="$x{$")
    text = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert all(f">{one}</text>" in text for one in ("a $ b $ c", r"\frac $1$", "$x{$"))


@pytest.mark.parametrize(
    ("losses", "scale"), [([1.0, 0.05], "log"), ([1.0, 0.5], "linear"), ([1.0, 0.0], "linear"), ([-1.0, -2.0], "linear")]
)
def test_losses_are_drawn_over_their_epochs_on_a_log_axis_where_that_helps(losses: list[float], scale: str) -> None:
    ax = plots.losses(losses)
    (drawn,) = ax.get_lines()
    assert (drawn.get_xdata().tolist(), list(drawn.get_ydata())) == ([1, 2], losses)
    assert (ax.get_yscale(), ax.get_legend(), ax.get_xlabel(), ax.get_ylabel()) == (scale, None, "epochs done", "mean loss")


@pytest.mark.parametrize("greatest", [0.02, 0.5, 3e4])
def test_ticks_of_losses_are_numbers_and_there_are_at_least_two_and_at_most_ten(greatest: float) -> None:
    ax = plots.losses(np.geomspace(greatest, 1e-3, 30))
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    shown = [tick.get_text() for tick in ax.get_yticklabels() if low <= tick.get_position()[1] <= high]
    assert 2 <= len(shown) <= 10
    assert all(low <= float(text) <= high for text in shown)


def test_a_comparison_tells_runs_apart_without_colour_and_a_long_run_is_an_envelope_about_a_line() -> None:
    ax = plots.losses(RUNS)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(RUNS)
    drawn = ax.get_lines()
    assert (len({one.get_linestyle() for one in drawn}), [one.get_marker() for one in drawn]) == (3, ["", "", "o"])
    losses = 1.0 + np.random.default_rng(0).random(30_000)
    ax = plots.losses(losses)
    (drawn,), (envelope,) = ax.get_lines(), ax.collections
    assert len(drawn.get_xdata()) == 300
    ends = envelope.get_paths()[0].vertices[:, 1]
    assert (ends.min(), ends.max()) == (losses.min(), losses.max())


@pytest.mark.parametrize("longest", [12, 22, 40])
def test_the_legend_of_many_runs_is_inside_the_figure(longest: int) -> None:
    runs = {f"{number}".rjust(longest, "e"): [1.0, 0.9] for number in range(6)}
    with mpl.rc_context({"figure.figsize": (5.6, 3.9)}):
        ax = plots.losses(runs)
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= 0.0
    assert box.x1 <= ax.figure.bbox.x1


def test_results_bring_their_rates_their_epochs_and_the_losses_of_rows_held_out(line: Any) -> None:
    first = train(line, X, Y, optimizer=sgd(0.1), epochs=3, seed=0)
    rest = train(line, X, Y, optimizer=adam(step_decay(0.1, every=2)), epochs=4, seed=0, w0=first.weights, validation=0.3)
    later = train(line, X, Y, optimizer=sgd(0.1), epochs=2, seed=0, w0=first.weights, state=first.state)
    ax = plots.losses({"first": first, "rest": rest, "later": later})
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["first, rate 0.1", "rest, rates 0.1 to 0.05", "rest, rows held out", "later, rate 0.1"]
    assert [one.get_xdata()[0] for one in ax.get_lines()] == [1, 1, 1, 4]
    assert plots.losses(first).get_legend().get_texts()[0].get_text() == "sgd, rate 0.1"


@pytest.mark.parametrize(("window", "means"), [(None, [4.0, 3.0, 2.0]), (2, [4.0, 3.0, 1.0])])
def test_the_running_mean_is_over_all_epochs_so_far_or_the_last_few(window: int | None, means: list[float]) -> None:
    assert plots.running_mean([4.0, 2.0, 0.0], window).get_lines()[0].get_ydata().tolist() == means


def test_a_recorder_keeps_the_weights_of_all_epochs_for_plots_and_of_many_those_that_moved_farthest_are_drawn(
    line: Any,
) -> None:
    recorder = Recorder()
    with pytest.raises(OptionError, match=r"give it to a run, train\(..., callbacks=\[recorder\]\)"):
        assert recorder.weights
    w0 = line.initial_weights(0)
    result = train(line, X, Y, optimizer=sgd(0.1), epochs=5, seed=0, callbacks=[recorder])
    assert recorder.weights.shape == (6, 3)
    np.testing.assert_array_equal(recorder.weights[[0, -1]], [w0, result.weights])
    ax = plots.weights(recorder, line.WEIGHTS)
    assert [one.get_label() for one in ax.get_lines()] == ["a", "b", "c"]
    assert ax.get_lines()[0].get_ydata().tolist() == recorder.weights[:, 0].tolist()
    norms = recorder.gradient_norms(line, X, Y)
    assert norms[2] == np.linalg.norm(line.grad(recorder.weights[2], X[:, None], Y))
    assert plots.gradient_norms({"sgd": norms}).get_lines()[0].get_ydata().tolist() == norms.tolist()
    ax = plots.weights(np.linspace(0.0, 1.0, 4)[:, None] * np.arange(40))
    assert [one.get_label() for one in ax.get_lines()] == [f"w[{j}]" for j in range(28, 40)]
    assert ax.get_ylabel() == "weights (12 of 40, moved most)"
    with pytest.raises(OptionError, match="2 names of 40 weights"):
        plots.weights(np.zeros((3, 40)), ("a", "b"))


def test_paths_lie_on_the_loss_of_two_weights(line: Any) -> None:
    recorder = Recorder()
    train(line, X, Y, optimizer=sgd(0.1), epochs=5, seed=0, callbacks=[recorder])
    ax = plots.loss_surface(line, X, Y, {"sgd": recorder})
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")  # c begins where it ends
    np.testing.assert_array_equal(ax.get_lines()[0].get_xydata(), recorder.weights[:, :2])
    other = plots.loss_surface(line, X, Y, recorder, names=("c", "a"))
    assert (other.get_xlabel(), other.get_ylabel()) == ("c", "a")
    assert [text.get_text() for text in other.get_legend().get_texts()] == ["path", "begin", "end"]
    contours = ax.collections[0]
    end = recorder.weights[-1].copy()
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        for point in path.vertices[:3]:
            end[:2] = point
            # the contour is linear between 61 values a side
            assert line.loss(end, X[:, None], Y) == pytest.approx(level, rel=0.05, abs=0.01)


@pytest.mark.parametrize(("options", "message"), [
    ({"names": ("a", "bb")}, "line has no weight 'bb'; it has a, b, c; did you mean b?"),
    ({"names": ("a", "a")}, "names must be two different weights"),
    ({"paths": np.zeros((3, 2))}, r"the path has shape \(3, 2\); line needs \(epochs \+ 1, 3\)"),
    ({"paths": {}}, "paths is empty"),
])  # fmt: skip
def test_what_cannot_be_a_path_is_refused(line: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plots.loss_surface(line, X, Y, **{"paths": np.zeros((3, 3))} | options)


def test_a_file_that_cannot_be_written_is_named_and_a_run_without_epochs_writes_none(tmp_path: Path) -> None:
    for refused in (lambda path: plots.save(path, plots.losses, [1.0]), check_plot_path):
        with pytest.raises(OptionError, match=r"plot.gif: its name must end in .svg, .png, .pdf"):
            refused(tmp_path / "plot.gif")
    for runs, message in (
        ({}, "the run has finished no epoch"),
        ({"adam": [1.0], "sgd": []}, "run 'sgd' has finished no epoch"),
    ):
        with pytest.raises(OptionError, match=message):
            plots.save(tmp_path / "plot.svg", plots.losses, runs)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OptionError, match=r"cannot write a plot to .*absent.plot.svg: No such file or directory"):
        plots.save(tmp_path / "absent" / "plot.svg", plots.losses, [1.0])


def test_training_works_without_matplotlib_and_a_plot_says_what_to_install(tmp_path: Path) -> None:
    program = """
        import sys
        sys.modules["matplotlib"] = None
        from symgraph import plots
        from symgraph.errors import OptionError
        for drawn in (lambda: plots.losses([1.0]), lambda: plots.save("plot.svg", plots.losses, [1.0])):
            try:
                drawn()
            except OptionError as error:
                print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stdout == "plots need Matplotlib; install it: pip install matplotlib\n" * 2


def test_a_setting_that_keeps_matplotlib_from_being_imported_is_told_before_the_work() -> None:
    program = """
        from symgraph.show.plots.axes import check_plot_path
        try:
            check_plot_path("p.svg")
        except Exception as error:
            print(repr(error))
    """
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.startswith('OptionError("Matplotlib refuses its settings, MPLBACKEND or matplotlibrc: ')


def test_a_plot_is_drawn_through_a_link_and_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plots.save(tmp_path / "behind.svg", plots.losses, [1.0, 0.5])
    old = (tmp_path / "behind.svg").read_bytes()
    (tmp_path / "loss.svg").symlink_to("behind.svg")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OptionError, match=r"cannot write a plot to .*loss\.svg: No space left"):
            plots.save(tmp_path / "loss.svg", plots.losses, [3.0, 2.0])
    assert (tmp_path / "behind.svg").read_bytes() == old
    plots.save(tmp_path / "loss.svg", plots.losses, [3.0, 2.0])
    assert (tmp_path / "loss.svg").is_symlink()
    assert (tmp_path / "behind.svg").read_bytes() != old
    assert len(list(tmp_path.iterdir())) == 2


# Linear RGB as all others, protanopes, deuteranopes and tritanopes see it (Machado, Oliveira and Fernandes 2009, severity 1).
SEEN = (
    np.eye(3),
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
)
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def linear(color: str) -> Any:
    parts = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    t = XYZ @ np.clip(rgb, 0.0, 1.0) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(XYZ[1] @ linear(color) + 0.05 for color in (one, other))
    return float(lighter / darker)


def test_colours_stand_out_from_white_and_dark_and_differ_for_the_colour_blind() -> None:
    for color in COLORS:
        # 3 is what WCAG 2.2 asks of graphics
        assert min(contrast(color, "#ffffff"), contrast(color, "#0d1117")) > 3.0
    assert min(contrast(color, "#0d1117") for color in ON_DARK) > 4.5  # what it asks of text
    for matrix, palette in product(SEEN, (COLORS, ON_DARK)):
        for one, other in combinations(palette, 2):
            # ten times what is just noticed, 2.3
            assert np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other))) > 23.0


def test_differences_are_observations_minus_predictions_as_the_axis_says(line: Any) -> None:
    X, y, w = np.array([[1.0], [2.0]]), np.array([5.0, 1.0]), np.ones(len(line.WEIGHTS))
    ax = plots.differences(line, w, X, y)
    assert ax.get_ylabel() == "observed - predicted"
    drawn = np.vstack([points.get_offsets() for points in ax.collections] + [one.get_xydata() for one in ax.lines[1:]])
    predicted = line.predict(w, X)
    assert {tuple(point) for point in drawn.tolist()} == set(zip(predicted.tolist(), (y - predicted).tolist(), strict=True))


def test_every_public_plot_takes_axes() -> None:
    for name in set(plots.__all__) - {"save"}:
        assert inspect.signature(getattr(plots, name)).parameters["ax"].default is None, name
    with pytest.raises(AttributeError, match=r"'symgraph\.plots' has no attribute 'loss'; it has .*losses"):
        plots.__getattr__("loss")
