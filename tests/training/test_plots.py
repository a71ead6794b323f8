import subprocess
import sys
import textwrap

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from symgraph.errors import OptionError
from symgraph.training import plot_comparison, plot_loss


@pytest.fixture(autouse=True)
def no_window():
    plt.switch_backend("agg")


RUNS = {"vanilla": np.geomspace(1.0, 1e-3, 40), "momentum": [1.0, 0.1, 0.01], "adam": [0.5]}


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_the_same_losses_give_the_same_bytes_whatever_the_users_settings(tmp_path, suffix):
    plot_comparison(RUNS, tmp_path / f"one.{suffix}")
    with matplotlib.rc_context({"lines.linewidth": 7, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        plot_comparison(RUNS, tmp_path / f"two.{suffix}")
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 1000
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("losses", "scale"), [([1.0, 0.1], "log"), ([1.0, 0.0], "linear"), ([-1.0, -2.0], "linear")])
def test_the_loss_of_one_run_is_shown_over_its_epochs(monkeypatch, losses, scale):
    monkeypatch.setattr(plt, "get_backend", lambda: "tkagg")
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gca()))
    plot_loss(losses, title="A run")
    (axes,) = shown
    (line,) = axes.get_lines()
    assert (line.get_xdata().tolist(), list(line.get_ydata())) == ([0, 1], losses)
    assert (axes.get_title(), axes.get_yscale(), axes.get_legend()) == ("A run", scale, None)
    plt.close("all")


def test_a_comparison_names_every_run_and_tells_them_apart_without_colour(monkeypatch):
    monkeypatch.setattr(plt, "get_backend", lambda: "tkagg")
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gca()))
    plot_comparison(RUNS)
    (axes,) = shown
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(RUNS)
    lines = axes.get_lines()
    assert len({line.get_linestyle() for line in lines}) == 3
    assert [line.get_marker() for line in lines] == ["", "", "o"]
    plt.close("all")


def test_without_a_screen_the_message_asks_for_a_file(monkeypatch):
    monkeypatch.setattr(plt, "get_backend", lambda: "agg")
    with pytest.raises(OptionError, match=r"there is no screen to show a plot on .* give a file to write to"):
        plot_loss([1.0])


@pytest.mark.parametrize(
    ("runs", "message"),
    [({}, "the run has finished no epoch"), ({"adam": [1.0], "sgd": []}, "run 'sgd' has finished no epoch")],
)
def test_a_run_without_epochs_cannot_be_plotted(tmp_path, runs, message):
    with pytest.raises(OptionError, match=message):
        plot_comparison(runs, tmp_path / "plot.svg")
    with pytest.raises(OptionError, match="the run has finished no epoch"):
        plot_loss([], tmp_path / "plot.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OptionError, match=r"plot.gif: its name must end in .svg, .png, .pdf"):
        plot_loss([1.0], tmp_path / "plot.gif")
    with pytest.raises(OptionError, match=r"cannot write a plot to .*absent.plot.svg: No such file or directory"):
        plot_loss([1.0], tmp_path / "absent" / "plot.svg")


def test_training_works_without_matplotlib_and_a_plot_says_what_to_install(tmp_path):
    program = """
        import sys
        sys.modules["matplotlib"] = None
        from symgraph.errors import OptionError
        from symgraph.training import plot_loss
        try:
            plot_loss([1.0], "plot.svg")
        except OptionError as error:
            print(error)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert run.stdout == "plots need Matplotlib; install it: pip install matplotlib\n"


def test_a_plot_is_drawn_through_a_link_and_whole_or_not_at_all(tmp_path, monkeypatch):
    plot_loss([1.0, 0.5], tmp_path / "behind.svg")
    old = (tmp_path / "behind.svg").read_bytes()
    (tmp_path / "loss.svg").symlink_to("behind.svg")

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OptionError, match=r"cannot write a plot to .*loss\.svg: No space left"):
            plot_loss([3.0, 2.0], tmp_path / "loss.svg")
    assert (tmp_path / "behind.svg").read_bytes() == old
    plot_loss([3.0, 2.0], tmp_path / "loss.svg")
    assert (tmp_path / "loss.svg").is_symlink()
    assert (tmp_path / "behind.svg").read_bytes() != old
    assert len(list(tmp_path.iterdir())) == 2
