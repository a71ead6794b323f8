"""The founding notebook's training runs: its stops, its printed weights, and a replay written out here in plain NumPy."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.nine_weights import SETUPS, Replay, Run, draw, initial_weights, replay, train_as_notebook
from symgraph.data.reading import read_data
from symgraph.errors import DataError
from symgraph.project.native.loading import load
from symgraph.use.training import clip_by_norm

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "nine_weights.csv"
FACTS = json.loads((Path(__file__).parent.parent / "data" / "notebook.json").read_text(encoding="utf-8"))["training"]

# How far two orders of the same operations may be apart in a run that is not chaotic: a few hundred units in the last place.
STABLE = 1e-13
# The last printed digit of the notebook's weights, halved; up to index 13 Adam's chaos stays below it, and not far beyond.
PRINTED, LAST_INDEX = 5e-9, 13


@pytest.fixture(scope="module")
def result() -> Replay:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("examples.nine_weights.notebook.EPOCHS", 63)  # of 100: until the last run of the notebook stops
        return replay(DATA)


@pytest.fixture(scope="module")
def module() -> Any:
    return load("nine_weights", backend="numpy")


def _run(result: Replay, name: str) -> Run:
    return next(run for run in result.runs if run.name == name)


def _with_slope(module: Any, slope: float) -> Any:
    """The module, but that all its partials are one number."""
    other = type("Sloping", (), dict(vars(module)))
    other.value_and_grad = staticmethod(lambda w, _x, _y: (1.0, np.full(9, slope)))
    return other


def _gradient(w: np.ndarray, f: np.ndarray, y: float) -> np.ndarray:
    """The chain rule of the notebook's graph, by hand, with its own formulas: 1 - tanh**2 and s(1 - s)."""
    t = w[0] * f[0] + w[1] * f[1]
    e = np.exp(t**2 + w[5])
    th = np.tanh(e + w[6])
    inner = w[3] * f[3] + w[4] * f[4]
    s = 1.0 / (1.0 + np.exp(-(w[7] + np.sin(w[2] * f[2]) * inner)))
    dl = -2.0 * (y - (th + w[8] * s))
    d7 = dl * (1.0 - th**2)
    d6 = d7 * e
    d8 = dl * w[8] * s * (1.0 - s)
    sin = np.sin(w[2] * f[2])
    d3 = d8 * np.cos(w[2] * f[2]) * f[2] * inner
    return np.array([2 * d6 * t * f[0], 2 * d6 * t * f[1], d3, d8 * sin * f[3], d8 * sin * f[4], d6, d7, d8, dl * s])


