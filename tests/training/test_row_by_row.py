"""train() on Python floats: the bits of the plain loop, and all else as on arrays."""

import math

import numpy as np
import pytest
from built import one_output
from own_rules import BRANCHING, HIDING, RECORDED, SIGNED, own
from reference import Built, build, data, shortened, train_plainly
from reference import train_in_order as train
from sympy import Float

from symgraph import cbrt
from symgraph.errors import OptionError
from symgraph.io.native import load
from symgraph.training import Failure, adam, clip_by_norm, clip_by_value, converged, momentum, sgd, step_decay
from symgraph.training.other_backends import siblings_of

MODELS = [
    *("nine_weights", "line", "rosenbrock", "location", "energy", "logistic", "uniform_nodes", "every_op", "pieces"),
    *("keywords", "flat", "shadows", "perceptron", "Misra1a", "aliases", "feature_output", "weight_loss"),
]
TRUTH = "a recorded value is neither true nor false yet; choose with select"
RULES = {"sgd": sgd(1e-3), "momentum": momentum(1e-3), "adam": adam(1e-3), **RECORDED}


@pytest.fixture(scope="session")
def nine(tmp_path_factory) -> Built:
    """The founding model, without a C file beside it."""
    return build(tmp_path_factory.mktemp("nine"), "nine_weights")


def no_c(model):
    """Why a run is not in C where nobody has built that."""
    return f"there is no {model}.c beside it, which `symgraph build --backend c` makes"


def assert_same_bits(result, end):
    assert result.weights.tolist() == end.weights
    assert [slot.tolist() for slot in result.state.slots] == end.slots


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_trained_to_the_bits_of_the_plain_loop(tmp_path, name):
    arrays, scalar = build(tmp_path, name)
    w, X, y = data(name, 7)
    optimizer = adam(step_decay(1e-3, every=1))
    result = train(arrays, X, y, optimizer=optimizer, epochs=3, w0=w)
    assert (result.backend, result.fallback, result.reason) == ("scalar", no_c(name), "epochs")
    assert_same_bits(result, train_plainly(scalar, w, X, y, optimizer, 3))
    assert result.losses[-1] == arrays.loss(result.weights, X, y)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("max_norm", [None, 0.5])
def test_every_rule_gives_the_bits_of_the_plain_loop_shuffled_and_clipped(nine, rows, rule, max_norm):
    w, X, y = rows
    clip = None if max_norm is None else clip_by_norm(max_norm)
    result = train(nine.arrays, X, y, optimizer=RULES[rule], epochs=4, w0=w, shuffle=True, seed=8, clip=clip)
    assert (result.backend, result.fallback, result.reason) == ("scalar", no_c("nine_weights"), "epochs")
    assert_same_bits(result, train_plainly(nine.scalar, w, X, y, RULES[rule], 4, seed=8, max_norm=max_norm))


def test_the_norm_does_clip_some_of_those_gradients_and_not_others(nine, rows):
    w, X, y = rows
    norms = np.linalg.norm(nine.arrays.per_sample_grad(w, X, y), axis=1)
    assert 0.1 < np.mean(norms > 0.5) < 0.9
    grad = nine.arrays.per_sample_grad(w, X[0], y[0]).tolist()
    assert math.hypot(*shortened(grad, 1e-3)) == pytest.approx(1e-3, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("clip", [None, clip_by_norm(0.4), clip_by_value(0.2)], ids=["none", "norm", "value"])
@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam"])
def test_arrays_and_floats_agree_to_rounding(nine, rows, rule, clip):
    w, X, y = rows
    run = {"optimizer": RULES[rule], "epochs": 3, "w0": w, "shuffle": True, "seed": 1, "clip": clip}
    floats, arrays = (train(nine.arrays, X, y, backend=backend, **run) for backend in ("scalar", "numpy"))
    # 180 updates: each adds an error of a few ulp to a gradient of size 1, times a rate of 1e-3, or its sign under Adam.
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=0, atol=180 * 1e-3 * 16 * 2**-52)
    np.testing.assert_allclose(floats.losses, arrays.losses, rtol=1e-12)


def test_a_clip_of_ones_own_is_called_with_the_array_of_each_row(nine, rows):
    w, X, y = rows
    shapes = set()

    def halve(grad):
        shapes.add((type(grad), grad.shape))
        return grad / 2

    result = train(nine.arrays, X, y, optimizer=sgd(0.5), epochs=2, w0=w, clip=halve)
    assert shapes == {(np.ndarray, (9,))}
    # halves are exact, so half the gradient is half the rate
    assert_same_bits(result, train_plainly(nine.scalar, w, X, y, sgd(0.25), 2))


