import numpy as np
import pytest

from symgraph.data.rows import shuffled_epochs
from symgraph.errors import DataError
from symgraph.use.training import as_rows, batches, shuffled, split


def visited(n, parts):
    return np.concatenate([np.atleast_1d(np.arange(n)[part]) for part in parts]).tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_batches_visit_every_row_once_in_the_order_of_the_file_or_in_a_given_one(size):
    parts = batches(10, size)
    assert visited(10, parts) == list(range(10))
    assert len(parts) == -(-10 // size)
    order = np.array([3, 1, 2, 0, 9, 8, 7, 6, 5, 4])
    assert visited(10, batches(10, size, order)) == order.tolist()


@pytest.mark.parametrize("n", [1, 2, 100, 16_384, 16_385])
def test_orders_of_epochs_drawn_together_are_those_drawn_alone(n):
    for epoch in (0, 3, 16_384 // n):
        together = shuffled_epochs(n, 5, epoch)
        assert together.shape == (max(1, 16_384 // n - epoch % max(1, 16_384 // n)), n)
        for later, order in enumerate(together[:3]):
            np.testing.assert_array_equal(order, shuffled(n, 5, epoch + later))
            np.testing.assert_array_equal(np.sort(order), np.arange(n))


def test_orders_are_drawn_evenly_and_others_by_another_seed():
    places = shuffled_epochs(4, 0, 0)
    assert len(np.unique(places, axis=0)) == 24
    counts = np.stack([(places == row).sum(axis=0) for row in range(4)])
    assert shuffled(20, seed=1, epoch=0).tolist() != shuffled(20, seed=2, epoch=0).tolist()
    # 4096 orders, in each of which a row is at a place with probability 1/4: five standard deviations
    assert np.abs(counts - 1024).max() < 5 * np.sqrt(4096 * 0.25 * 0.75)


def test_rows_to_hold_out_depend_on_the_seed_and_are_all_different():
    trained, held_out = split(50, 0.2, seed=3)
    assert (len(trained), len(held_out)) == (40, 10)
    np.testing.assert_array_equal(np.sort(np.concatenate([trained, held_out])), np.arange(50))
    np.testing.assert_array_equal(split(50, 0.2, seed=3).held_out, held_out)
    assert split(50, 0.2, seed=4).held_out.tolist() != held_out.tolist()
    assert len(split(3, 0.01, seed=0).held_out) == 1


def test_whole_numbers_become_float64_and_the_target_takes_the_dtype_of_the_features(linear):
    single = np.ones((2, 2), np.float32)
    for X, y, how, dtype in (
        ([[1, 2], [3, 4]], np.array([1, 0], bool), {}, np.float64),
        (single, [0.1, 0.2], {}, np.float32),
        (single, [0.1, 0.2], {"dtype": np.dtype(np.float64)}, np.float64),
        (np.ones((2, 2), ">f8"), np.ones(2, ">f4"), {}, np.float64),  # of a foreign byte order
    ):
        rows = as_rows(linear, X, y, **how)
        assert (rows.n, rows.X.dtype, rows.y.dtype) == (2, dtype, dtype)  # native ones
        np.testing.assert_array_equal(rows.y, np.asarray(y, dtype))


def test_one_feature_is_a_column_or_a_vector_and_a_model_without_features_has_one_empty_row(decay, rosenbrock):
    flat, column = as_rows(decay, [1.0, 2.0], [0.0, 0.0]), as_rows(decay, [[1.0], [2.0]], [0.0, 0.0])
    np.testing.assert_array_equal(flat.X, column.X, strict=True)
    assert flat.n == 2
    rows = as_rows(rosenbrock)
    assert (rows.n, rows.take(0)) == (1, (None, None))
    with pytest.raises(DataError, match="rosenbrock has no features; leave X out"):
        as_rows(rosenbrock, [[1.0]])
    with pytest.raises(DataError, match="rosenbrock has no target; leave y out"):
        as_rows(rosenbrock, None, [1.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (None, [1.0], r"X is missing; linear needs \(n, 2\): x1, x2"),
        (np.ones((3, 4)), np.ones(3), r"X has shape \(3, 4\); linear needs \(n, 2\): x1, x2"),
        (np.ones(2), np.ones(2), r"X has shape \(2,\); linear needs \(n, 2\)"),
        (np.ones((3, 2)), None, r"y is missing; linear needs its target y, \(n,\)"),
        (np.ones((3, 2)), np.ones((3, 1)), r"y has shape \(3, 1\); linear needs its target y as \(n,\)"),
        (np.ones((3, 2)), np.ones(4), "X has 3 rows and y has 4"),
        (np.ones((0, 2)), np.ones(0), "X has no rows"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "X is no rectangular array"),
        (np.ones((3, 2), complex), np.ones(3), "X has dtype complex128; give float32, float64 or whole numbers"),
        ([["a", "b"]], [1.0], "X has dtype <U1"),
        (np.ones((3, 2)), np.ones(3, np.float16), "y has dtype float16"),
    ],
)
def test_data_that_do_not_fit_the_model_are_refused_with_both_sides(linear, X, y, message):
    with pytest.raises(DataError, match=message):
        as_rows(linear, X, y)
