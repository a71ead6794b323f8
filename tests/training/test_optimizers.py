import math
import pickle

import numpy as np
import pytest

from symgraph import training
from symgraph.errors import OptionError
from symgraph.training import OPTIMIZERS, Optimizer, Parameter, adam, adamw, momentum, nesterov, rmsprop, sgd, step_decay

K, STEPS = 5, 60
EVERY = [sgd(0.05), momentum(0.05), nesterov(0.05), rmsprop(0.01), adam(0.01), adamw(0.01, weight_decay=0.1)]


@pytest.fixture
def gradients():
    # Magnitudes from 1e-6 to 1e3, so that no term of a rule is negligible throughout.
    random = np.random.default_rng(3)
    return random.normal(size=(STEPS, K)) * 10.0 ** random.uniform(-6, 3, size=(STEPS, K))


def walk(optimizer, gradients):
    """The weights after each update."""
    w = np.linspace(-1, 1, K).astype(gradients.dtype)
    state, path = optimizer.init(w), []
    for g in gradients:
        w, state = optimizer.step(g, state, w)
        path.append(w)
    return np.array(path)


@pytest.mark.parametrize("row", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
def test_an_optimizers_function_has_the_defaults_of_its_row(row):
    assert getattr(training, row.name)() == row


def test_sgd_is_the_textbook_recurrence_bit_for_bit(gradients):
    w, expected = np.linspace(-1, 1, K), []
    for g in gradients:
        w = w - 0.05 * g
        expected.append(w)
    np.testing.assert_array_equal(walk(sgd(0.05), gradients), expected, strict=True)


def test_momentum_is_the_textbook_recurrence_bit_for_bit(gradients):
    w, v, expected = np.linspace(-1, 1, K), np.zeros(K), []
    for g in gradients:
        v = 0.8 * v + 0.05 * g
        w = w - v
        expected.append(w)
    np.testing.assert_array_equal(walk(momentum(0.05, gamma=0.8), gradients), expected, strict=True)


def test_momentum_is_polyaks_heavy_ball_at_a_constant_rate(gradients):
    before, w = np.linspace(-1, 1, K), np.linspace(-1, 1, K)
    for g in gradients:
        before, w = w, w - 0.05 * g + 0.9 * (w - before)
    # Another order of operations: w - before rounds at the size of w (below 1e3 here) in 60 steps, each kept by 1/(1 - 0.9).
    np.testing.assert_allclose(walk(momentum(0.05), gradients)[-1], w, rtol=0, atol=60 * 10 * 1e3 * 2**-52)


def test_adam_is_algorithm_1_of_kingma_and_ba_bit_for_bit(gradients):
    alpha, beta1, beta2, epsilon = 0.002, 0.85, 0.99, 1e-7
    theta, m, v, expected = np.linspace(-1, 1, K), np.zeros(K), np.zeros(K), []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
        expected.append(theta)
    np.testing.assert_array_equal(walk(adam(alpha, beta1, beta2, epsilon), gradients), expected, strict=True)


def test_nesterovs_momentum_is_the_recurrence_of_weights_that_look_ahead_bit_for_bit(gradients):
    w, v, expected = np.linspace(-1, 1, K), np.zeros(K), []
    for g in gradients:
        v = 0.8 * v + 0.05 * g
        w = w - (0.8 * v + 0.05 * g)
        expected.append(w)
    np.testing.assert_array_equal(walk(nesterov(0.05, gamma=0.8), gradients), expected, strict=True)


def test_nesterovs_momentum_is_that_of_sutskever_at_the_point_looked_ahead_to():
    """v' = gamma * v - rate * grad(theta + gamma * v), theta' = theta + v' (Sutskever et al. 2013, eq. 3 and 4)."""
    slopes, rate, gamma = np.array([1.0, 3.0, 0.2]), 0.05, 0.9
    theta, v = np.array([1.0, -2.0, 0.5]), np.zeros(3)
    optimizer = nesterov(rate, gamma)
    w, state = theta, optimizer.init(theta)
    for _ in range(STEPS):
        v = gamma * v - rate * slopes * (theta + gamma * v)
        theta = theta + v
        w, state = optimizer.step(slopes * w, state, w)
    # our weights are those looked ahead to; 60 steps of size 1 at most, which the quadratic damps
    np.testing.assert_allclose(w, theta + gamma * v, rtol=0, atol=60 * 8 * 2**-52)


def test_rmsprop_is_the_textbook_recurrence_bit_for_bit(gradients):
    w, v, expected = np.linspace(-1, 1, K), np.zeros(K), []
    for g in gradients:
        v = 0.9 * v + (1 - 0.9) * g**2
        w = w - 0.005 * g / (np.sqrt(v) + 1e-7)
        expected.append(w)
    np.testing.assert_array_equal(walk(rmsprop(0.005, alpha=0.9, epsilon=1e-7), gradients), expected, strict=True)


def test_adamw_is_algorithm_2_of_loshchilov_and_hutter_bit_for_bit(gradients):
    alpha, beta1, beta2, epsilon, decay = 0.002, 0.85, 0.99, 1e-7, 0.3
    theta, m, v, expected = np.linspace(-1, 1, K), np.zeros(K), np.zeros(K), []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta = (theta - alpha * decay * theta) - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
        expected.append(theta)
    np.testing.assert_array_equal(walk(adamw(alpha, beta1, beta2, epsilon, decay), gradients), expected, strict=True)


def test_adamw_without_decay_is_adam(gradients):
    np.testing.assert_array_equal(walk(adamw(0.01, weight_decay=0.0), gradients), walk(adam(0.01), gradients), strict=True)


def torchs(name, **options):
    """The weights after each update of an optimizer of PyTorch."""
    torch = pytest.importorskip("torch")

    def path(gradients):
        w = torch.linspace(-1, 1, K, dtype=torch.float64, requires_grad=True)
        with torch.no_grad():
            w[:] = torch.from_numpy(np.linspace(-1, 1, K))
        optimizer, found = getattr(torch.optim, name)([w], **options), []
        for g in gradients:
            w.grad = torch.from_numpy(g)
            optimizer.step()
            found.append(w.detach().numpy().copy())
        return np.array(found)

    return path


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (sgd(0.05), "SGD", {"lr": 0.05}),
        (momentum(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8}),
        (nesterov(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        (rmsprop(0.005, 0.9, 1e-7), "RMSprop", {"lr": 0.005, "alpha": 0.9, "eps": 1e-7}),
        (adam(0.002, 0.85, 0.99, 1e-7), "Adam", {"lr": 0.002, "betas": (0.85, 0.99), "eps": 1e-7}),
        (adamw(0.002, 0.85, 0.99, 1e-7, 0.3), "AdamW", {"lr": 0.002, "betas": (0.85, 0.99), "eps": 1e-7, "weight_decay": 0.3}),
        *((row, kind, {}) for row, kind in ((rmsprop(), "RMSprop"), (adam(), "Adam"), (adamw(), "AdamW"))),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_optimizers_are_those_of_pytorch_with_its_defaults(gradients, ours, name, options):
    expected = torchs(name, **options)(gradients)
    # weights are sums of 60 steps, each off by a few units in the last place of the greatest
    np.testing.assert_allclose(walk(ours, gradients), expected, rtol=0, atol=60 * 8 * 2**-52 * np.abs(expected).max())


def test_adams_first_step_has_the_length_of_the_rate_whatever_the_gradient():
    g = np.array([1e-3, -1.0, 1e6])
    moved, _ = adam(0.01).step(g, adam(0.01).init(np.zeros(3)), np.zeros(3))
    # |g|/(|g| + epsilon) is 1 - epsilon/|g|: 1e-5 off at |g| = 1e-3 with epsilon = 1e-8.
    np.testing.assert_allclose(moved, -0.01 * np.sign(g), rtol=1.1e-5)


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: o.name)
def test_the_same_rule_on_python_floats_gives_the_bits_of_the_arrays(optimizer, gradients):
    update = optimizer.rule(math.sqrt)
    columns = []
    for w, column in zip(np.linspace(-1, 1, K).tolist(), gradients.T.tolist(), strict=True):
        slots, path = (0.0,) * optimizer.slots, []
        for step, g in enumerate(column, start=1):
            w, slots = update(w, g, slots, step, optimizer.rate_at(0))
            assert type(w) is float
            path.append(w)
        columns.append(path)
    np.testing.assert_array_equal(walk(optimizer, gradients), np.transpose(columns), strict=True)


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: o.name)
def test_a_float32_run_keeps_float32_weights_and_a_float64_state(optimizer, gradients):
    w = np.ones(K, np.float32)
    state = optimizer.init(w)
    for g in gradients.astype(np.float32):
        w, state = optimizer.step(g, state, w)
    assert w.dtype == np.float32
    assert all(slot.dtype == np.float64 for slot in state.slots)


@pytest.mark.parametrize("size", [1e-45, 1e-30, 1e-20, 1.0, 1e19, 1e30, 3e38])
def test_adam_takes_float32_gradients_whose_squares_float32_cannot_hold(size):
    optimizer, w, g = adam(0.01, epsilon=0.0), np.ones(2, np.float32), np.float32([size, -size])
    state = optimizer.init(w)
    for _ in range(3):
        w, state = optimizer.step(g, state, w)
    # m is g and v is g*g after bias correction, up to some roundings: each step is the rate
    np.testing.assert_allclose(w, [0.97, 1.03], rtol=1e-6)
    assert all(np.isfinite(slot).all() for slot in state.slots)


def test_adam_without_epsilon_leaves_a_weight_that_has_no_gradient():
    optimizer, w = adam(0.01, epsilon=0.0), np.ones(2)
    moved, _ = optimizer.step(np.array([0.0, 1.0]), optimizer.init(w), w)
    np.testing.assert_allclose(moved, [1.0, 0.99], rtol=1e-15)  # 1 - 0.01 with two roundings


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: o.name)
def test_a_step_leaves_what_it_was_given_as_it_was(optimizer, gradients):
    w = np.ones(K)
    _, state = optimizer.step(gradients[0], optimizer.init(w), w)
    given = (gradients[1], w, *state.slots)
    copies = [array.copy() for array in given]
    optimizer.step(gradients[1], state, w)
    for array, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert (state.step, state.epoch) == (1, 0)