def test_a_run_resumed_equals_one_run_bit_for_bit(nine, rows):
    w, X, y = rows
    run = {"optimizer": adam(step_decay(0.01, every=2)), "shuffle": True, "seed": 4, "clip": clip_by_norm(0.5)}
    whole = train(nine.arrays, X, y, epochs=5, w0=w, **run)
    half = train(nine.arrays, X, y, epochs=2, w0=w, **run)
    rest = train(nine.arrays, X, y, epochs=3, w0=half.weights, state=half.state, **run)
    assert rest.weights.tobytes() == whole.weights.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(rest.state.slots, whole.state.slots, strict=True))
    assert (rest.state.step, rest.state.epoch, rest.first_epoch) == (300, 5, 2)
    assert [*half.losses, *rest.losses] == whole.losses.tolist()


def test_rows_are_made_floats_piece_by_piece(nine, rows):
    w, X, y = rows
    X, y = np.tile(X, (290, 1)), np.tile(y, 290)  # more than the 16,384 rows of a piece
    for shuffle in (False, True):
        result = train(nine.arrays, X, y, optimizer=sgd(0.01), epochs=1, w0=w, seed=4, shuffle=shuffle)
        assert_same_bits(result, train_plainly(nine.scalar, w, X, y, sgd(0.01), 1, seed=4 if shuffle else None))


def test_stops_and_callbacks_see_every_epoch_and_results_cannot_be_changed(nine, rows):
    w, X, y = rows
    ends = []
    result = train(nine.arrays, X, y, optimizer=sgd(0.01), epochs=500, w0=w, stop=converged(2e-2), callbacks=[ends.append])
    assert (result.reason, result.backend) == ("tolerance", "scalar")
    assert [end.epoch for end in ends] == list(range(1, result.epochs + 1))
    assert [end.loss for end in ends] == result.losses.tolist()
    for array in (ends[0].weights, result.weights, train(nine.arrays, X, y, optimizer=adam(), epochs=1).state.slots[1]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_ctrl_c_keeps_the_last_finished_epoch(nine, rows):
    w, X, y = rows
    calls = []

    def interrupting(grad):
        calls.append(None)
        if len(calls) == 150:  # in the middle of epoch 2
            raise KeyboardInterrupt
        return grad

    result = train(nine.arrays, X, y, optimizer=momentum(0.01), epochs=9, w0=w, clip=interrupting)
    assert (result.reason, result.epochs, len(result.losses)) == ("interrupted", 2, 2)
    assert_same_bits(result, train_plainly(nine.scalar, w, X, y, momentum(0.01), 2))


def failures(built, X, y, **run):
    """Failure of a run by each backend."""
    results = [train(built.arrays, X, y, backend=backend, **run) for backend in ("scalar", "numpy")]
    for result in results:
        assert result.reason == "non-finite"
        assert np.isfinite(result.weights).all()
        assert len(result.losses) == result.epochs == result.failure.epoch - 1
    assert results[0].weights.tolist() == pytest.approx(results[1].weights.tolist(), rel=1e-12, abs=0.0)
    return [result.failure for result in results]


@pytest.fixture(scope="session")
def line(tmp_path_factory) -> Built:
    """A line, without a C file beside it."""
    return build(tmp_path_factory.mktemp("line"), "line")


def test_a_bad_row_is_named_as_on_arrays(nine, rows):
    w, X, y = rows
    spoilt = y.copy()
    spoilt[[17, 40]] = np.nan
    assert failures(nine, X, spoilt, w0=w, optimizer=adam(), epochs=3) == [Failure(1, 17, "loss")] * 2
    spoilt_X = X.copy()
    spoilt_X[17, 2] = np.inf  # math.sin raises there
    assert failures(nine, spoilt_X, y, w0=w, optimizer=adam(), epochs=3) == [Failure(1, 17, "loss")] * 2


def test_gradients_weights_states_and_losses_that_overflow_are_told_apart_as_on_arrays(line):
    zeros = np.zeros(2)
    # The loss (1e150)**2 is finite, its derivative 2e150 * 1e200 is not.
    X, y = np.array([0.0, 1e200]), np.array([0.0, 1e150])
    assert failures(line, X, y, w0=zeros, optimizer=sgd(), epochs=2) == [Failure(1, 1, "gradient")] * 2
    clipped = {"w0": zeros, "optimizer": sgd(), "epochs": 2}
    for clip in (clip_by_norm(1.0), clip_by_value(1.0), lambda grad: np.zeros(2)):
        assert failures(line, X, y, clip=clip, **clipped) == [Failure(1, 1, "gradient")] * 2
    X, y = np.ones(3), np.array([0.0, 1e10, 1e10])
    assert failures(line, X, y, w0=zeros, optimizer=sgd(1e300), epochs=2) == [Failure(1, 1, "weights")] * 2
    # A gradient of 1e200: its square in Adam's state is infinite, and holds the weights still.
    X, y = np.array([1e100]), np.array([1e100])
    assert failures(line, X, y, w0=zeros, optimizer=adam(), epochs=2) == [Failure(1, None, "optimizer state")] * 2
    # The update by row 1 takes a to 2e100, where the square at row 0 overflows.
    X, y = np.array([1e60, 1.0]), np.array([0.0, 1e100])
    assert failures(line, X, y, w0=zeros, optimizer=sgd(1.0), epochs=2) == [Failure(1, 0, "loss")] * 2


@pytest.mark.parametrize("optimizer", [HIDING, SIGNED], ids=["hiding", "for arrays alone"])
def test_a_rule_of_any_form_is_run_and_a_gradient_that_it_hides_is_found(line, optimizer):
    x = np.linspace(-1, 1, 20)
    run = {"optimizer": optimizer, "epochs": 2, "w0": np.ones(2)}
    floats, arrays = (train(line.arrays, x, x**2, backend=backend, **run) for backend in ("scalar", "numpy"))
    assert floats.backend == "scalar"
    assert (floats.fallback or "").startswith("the rule of own " if optimizer is SIGNED else "")
    # each step is of 0.01 at most, and 40 of them are rounded
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=0, atol=40 * 4 * 2**-52)
    X, y = np.array([1e200]), np.array([1e150])  # as above: the loss is finite, the gradient is not
    assert failures(line, X, y, w0=np.zeros(2), optimizer=optimizer, epochs=2) == [Failure(1, 0, "gradient")] * 2