def _update(name: str, w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> tuple:
    """The weights and both moments after a step of one of the three rules."""
    facts = FACTS[name]
    if name == "vanilla":
        return w - facts["lr"] * g, m, v
    if name == "momentum":
        v = facts["gamma"] * v + facts["lr"] * g
        return w - v, m, v
    b1, b2 = facts["beta1"], facts["beta2"]
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    return w - facts["alpha"] * (m / (1 - b1**2)) / (np.sqrt(v / (1 - b1**2)) + facts["epsilon"]), m, v


def _by_hand(name: str, epochs: int) -> list[np.ndarray]:
    """The weight vectors before each epoch, of a run as notebook.json describes it, with nothing of symgraph in it."""
    table = np.loadtxt(DATA, delimiter=",", skiprows=1)
    np.random.seed(42)
    vectors = [0.1 * np.random.randn(9)]
    for _epoch in range(epochs):
        w, m, v = vectors[-1], 0.0, 0.0
        for row in table:
            w, m, v = _update(name, w, _gradient(w, row[:5], row[5]), m, v)
        vectors.append(w)
        if not np.any(vectors[-1] - vectors[-2] > FACTS[name]["tol"]):
            break
    return vectors


@pytest.mark.parametrize("name", ["vanilla", "momentum"])
def test_a_run_stops_where_the_notebook_stopped_and_agrees_with_the_replay_by_hand(result: Replay, name: str) -> None:
    run, stop = _run(result, name), FACTS[name]["stops_at_epoch"]
    assert (run.stopped_at, len(run.losses), run.weights.shape) == (stop, stop + 1, (stop + 2, 9))
    np.testing.assert_allclose(run.weights, _by_hand(name, 100), rtol=0, atol=STABLE)


def test_adam_agrees_with_the_printed_weights_and_with_the_replay_by_hand_up_to_index_13(result: Replay) -> None:
    ours, by_hand = _run(result, "adam").weights[: LAST_INDEX + 1], _by_hand("adam", LAST_INDEX)
    for weights in (ours, by_hand):
        np.testing.assert_allclose(weights[1], FACTS["adam"]["weights_before_epoch_1"], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(ours, by_hand, rtol=0, atol=PRINTED)


def test_all_runs_start_from_the_notebooks_weights(result: Replay) -> None:
    np.random.seed(42)
    start = 0.1 * np.random.randn(9)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(initial_weights(9), start)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # NumPy's global generator is left alone
    for run in result.runs:
        np.testing.assert_array_equal(run.weights[0], start)


def test_clipped_runs_are_those_with_gradients_limited_and_losses_are_means_of_all_rows(result: Replay, module: Any) -> None:
    assert [run.name for run in result.runs[3:]] == ["vanilla, clipped", "momentum, clipped", "adam, clipped"]
    data = read_data(DATA, module.FEATURES, module.TARGET)
    longest = max(np.linalg.norm(module.per_sample_grad(initial_weights(9), data.X, data.y), axis=1))
    assert longest > 1.0  # so that clipping to 1 has an effect
    for plain, clipped in zip(result.runs[:3], result.runs[3:], strict=True):
        assert not np.array_equal(plain.weights[1], clipped.weights[1])
    # a limit that no gradient reaches changes nothing
    runs = [train_as_notebook(module, data.X[:20], data.y[:20], SETUPS[0], clip) for clip in (clip_by_norm(1e6), None)]
    np.testing.assert_array_equal(runs[0].weights, runs[1].weights)
    run = _run(result, "vanilla")
    for epoch in (0, 30, 62):
        assert run.losses[epoch] == module.loss(run.weights[epoch + 1], data.X, data.y)


def test_the_notebooks_stop_looks_at_increases_alone_and_moments_are_forgotten_at_each_epoch(module: Any) -> None:
    """A run whose weights only fall stops after its first epoch, however far they fall.

    Under a gradient of -1 the momentum of an epoch of one row is the rate, epoch after epoch.
    """
    run = train_as_notebook(_with_slope(module, 1.0), np.zeros((3, 5)), np.zeros(3), SETUPS[0])
    assert run.stopped_at == 0
    assert (run.weights[1] - run.weights[0] < -0.2).all()
    run = train_as_notebook(_with_slope(module, -1.0), np.zeros((1, 5)), np.zeros(1), SETUPS[1])
    assert run.stopped_at is None
    assert len(run.losses) == 100
    # each step is 0.1, to the rounding of weights up to 10
    np.testing.assert_allclose(np.diff(run.weights, axis=0), 0.1, rtol=0, atol=1e-14)


def test_a_run_that_stops_being_finite_says_so_and_keeps_its_last_good_weights(module: Any) -> None:
    run = train_as_notebook(module, np.zeros((3, 5)), np.array([0.0, np.nan, 0.0]), SETUPS[0])
    assert (run.failure.epoch, run.failure.row, run.stopped_at) == (1, 1, None)
    np.testing.assert_array_equal(run.weights, [initial_weights(9)])


def test_the_whole_replay_agrees_shows_what_it_does_not_judge_and_becomes_json(result: Replay) -> None:
    assert result.ok
    assert {line.section for line in result.lines} == {"graders", "gradient check", "training", "training, clipped"}
    assert "adam: stops at epoch (chaotic)" in [line.what for line in result.lines if line.verdict == "shown"]
    by_name = {line.what: (line.notebook, line.ours) for line in result.lines if line.section == "training"}
    assert by_name["vanilla: stops at epoch"] == (62, 62)
    assert by_name["momentum: stops at epoch"] == (27, 27)
    assert sum(line.what.endswith("before epoch 1") for line in result.lines) == 9
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert document["ok"] is True
    assert len(document["lines"]) == len(result.lines)
    assert set(document["lines"][0]) == {"section", "what", "notebook", "ours", "verdict"}


def test_other_data_differ_and_the_replay_says_where_and_missing_data_are_a_clear_error(tmp_path: Path) -> None:
    lines, named = DATA.read_text(encoding="utf-8").splitlines(), list[str]()
    small = tmp_path / "small.csv"
    small.write_text("\n".join([lines[0], *lines[5:9]]), encoding="utf-8")
    other = replay(small, progress=named.append)
    assert not other.ok
    differing = {line.what for line in other.lines if line.verdict == "differs"}
    assert {"grader_forwardprop", "grader_backprop", "dw1, 8 digits"} <= differing
    assert "grader_sigmoid" not in differing
    assert named == [run.name for run in other.runs]
    with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
        replay(tmp_path / "absent.csv")


@pytest.mark.slow
def test_plots_are_drawn_of_each_run_and_of_their_comparison(result: Replay, tmp_path: Path) -> None:
    files, names = draw(result, tmp_path, ".png"), ["vanilla", "momentum", "adam"]
    means = [f"{plot}{ending}.png" for ending in ("", "-clipped") for plot in ("comparison", "running-mean")]
    assert [file.name for file in files] == [f"{name}{ending}.png" for ending in ("", "-clipped") for name in names] + means
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