def test_a_schedule_is_asked_with_the_epoch_of_the_state_not_the_update():
    optimizer = sgd(step_decay(1.0, every=2, factor=0.5))
    w, rates = np.zeros(1), []
    state = optimizer.init(w)
    for _ in range(5):
        for _ in range(3):
            moved, state = optimizer.step(np.ones(1), state, w)
            rates.append((w - moved).item())
            w = moved
        state = optimizer.next_epoch(state)
    # Rates that are powers of two make every subtraction above exact.
    assert rates == [1.0] * 6 + [0.5] * 6 + [0.25] * 3
    assert (state.step, state.epoch) == (15, 5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_row_of_the_table_goes_down_a_quadratic(name):
    # the rate falls, since steps that are divided by the gradient's size do not shrink by themselves
    optimizer = OPTIMIZERS[name].tuned(rate=step_decay(0.05, every=100))
    w = np.array([1.0, -2.0])
    state = optimizer.init(w)
    for _ in range(500):
        w, state = optimizer.step(np.array([1.0, 3.0]) * w, state, w)
        state = optimizer.next_epoch(state)
    assert np.abs(w).max() < 1e-3


def test_an_optimizer_of_ones_own_is_a_rule_and_a_row():
    def adagrad_rule(sqrt, *, epsilon):
        def update(w, g, slots, step, rate):
            (v,) = slots
            v = v + g * g
            return w - rate * g / (sqrt(v) + epsilon), (v,)

        return update

    row = Optimizer("adagrad", adagrad_rule, slots=1, rate=0.01, parameters=(Parameter("epsilon", 1e-8),))
    optimizer = row.tuned(epsilon=1e-10)
    w, state = optimizer.step(np.array([2.0, -4.0]), optimizer.init(np.zeros(2)), np.zeros(2))
    # v = g*g, so that each weight moves by the rate against the sign of its gradient; epsilon is 1e-10 of sqrt(v) at most
    np.testing.assert_allclose(w, [-0.01, 0.01], rtol=2e-10)
    np.testing.assert_array_equal(state.slots[0], [4.0, 16.0])


def test_optimizers_are_values_that_compare_and_pickle():
    optimizer = adam(step_decay(0.01, every=3), beta2=0.99)
    assert optimizer == adam(step_decay(0.01, every=3), beta2=0.99)
    assert optimizer != adam(step_decay(0.01, every=4), beta2=0.99)
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer  # noqa: S301 - our own bytes
    assert hash(sgd(0.1)) == hash(sgd(0.1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sgd(0.0), "sgd: rate must be a finite number and above 0, not 0.0"),
        (lambda: sgd(-1), "sgd: rate must be"),
        (lambda: sgd(math.nan), "sgd: rate must be"),
        (lambda: sgd("0.1"), "sgd: rate must be"),
        (lambda: sgd(True), "sgd: rate must be"),
        (lambda: momentum(0.1, gamma=1.0), "momentum: gamma must be a finite number and at least 0 and below 1, not 1.0"),
        (lambda: adam(beta1=-0.1), "adam: beta1 must be"),
        (lambda: adam(beta2=1.0), "adam: beta2 must be"),
        (lambda: adam(epsilon=math.inf), "adam: epsilon must be"),
        (lambda: nesterov(gamma=1.0), "nesterov: gamma must be .* below 1, not 1.0"),
        (lambda: rmsprop(alpha=-0.1), "rmsprop: alpha must be .* at least 0 and below 1, not -0.1"),
        (lambda: adamw(weight_decay=-1.0), "adamw: weight_decay must be .* at least 0, not -1.0"),
        (lambda: adamw(weight_decay=math.nan), "adamw: weight_decay must be"),
        (lambda: OPTIMIZERS["adam"].tuned(beta_1=0.9), "adam has no parameter 'beta_1'; it takes rate, beta1, beta2, epsilon"),
        (lambda: OPTIMIZERS["vanilla"].tuned(gamma=0.9), "sgd has no parameter 'gamma'; it takes rate"),
    ],
)
def test_an_option_out_of_bounds_is_refused_by_name(make, message):
    with pytest.raises(OptionError, match=message):
        make()
