"""Training compiled by numba: as on floats to rounding; what is compiled is kept; what cannot be falls back, and says why."""

import os
import subprocess
import sys

import numpy as np
import pytest
from built import one_output
from own_rules import SIGNED, TRACED
from reference import Built, build, data

from symgraph import cbrt, erfcx
from symgraph.errors import OptionError
from symgraph.training import Failure, adam, clip_by_norm, clip_by_value, engines, loops, momentum, sgd, step_decay, train

EPSILON = 2.0**-52


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """A cache folder of the tests' own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMGRAPH_CACHE", str(folder))
        patch.delenv("NUMBA_CACHE_DIR", raising=False)
        yield folder / "numba"


@pytest.fixture(scope="session")
def nine(tmp_path_factory) -> Built:
    return build(tmp_path_factory.mktemp("nine"), "nine_weights")


@pytest.fixture(scope="session")
def rows():
    random = np.random.default_rng(3)
    return random.normal(0.0, 0.3, 9), random.uniform(-1, 1, (60, 5)), random.normal(size=60)


def both(built, X, y, **run):
    """A run compiled, and on floats."""
    return (train(built.arrays, X, y, backend=backend, **run) for backend in ("numba", "scalar"))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam", *TRACED])
def test_every_rule_agrees_with_floats_to_rounding(nine, rows, rule):
    w, X, y = rows
    # at its own rate of 0.01 "swapping" is chaotic: one ulp of an initial weight moves the last ones by 1e-8
    own = {name: optimizer.tuned(1e-4) for name, optimizer in TRACED.items()}
    optimizer = {"sgd": sgd(1e-3), "momentum": momentum(1e-3), "adam": adam(step_decay(1e-3, every=1)), **own}[rule]
    clip = {"momentum": clip_by_norm(0.4), "adam": clip_by_value(0.2)}.get(rule)
    compiled, floats = both(nine, X, y, optimizer=optimizer, epochs=3, w0=w, shuffle=True, seed=1, clip=clip)
    assert (compiled.backend, compiled.fallback, compiled.reason) == ("numba", None, "epochs")
    assert (floats.state.step, floats.state.epoch) == (compiled.state.step, compiled.state.epoch)
    # 180 updates of at most 0.1, each off by a few units in the last place, weights of size 1; rules forget or damp them
    np.testing.assert_allclose(compiled.weights, floats.weights, rtol=0, atol=180 * 0.1 * 16 * EPSILON)
    np.testing.assert_allclose(compiled.state.slots, floats.state.slots, rtol=0, atol=180 * 16 * EPSILON)
    np.testing.assert_allclose(compiled.losses, floats.losses, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rosenbrock", "location", "line", "pieces", "logistic"])
def test_models_of_every_shape_agree_with_floats_to_rounding(tmp_path, name):
    built = build(tmp_path, name)
    w, X, y = data(name, 7)
    compiled, floats = both(built, X, y, optimizer=sgd(1e-3), epochs=3, w0=w)
    assert (compiled.backend, compiled.fallback) == ("numba", None)
    np.testing.assert_allclose(compiled.weights, floats.weights, rtol=64 * EPSILON)


def test_a_model_with_functions_and_tables_of_its_own_is_compiled_with_them(tmp_path):
    built = build(tmp_path, one_output(lambda f, g, a, b: erfcx(a * f) + b * g))
    random = np.random.default_rng(0)
    X, y = random.uniform(-1, 1, (20, 2)), random.normal(size=20)
    compiled, floats = both(built, X, y, optimizer=sgd(0.01), epochs=2, w0=np.ones(2))
    assert (compiled.backend, compiled.fallback) == ("numba", None)
    np.testing.assert_allclose(compiled.weights, floats.weights, rtol=64 * EPSILON)


def test_a_resumed_run_equals_one_run_bit_for_bit(nine, rows):
    w, X, y = rows
    run = {"optimizer": adam(0.01), "shuffle": True, "seed": 4, "backend": "numba"}
    whole, half = train(nine.arrays, X, y, epochs=4, w0=w, **run), train(nine.arrays, X, y, epochs=2, w0=w, **run)
    rest = train(nine.arrays, X, y, epochs=2, w0=half.weights, state=half.state, **run)
    assert (rest.weights.tobytes(), rest.state.step) == (whole.weights.tobytes(), 240)


def test_epochs_that_nobody_listens_to_have_the_bits_of_those_that_are_heard(nine, rows, monkeypatch):
    w, X, y = rows
    run = {"optimizer": adam(step_decay(0.01, every=2)), "epochs": 11, "w0": w, "backend": "numba", "clip": clip_by_norm(1.0)}
    heard = []
    one_by_one = train(nine.arrays, X, y, callbacks=[heard.append], **run)
    for updates in (0, 120, 300, 16_384):  # none, two, five, all epochs at once
        monkeypatch.setattr(engines, "UPDATES_AT_ONCE", updates)
        at_once = train(nine.arrays, X, y, **run)
        assert at_once.losses.tolist() == one_by_one.losses.tolist() == [end.loss for end in heard]
        assert at_once.weights.tobytes() == one_by_one.weights.tobytes()
        assert (at_once.state.step, at_once.state.epoch) == (660, 11)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(at_once.state.slots, one_by_one.state.slots, strict=True))
        with pytest.raises(ValueError, match="read-only"):
            at_once.weights[0] = 1.0


def test_epochs_at_once_stop_where_one_by_one_they_would(tmp_path):
    line, x = build(tmp_path, "line"), np.linspace(-1, 1, 20)
    # steps beyond the other side of the valley, so that the weights grow in each epoch until their squares overflow
    run = {"optimizer": sgd(3.0), "epochs": 200, "w0": np.ones(2), "backend": "numba"}
    one_by_one, at_once = train(line.arrays, x, x, callbacks=[lambda end: None], **run), train(line.arrays, x, x, **run)
    assert at_once.reason == "non-finite"
    assert at_once.epochs > 4
    assert (at_once.failure, at_once.epochs) == (one_by_one.failure, one_by_one.epochs)
    assert at_once.weights.tobytes() == one_by_one.weights.tobytes()
    assert at_once.losses.tolist() == one_by_one.losses.tolist()


def test_ctrl_c_keeps_what_was_finished_before_the_epochs_at_once(nine, rows, monkeypatch):
    w, X, y = rows
    epochs = []

    def rate(epoch):
        epochs.append(epoch)
        if epoch == 7:
            raise KeyboardInterrupt
        return 0.01

    monkeypatch.setattr(engines, "UPDATES_AT_ONCE", 180)
    result = train(nine.arrays, X, y, optimizer=sgd(rate), epochs=20, w0=w, backend="numba")
    assert (result.reason, result.epochs, len(result.losses), result.state.step) == ("interrupted", 6, 6, 360)
    run = {"optimizer": sgd(0.01), "w0": w, "backend": "numba"}
    assert result.weights.tobytes() == train(nine.arrays, X, y, epochs=6, **run).weights.tobytes()


def test_a_value_that_stops_being_finite_is_found_at_the_row_that_floats_find(nine, rows):
    w, X, y = rows
    spoilt = y.copy()
    spoilt[17] = np.nan
    wild = {"optimizer": sgd(1e300), "epochs": 3, "w0": w}
    for run in ({"optimizer": adam(), "epochs": 3, "w0": w, "y": spoilt}, {**wild, "y": y}):
        compiled, floats = both(nine, X, **run)
        assert compiled.failure == floats.failure
        assert compiled.failure is not None
        np.testing.assert_array_equal(compiled.weights, w)
    compiled, _ = both(nine, X, spoilt, optimizer=adam(), epochs=1, w0=w, clip=clip_by_norm(1.0))
    assert compiled.failure == Failure(0, 17, "loss")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"clip": lambda grad: grad / 2}, "numba cannot compile a clip of your own"),
        ({"optimizer": SIGNED}, "the rule of own is not made of operators alone: "),
    ],
)
def test_what_numba_cannot_compile_runs_on_floats_and_says_why(nine, rows, options, reason):
    w, X, y = rows
    compiled, floats = both(nine, X, y, **{"optimizer": sgd(), "epochs": 2, "w0": w, **options})
    assert compiled.backend == "scalar"
    assert compiled.fallback.startswith(reason)
    assert compiled.weights.tobytes() == floats.weights.tobytes()


def test_a_function_that_numba_lacks_runs_on_floats(tmp_path):
    built = build(tmp_path, one_output(lambda f, g, a, b: cbrt(a * f) + b * g))
    result = train(built.arrays, np.ones((3, 2)), np.ones(3), optimizer=sgd(), epochs=1, w0=np.ones(2), backend="numba")
    assert (result.backend, result.fallback) == ("scalar", "numba has no math.cbrt")


def test_a_model_above_the_stated_size_runs_on_floats(nine, rows, monkeypatch):
    w, X, y = rows
    monkeypatch.setattr(loops, "LONGEST_COMPILED", 20)
    loops.numba_loop.cache_clear()
    result = train(nine.arrays, X, y, optimizer=sgd(), epochs=1, w0=w, backend="numba")
    assert result.backend == "scalar"
    assert "statements; above 20 numba takes too long to compile them" in result.fallback


def test_without_numba_it_is_said_how_to_install_it(nine, rows, monkeypatch):
    w, X, y = rows
    monkeypatch.setattr(loops, "find_spec", lambda name: None)
    loops.numba_loop.cache_clear()
    with pytest.raises(OptionError, match=r"numba, which is not installed: pip install numba"):
        train(nine.arrays, X, y, optimizer=sgd(), epochs=1, w0=w, backend="numba")


SCRIPT = """
import sys
import numpy as np
import symgraph
from symgraph.training import sgd, train
m = symgraph.load(sys.argv[1])
result = train(m, np.ones((3, 5)), np.ones(3), optimizer=sgd(), epochs=1, seed=0, backend="numba")
print(result.backend, [float(w).hex() for w in result.weights])
"""


def test_compiled_code_is_kept_for_the_next_process_which_gets_the_same_bits(nine, cache, tmp_path):
    environment = {**os.environ, "SYMGRAPH_CACHE": str(tmp_path / "kept"), "NUMBA_DEBUG_CACHE": "1"}
    outputs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, nine.arrays.__file__],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        outputs.append(done.stdout)
    assert "data saved to" in outputs[0]
    assert "data loaded from" in outputs[1]
    assert "data saved to" not in outputs[1]
    assert outputs[0].splitlines()[-1] == outputs[1].splitlines()[-1]
    kept = sorted(path.read_text(encoding="utf-8") for path in (tmp_path / "kept" / "numba").glob("*.py"))
    assert sorted("losses" if "\ndef losses(" in text else "loop" for text in kept) == ["loop", "losses"]


def test_without_a_cache_folder_a_loop_is_compiled_in_memory(nine, rows, monkeypatch, tmp_path):
    w, X, y = rows
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "file"))
    loops.numba_loop.cache_clear()
    assert train(nine.arrays, X, y, optimizer=sgd(), epochs=1, w0=w, backend="numba").backend == "numba"


def test_a_file_in_the_cache_that_does_not_hold_its_text_is_written_anew(nine, rows, cache):
    w, X, y = rows
    run = {"optimizer": sgd(), "epochs": 1, "w0": w, "backend": "numba"}
    first = train(nine.arrays, X, y, **run)
    for path in cache.glob("*.py"):
        path.write_text("raise SystemExit('not ours')", encoding="utf-8")
    loops.numba_loop.cache_clear()
    assert train(nine.arrays, X, y, **run).weights.tobytes() == first.weights.tobytes()
