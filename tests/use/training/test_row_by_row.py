"""train() on Python floats: the bits of the plain loop, and all else as on arrays."""

import math

import numpy as np
import pytest
from built import one_output
from own_rules import BRANCHING, HIDING, RECORDED, SIGNED, own
from reference import Built, Fault, assert_all_fail_alike, build, data, faults, train_plainly
from reference import train_in_order as train
from sympy import Float

from symgraph import cbrt
from symgraph.errors import OptionError
from symgraph.project.native.loading import load
from symgraph.use.training import Failure, adam, clip_by_norm, converged, momentum, sgd, step_decay
from symgraph.use.training.other_backends import siblings_of

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


@pytest.mark.parametrize("name", [*MODELS, "small"])
def test_every_model_is_trained_to_the_bits_of_the_plain_loop(tmp_path, name):
    if name == "small":  # with a cube root, which math has not in every version
        arrays, scalar = build(tmp_path, one_output(lambda f, g, a, b: cbrt(a * f) + b * g))
        w, X, y = np.ones(2), np.random.default_rng(0).uniform(0.5, 2, (20, 2)), np.ones(20)
    else:
        (arrays, scalar), (w, X, y) = build(tmp_path, name), data(name, 7)
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


def test_a_clip_of_ones_own_is_called_with_the_array_of_each_row_and_ctrl_c_keeps_the_last_finished_epoch(nine, rows):
    w, X, y = rows
    given = []

    def halve(grad):
        given.append((type(grad), grad.shape))
        if len(given) == 150:  # in the middle of epoch 2
            raise KeyboardInterrupt
        return grad / 2

    result = train(nine.arrays, X, y, optimizer=momentum(0.5), epochs=9, w0=w, clip=halve)
    assert (result.reason, result.epochs, len(result.losses), set(given)) == ("interrupted", 2, 2, {(np.ndarray, (9,))})
    # halves are exact, so half the gradient is half the rate
    assert_same_bits(result, train_plainly(nine.scalar, w, X, y, momentum(0.25), 2))


@pytest.fixture(scope="session")
def line(tmp_path_factory) -> Built:
    """A line, without a C file beside it."""
    return build(tmp_path_factory.mktemp("line"), "line")


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.failure.what)
def test_what_stops_being_finite_is_named_as_on_arrays(nine, line, fault):
    assert_all_fail_alike(fault, {"nine": nine, "line": line}[fault.model], ("scalar", "numpy"))


def test_a_rule_that_math_raises_in_is_called_on_arrays_for_that_row(line):
    """A square root of a negative number is nan, and 1/0 infinite, as on arrays."""
    for move in (lambda q, g: q(g - 1e3), lambda q, g: 1.0 / g):
        run = {"w0": np.zeros(2), "optimizer": own(lambda q, w, g, s, t, r, move=move: (w - r * move(q, g), s))}
        assert_all_fail_alike(Fault("line", np.zeros(3), np.zeros(3), run, Failure(1, 0, "weights")), line, ("scalar", "numpy"))


@pytest.mark.parametrize("optimizer", [HIDING, SIGNED], ids=["hiding", "for arrays alone"])
def test_a_rule_of_any_form_is_run(line, optimizer):
    x = np.linspace(-1, 1, 20)
    run = {"optimizer": optimizer, "epochs": 2, "w0": np.ones(2)}
    floats, arrays = (train(line.arrays, x, x**2, backend=backend, **run) for backend in ("scalar", "numpy"))
    assert floats.backend == "scalar"
    assert (floats.fallback or "").startswith("the rule of own " if optimizer is SIGNED else "")
    # each step is of 0.01 at most, and 40 of them are rounded
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=0, atol=40 * 4 * 2**-52)
    result = train(line.arrays, x, x**2, optimizer=BRANCHING, epochs=2, w0=np.ones(2))  # on a number, which is a float
    assert (result.backend, result.fallback) == ("scalar", "the rule of own is not made of operators alone: " + TRUTH)
    assert_same_bits(result, train_plainly(line.scalar, np.ones(2), x, x**2, BRANCHING, 2))


def test_a_row_at_which_math_raises_and_numpy_does_not_is_taken_from_arrays(tmp_path):
    # math.pow raises where the power overflows, and the model is b*g there
    raising = build(tmp_path, one_output(lambda f, g, a, b: a / (1 + f ** Float(150.5)) + b * g))
    X, y, w = np.array([[0.5, 1.0], [2000.0, 1.0], [0.25, 2.0]]), np.array([1.0, 2.0, 1.5]), np.ones(2)
    with pytest.raises(OverflowError):
        raising.scalar.row(w.tolist(), X[1].tolist(), y[1], [0.0, 0.0])
    floats, arrays = (train(raising.arrays, X, y, optimizer=adam(), epochs=3, w0=w, backend=b) for b in ("scalar", "numpy"))
    assert (floats.reason, floats.epochs) == ("epochs", 3)
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=0, atol=9 * 4 * 2**-52)
    (tmp_path / "small.py").unlink()  # the numpy module, without which such a row ends the run
    result = train(raising.scalar, X, y, optimizer=adam(), epochs=3, w0=w)
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
    by_arrays, by_scalar = train(nine.arrays, X, y, **run), train(nine.scalar, X, y, **run)
    assert by_arrays.weights.tobytes() == by_scalar.weights.tobytes()
    assert train(nine.scalar, X, y, backend="numpy", **run).backend == "numpy"


def test_a_backend_that_cannot_do_the_run_is_refused(nine, rows, linear, plane, tmp_path):
    given, curve = rows[1:], build(tmp_path, "curve").scalar
    for module, columns, run, said in (
        (nine.arrays, given, {"backend": "jax"}, "backend must be one of auto, numpy, scalar, c, not 'jax'"),
        (nine.arrays, given, {"backend": "scalar", "batch_size": 6}, "batch_size is 6; the backends scalar and c take one"),
        (nine.scalar, given, {"batch_size": 6}, "batch_size is 6; the backends scalar and c take one row an update"),
        (linear, plane, {"backend": "scalar"}, "the backend scalar needs the scalar module: the module of linear is in no"),
        (curve, (np.ones((2, 2)),), {"w0": np.ones(3)}, "curve has no loss and cannot be trained"),
    ):
        with pytest.raises(OptionError, match=said):
            train(module, *columns, optimizer=sgd(), **run)


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