def test_a_rule_that_branches_on_a_number_is_called_on_floats(line):
    x = np.linspace(-1, 1, 20)
    result = train(line.arrays, x, x**2, optimizer=BRANCHING, epochs=2, w0=np.ones(2))
    assert (result.backend, result.fallback) == ("scalar", "the rule of own is not made of operators alone: " + TRUTH)
    assert_same_bits(result, train_plainly(line.scalar, np.ones(2), x, x**2, BRANCHING, 2))


def test_a_rule_that_math_raises_in_is_called_on_arrays_for_that_row(line):
    """A square root of a negative number is nan, and 1/0 infinite, as on arrays."""
    for rule, what in (
        (lambda q, w, g, s, t, r: (w - r * q(g - 1e3), s), "weights"),
        (lambda q, w, g, s, t, r: (w - r / g, s), "weights"),
    ):
        x = np.zeros(3)
        assert failures(line, x, x, w0=np.zeros(2), optimizer=own(rule), epochs=2) == [Failure(1, 0, what)] * 2


@pytest.fixture
def raising(tmp_path) -> Built:
    """a/(1 + f**150.5) + b*g: math.pow raises where the power overflows, and the model is b*g there."""
    return build(tmp_path, one_output(lambda f, g, a, b: a / (1 + f ** Float(150.5)) + b * g))


def test_a_row_at_which_math_raises_and_numpy_does_not_is_taken_from_arrays(raising):
    X, y, w = np.array([[0.5, 1.0], [2000.0, 1.0], [0.25, 2.0]]), np.array([1.0, 2.0, 1.5]), np.ones(2)
    with pytest.raises(OverflowError):
        raising.scalar.row(w.tolist(), X[1].tolist(), y[1], [0.0, 0.0])
    floats, arrays = (train(raising.arrays, X, y, optimizer=adam(), epochs=3, w0=w, backend=b) for b in ("scalar", "numpy"))
    assert (floats.reason, floats.epochs) == ("epochs", 3)
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=0, atol=9 * 4 * 2**-52)


def test_without_the_numpy_module_such_a_row_ends_the_run(raising, tmp_path):
    (tmp_path / "small.py").unlink()
    X, y = np.array([[0.5, 1.0], [2000.0, 1.0]]), np.array([1.0, 2.0])
    result = train(raising.scalar, X, y, optimizer=adam(), epochs=3, w0=np.ones(2))
    assert (result.reason, result.failure, result.epochs) == ("non-finite", Failure(1, 1, "loss"), 0)


def test_the_scalar_module_alone_trains_from_given_weights_with_exact_mean_losses(nine, rows, tmp_path):
    path = tmp_path / "nine_weights_scalar.py"
    path.write_text(nine.scalar.__loader__.get_source(""), encoding="utf-8")
    alone = load(path)
    w, X, y = rows
    result = train(alone, X.astype(np.float32), y, optimizer=sgd(), epochs=2, w0=w.astype(np.float32))
    single = w.astype(np.float32), X.astype(np.float32)
    assert_same_bits(result, train_plainly(alone, *single, y, sgd(), 2))
    assert result.weights.dtype == np.float64
    losses = [alone.row(result.weights.tolist(), x.tolist(), t, [0.0] * 9) for x, t in zip(single[1], y, strict=True)]
    assert result.losses[-1] == math.fsum(losses) / 60
    with pytest.raises(OptionError, match=r"w0 is missing: the scalar module draws no .*no module nine_weights.py beside it"):
        train(alone, X, y, optimizer=sgd())
    with pytest.raises(OptionError, match=r"the backend numpy needs the numpy module: there is no module nine_weights.py"):
        train(alone, X, y, optimizer=sgd(), w0=w, backend="numpy")


