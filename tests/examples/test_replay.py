"""The founding notebook's training runs: its stops, its printed weights, and a replay written out here in plain NumPy."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from examples.nine_weights import SETUPS, Replay, Run, draw, initial_weights, replay, train_as_notebook
from symgraph.errors import DataError
from symgraph.io.data import read_data
from symgraph.io.native import load
from symgraph.training import clip_by_norm

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "nine_weights.csv"
FACTS = json.loads((Path(__file__).parent.parent / "data" / "notebook.json").read_text(encoding="utf-8"))["training"]

# How far two orders of the same operations may be apart in a run that is not chaotic: a few hundred units in the last place.
STABLE = 1e-13
# The last printed digit of the notebook's weights, halved; up to index 13 Adam's chaos stays below it, and not far beyond.
PRINTED, LAST_INDEX = 5e-9, 13


@pytest.fixture(scope="module")
def result() -> Replay:
    return replay(DATA)


def _run(result: Replay, name: str) -> Run:
    return next(run for run in result.runs if run.name == name)


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


def _vanilla(facts: dict) -> Callable:
    return lambda w, g, _m, _v: (w - facts["lr"] * g, 0.0, 0.0)


def _momentum(facts: dict) -> Callable:
    def update(w: np.ndarray, g: np.ndarray, _m: np.ndarray, v: np.ndarray) -> tuple:
        v = facts["gamma"] * v + facts["lr"] * g
        return w - v, 0.0, v

    return update


def _adam(facts: dict) -> Callable:
    b1, b2 = facts["beta1"], facts["beta2"]

    def update(w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> tuple:
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - b1**2), v / (1 - b1**2)
        return w - facts["alpha"] * m_hat / (np.sqrt(v_hat) + facts["epsilon"]), m, v

    return update


UPDATES = {"vanilla": _vanilla, "momentum": _momentum, "adam": _adam}


def _by_hand(name: str) -> list[np.ndarray]:
    """The weight vectors before each epoch, of a run as notebook.json describes it, with nothing of symgraph in it."""
    table = np.loadtxt(DATA, delimiter=",", skiprows=1)
    np.random.seed(42)
    vectors = [0.1 * np.random.randn(9)]
    update = UPDATES[name](FACTS[name])
    for _epoch in range(100):
        w, m, v = vectors[-1], 0.0, 0.0
        for row in table:
            w, m, v = update(w, _gradient(w, row[:5], row[5]), m, v)
        vectors.append(w)
        if not np.any(vectors[-1] - vectors[-2] > FACTS[name]["tol"]):
            break
    return vectors


@pytest.mark.parametrize("name", ["vanilla", "momentum"])
def test_vanilla_and_momentum_stop_where_the_notebook_stopped(result: Replay, name: str) -> None:
    run = _run(result, name)
    assert run.stopped_at == FACTS[name]["stops_at_epoch"]
    assert len(run.losses) == run.stopped_at + 1
    assert run.weights.shape == (run.stopped_at + 2, 9)


@pytest.mark.parametrize("name", ["vanilla", "momentum"])
def test_the_stable_runs_agree_with_the_replay_by_hand_to_the_end(result: Replay, name: str) -> None:
    by_hand = _by_hand(name)
    np.testing.assert_allclose(_run(result, name).weights, by_hand, rtol=0, atol=STABLE)


def test_adam_agrees_with_the_printed_weights(result: Replay) -> None:
    printed = FACTS["adam"]["weights_before_epoch_1"]
    np.testing.assert_allclose(_run(result, "adam").weights[1], printed, rtol=0, atol=PRINTED)


def test_adam_agrees_with_the_replay_by_hand_up_to_index_13(result: Replay) -> None:
    ours, by_hand = _run(result, "adam").weights, _by_hand("adam")
    np.testing.assert_allclose(by_hand[1], FACTS["adam"]["weights_before_epoch_1"], rtol=0, atol=PRINTED)
    shared = slice(LAST_INDEX + 1)
    np.testing.assert_allclose(ours[shared], by_hand[shared], rtol=0, atol=PRINTED)


def test_all_runs_start_from_the_notebooks_weights(result: Replay) -> None:
    np.random.seed(42)
    start = 0.1 * np.random.randn(9)
    np.testing.assert_array_equal(initial_weights(9), start)
    for run in result.runs:
        np.testing.assert_array_equal(run.weights[0], start)


def test_starting_anew_leaves_numpys_global_generator_alone() -> None:
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    initial_weights(9)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_clipped_runs_are_the_same_with_gradients_limited(result: Replay) -> None:
    assert [run.name for run in result.runs[3:]] == ["vanilla, clipped", "momentum, clipped", "adam, clipped"]
    module = load("nine_weights", backend="numpy")
    data = read_data(DATA, module.FEATURES, module.TARGET)
    assert data.X is not None
    w = initial_weights(9)
    longest = max(np.linalg.norm(module.per_sample_grad(w, data.X, data.y), axis=1))
    assert longest > 1.0  # so that clipping to 1 has an effect
    for plain, clipped in zip(result.runs[:3], result.runs[3:], strict=True):
        assert not np.array_equal(plain.weights[1], clipped.weights[1])
    # a limit that no gradient reaches changes nothing
    loose = train_as_notebook(module, data.X[:20], data.y[:20], SETUPS[0], clip_by_norm(1e6))
    np.testing.assert_array_equal(loose.weights, train_as_notebook(module, data.X[:20], data.y[:20], SETUPS[0]).weights)


def test_losses_are_the_mean_over_all_rows_after_each_epoch(result: Replay) -> None:
    module = load("nine_weights", backend="numpy")
    data = read_data(DATA, module.FEATURES, module.TARGET)
    run = _run(result, "vanilla")
    for epoch in (0, 30, 62):
        assert run.losses[epoch] == module.loss(run.weights[epoch + 1], data.X, data.y)


def test_the_notebooks_stop_looks_at_increases_alone() -> None:
    """A run whose weights only fall stops after its first epoch, however far they fall."""
    module = load("nine_weights", backend="numpy")
    falling = type("Falling", (), dict(vars(module)))
    falling.value_and_grad = staticmethod(lambda w, _x, _y: (1.0, np.ones(9)))
    run = train_as_notebook(falling, np.zeros((3, 5)), np.zeros(3), SETUPS[0])
    assert run.stopped_at == 0
    assert (run.weights[1] - run.weights[0] < -0.2).all()


def test_moments_are_forgotten_at_each_epoch() -> None:
    """Under a gradient of -1 the momentum of an epoch of one row is the rate, epoch after epoch."""
    module = load("nine_weights", backend="numpy")
    rising = type("Rising", (), dict(vars(module)))
    rising.value_and_grad = staticmethod(lambda w, _x, _y: (1.0, -np.ones(9)))
    run = train_as_notebook(rising, np.zeros((1, 5)), np.zeros(1), SETUPS[1])
    assert run.stopped_at is None
    assert len(run.losses) == 100
    # each step is 0.1, to the rounding of weights up to 10
    np.testing.assert_allclose(np.diff(run.weights, axis=0), 0.1, rtol=0, atol=1e-14)


def test_a_run_that_stops_being_finite_says_so_and_keeps_its_last_good_weights() -> None:
    module = load("nine_weights", backend="numpy")
    X, y = np.zeros((3, 5)), np.array([0.0, np.nan, 0.0])
    run = train_as_notebook(module, X, y, SETUPS[0])
    assert run.failure is not None
    assert (run.failure.epoch, run.failure.row, run.stopped_at) == (1, 1, None)
    np.testing.assert_array_equal(run.weights, [initial_weights(9)])


def test_the_whole_replay_agrees_and_shows_what_it_does_not_judge(result: Replay) -> None:
    assert result.ok
    assert {line.section for line in result.lines} == {"graders", "gradient check", "training", "training, clipped"}
    shown = [line.what for line in result.lines if line.verdict == "shown"]
    assert "adam: stops at epoch (chaotic)" in shown
    by_name = {line.what: line for line in result.lines if line.section == "training"}
    assert (by_name["vanilla: stops at epoch"].notebook, by_name["vanilla: stops at epoch"].ours) == (62, 62)
    assert (by_name["momentum: stops at epoch"].notebook, by_name["momentum: stops at epoch"].ours) == (27, 27)
    assert sum(line.what.endswith("before epoch 1") for line in result.lines) == 9


def test_the_replay_becomes_json(result: Replay) -> None:
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert document["ok"] is True
    assert len(document["lines"]) == len(result.lines)
    assert set(document["lines"][0]) == {"section", "what", "notebook", "ours", "verdict"}


def test_other_data_differ_and_the_replay_says_where(tmp_path: Path) -> None:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    small = tmp_path / "small.csv"
    small.write_text("\n".join([lines[0], *lines[5:9]]), encoding="utf-8")
    named: list[str] = []
    other = replay(small, progress=named.append)
    assert not other.ok
    differing = {line.what for line in other.lines if line.verdict == "differs"}
    assert {"grader_forwardprop", "grader_backprop", "dw1, 8 digits"} <= differing
    assert "grader_sigmoid" not in differing
    assert named == [run.name for run in other.runs]


def test_missing_data_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
        replay(tmp_path / "absent.csv")


def test_plots_are_drawn_of_each_run_and_of_their_comparison(result: Replay, tmp_path: Path) -> None:
    files = draw(result, tmp_path)
    assert [path.name for path in files] == [
        "vanilla.svg",
        "momentum.svg",
        "adam.svg",
        "vanilla-clipped.svg",
        "momentum-clipped.svg",
        "adam-clipped.svg",
        "comparison.svg",
        "running-mean.svg",
        "comparison-clipped.svg",
        "running-mean-clipped.svg",
    ]
    assert all(path.read_text(encoding="utf-8").lstrip().startswith("<?xml") for path in files)
    assert draw(result, tmp_path, ".png")[0].read_bytes().startswith(b"\x89PNG")
