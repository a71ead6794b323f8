import math
import pickle

import numpy as np
import pytest

from symgraph.use.training import OPTIMIZERS, adam, adamw, momentum, nesterov, rmsprop, sgd, step_decay

K, STEPS = 5, 60


def momentum_of_polyak(t, w, g, v):
    v = 0.8 * v + 0.05 * g
    return w - v, v


def momentum_of_nesterov(t, w, g, v):
    """Of the weights that look ahead: Sutskever et al. 2013, eq. 3 and 4."""
    v = 0.8 * v + 0.05 * g
    return w - (0.8 * v + 0.05 * g), v


def root_of_mean_squares(t, w, g, v):
    v = 0.9 * v + (1 - 0.9) * g**2
    return w - 0.005 * g / (np.sqrt(v) + 1e-7), v


def adam_of_kingma_and_ba(t, w, g, m, v, decayed=None):
    """Algorithm 1."""
    m, v = 0.85 * m + (1 - 0.85) * g, 0.99 * v + (1 - 0.99) * g**2
    m_hat, v_hat = m / (1 - 0.85**t), v / (1 - 0.99**t)
    return (w if decayed is None else decayed) - 0.002 * m_hat / (np.sqrt(v_hat) + 1e-7), m, v


def adamw_of_loshchilov_and_hutter(t, w, g, m, v):
    """Algorithm 2."""
    return adam_of_kingma_and_ba(t, w, g, m, v, w - 0.002 * 0.3 * w)


PUBLISHED = {
    "sgd": (sgd(0.05), lambda t, w, g: (w - 0.05 * g,)),
    "momentum": (momentum(0.05, gamma=0.8), momentum_of_polyak),
    "nesterov": (nesterov(0.05, gamma=0.8), momentum_of_nesterov),
    "rmsprop": (rmsprop(0.005, alpha=0.9, epsilon=1e-7), root_of_mean_squares),
    "adam": (adam(0.002, 0.85, 0.99, 1e-7), adam_of_kingma_and_ba),
    "adamw": (adamw(0.002, 0.85, 0.99, 1e-7, 0.3), adamw_of_loshchilov_and_hutter),
}


def test_every_optimizer_is_held_against_its_publication() -> None:
    assert {"vanilla", *PUBLISHED} == {*OPTIMIZERS}  # vanilla is sgd by another name


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


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_optimizer_is_the_published_recurrence_bit_for_bit(gradients, name):
    optimizer, rule = PUBLISHED[name]
    w, slots, expected = np.linspace(-1, 1, K), [np.zeros(K)] * optimizer.slots, []
    for t, g in enumerate(gradients, start=1):
        w, *slots = rule(t, w, g, *slots)
        expected.append(w)
    np.testing.assert_array_equal(walk(optimizer, gradients), expected, strict=True)


def torchs(name, gradients, **options):
    """The weights after each update of an optimizer of PyTorch."""
    torch = pytest.importorskip("torch")
    w, found = torch.tensor(np.linspace(-1, 1, K), requires_grad=True), []
    optimizer = getattr(torch.optim, name)([w], **options)
    for g in gradients:
        w.grad = torch.from_numpy(g)
        optimizer.step()
        found.append(w.detach().numpy().copy())
    return np.array(found)


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        ("sgd", "SGD", {"lr": 0.05}),
        ("momentum", "SGD", {"lr": 0.05, "momentum": 0.8}),
        ("nesterov", "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        ("rmsprop", "RMSprop", {"lr": 0.005, "alpha": 0.9, "eps": 1e-7}),
        ("adam", "Adam", {"lr": 0.002, "betas": (0.85, 0.99), "eps": 1e-7}),
        ("adamw", "AdamW", {"lr": 0.002, "betas": (0.85, 0.99), "eps": 1e-7, "weight_decay": 0.3}),
        *((row, kind, {}) for row, kind in ((rmsprop(), "RMSprop"), (adam(), "Adam"), (adamw(), "AdamW"))),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_optimizers_are_those_of_pytorch_with_its_defaults(gradients, ours, name, options):
    ours, expected = PUBLISHED[ours][0] if isinstance(ours, str) else ours, torchs(name, gradients, **options)
    # weights are sums of 60 steps, each off by a few units in the last place of the greatest
    np.testing.assert_allclose(walk(ours, gradients), expected, rtol=0, atol=60 * 8 * 2**-52 * np.abs(expected).max())


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_same_rule_on_python_floats_gives_the_bits_of_the_arrays(name, gradients):
    optimizer, columns = PUBLISHED[name][0], []
    update = optimizer.rule(math.sqrt)
    for w, column in zip(np.linspace(-1, 1, K).tolist(), gradients.T.tolist(), strict=True):
        slots, path = (0.0,) * optimizer.slots, []
        for step, g in enumerate(column, start=1):
            w, slots = update(w, g, slots, step, optimizer.rate_at(0))
            assert type(w) is float
            path.append(w)
        columns.append(path)
    np.testing.assert_array_equal(walk(optimizer, gradients), np.transpose(columns), strict=True)


@pytest.mark.parametrize("size", [1e-45, 1e-30, 1e-20, 1.0, 1e19, 1e30, 3e38])
def test_adam_takes_float32_gradients_whose_squares_float32_cannot_hold(size):
    optimizer, w, g = adam(0.01, epsilon=0.0), np.ones(2, np.float32), np.float32([size, -size])
    state = optimizer.init(w)
    for _ in range(3):
        w, state = optimizer.step(g, state, w)
    # m is g and v is g*g after bias correction, up to some roundings: each step is the rate
    np.testing.assert_allclose(w, [0.97, 1.03], rtol=1e-6)
    assert all(np.isfinite(slot).all() for slot in state.slots)
    moved, _ = optimizer.step(np.array([0.0, 1.0]), optimizer.init(np.ones(2)), np.ones(2))  # 0/0 moves nothing
    np.testing.assert_allclose(moved, [1.0, 0.99], rtol=1e-15)  # 1 - 0.01 with two roundings


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_step_leaves_what_it_was_given_as_it_was_and_float32_weights_have_a_float64_state(name, gradients):
    optimizer, w = PUBLISHED[name][0], np.ones(K, np.float32)
    gradients = gradients.astype(np.float32)
    _, state = optimizer.step(gradients[0], optimizer.init(w), w)
    given = (gradients[1], w, *state.slots)
    copies = [array.copy() for array in given]
    moved, after = optimizer.step(gradients[1], state, w)
    assert [part.dtype for part in (moved, *after.slots)] == [np.float32, *[np.float64] * optimizer.slots]
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


def test_optimizers_are_values_that_compare_and_pickle():
    optimizer = adam(step_decay(0.01, every=3), beta2=0.99)
    assert optimizer == adam(step_decay(0.01, every=3), beta2=0.99)
    assert optimizer != adam(step_decay(0.01, every=4), beta2=0.99)
    assert pickle.loads(pickle.dumps(optimizer)) == optimizer  # noqa: S301 - our own bytes
    assert hash(sgd(0.1)) == hash(sgd(0.1))