def test_the_scalar_module_with_the_numpy_module_beside_it_is_the_same_run(nine, rows):
    _, X, y = rows
    run = {"optimizer": adam(), "epochs": 2, "seed": 3}
    by_arrays, by_scalar = train(nine.arrays, X, y, **run), train(nine.scalar, X, y, **run)
    assert by_arrays.weights.tobytes() == by_scalar.weights.tobytes()
    assert by_arrays.losses.tolist() == by_scalar.losses.tolist()
    assert train(nine.scalar, X, y, backend="numpy", **run).backend == "numpy"


def test_batches_float32_and_modules_without_their_scalar_one_go_by_arrays(nine, rows, linear, plane):
    _, X, y = rows
    run = {"optimizer": sgd(), "epochs": 1, "seed": 0}
    for options, reason in (
        ({"batch_size": 6}, None),
        ({"batch_size": None}, None),
        ({"X": X.astype(np.float32)}, None),
        ({"X": X.astype(np.float32), "backend": "scalar"}, "float32 is for arrays alone"),
    ):
        result = train(nine.arrays, **{"X": X, "y": y, **options, **run})
        assert (result.backend, result.fallback) == ("numpy", reason)
    result = train(linear, *plane, **run)
    assert (result.backend, result.fallback) == ("numpy", "the module of linear is in no file")


def test_a_backend_that_cannot_do_the_run_is_refused(nine, rows, linear, plane):
    _, X, y = rows
    with pytest.raises(OptionError, match="backend must be one of auto, numpy, scalar, c, not 'jax'"):
        train(nine.arrays, X, y, optimizer=sgd(), backend="jax")
    with pytest.raises(OptionError, match="batch_size is 6; the backends scalar and c take one row an update"):
        train(nine.arrays, X, y, optimizer=sgd(), backend="scalar", batch_size=6)
    with pytest.raises(OptionError, match="batch_size is 6; the backends scalar and c take one row an update"):
        train(nine.scalar, X, y, optimizer=sgd(), batch_size=6)
    with pytest.raises(OptionError, match="the backend scalar needs the scalar module: the module of linear is in no file"):
        train(linear, *plane, optimizer=sgd(), backend="scalar")


def test_a_scalar_module_without_a_loss_is_refused(tmp_path):
    with pytest.raises(OptionError, match="curve has no loss and cannot be trained"):
        train(build(tmp_path, "curve").scalar, np.ones((2, 2)), optimizer=sgd(), w0=np.ones(3))


def test_modules_belong_together_only_if_built_from_one_spec_with_one_precision(nine, tmp_path):
    built = build(tmp_path, "nine_weights")
    assert siblings_of(built.arrays).scalar.row.__code__ == built.scalar.row.__code__
    assert siblings_of(built.scalar).arrays.METADATA == built.arrays.METADATA
    other = tmp_path / "nine_weights_scalar.py"
    text = other.read_text(encoding="utf-8")
    for old, new in (('"model_hash": "sha256:', '"model_hash": "sha256:0'), ('"w1", "w2"', '"w2", "w1"')):
        assert old in text
        other.write_text(text.replace(old, new), encoding="utf-8")
        found = siblings_of(built.arrays)
        assert found.scalar is None
        assert found.lack("scalar") == "nine_weights_scalar.py was not built from the same spec; build it again"
    for broken in ("ABI = 2\nraise RuntimeError", "ABI = 99", "def", "\udcff"):
        other.write_text(broken, encoding="utf-8", errors="surrogateescape")
        assert siblings_of(built.arrays).scalar is None
    del built.arrays.METADATA  # a module by hand, whose spec is not known
    other.write_text(text.replace("METADATA: Mapping", "DATA: Mapping"), encoding="utf-8")
    assert siblings_of(built.arrays).scalar is None


def test_a_cube_root_is_trained_on_floats(tmp_path):
    built = build(tmp_path, one_output(lambda f, g, a, b: cbrt(a * f) + b * g))
    X, y = np.random.default_rng(0).uniform(0.5, 2, (20, 2)), np.ones(20)
    result = train(built.arrays, X, y, optimizer=adam(), epochs=2, w0=np.ones(2))
    assert (result.backend, result.fallback) == ("scalar", no_c("small"))
    assert_same_bits(result, train_plainly(built.scalar, np.ones(2), X, y, adam(), 2))
