import numpy as np
import pytest

from symgraph.errors import DataError
from symgraph.training import as_rows, batches, shuffled


def visited(n, parts):
    return np.concatenate([np.atleast_1d(np.arange(n)[part]) for part in parts]).tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_batches_visit_every_row_once_in_the_order_of_the_file(size):
    parts = batches(10, size)
    assert visited(10, parts) == list(range(10))
    assert len(parts) == -(-10 // size)


@pytest.mark.parametrize("size", [1, 4, 10])
def test_batches_follow_a_given_order(size):
    order = np.array([3, 1, 2, 0, 9, 8, 7, 6, 5, 4])
    assert visited(10, batches(10, size, order)) == order.tolist()


def test_a_shuffled_order_depends_on_seed_and_epoch_alone():
    first = shuffled(20, seed=1, epoch=0)
    np.testing.assert_array_equal(shuffled(20, seed=1, epoch=0), first)
    assert sorted(first.tolist()) == list(range(20))
    assert shuffled(20, seed=1, epoch=1).tolist() != first.tolist()
    assert shuffled(20, seed=2, epoch=0).tolist() != first.tolist()


def test_whole_numbers_become_float64_and_the_target_takes_the_dtype_of_the_features(linear):
    rows = as_rows(linear, [[1, 2], [3, 4]], np.array([1, 0], bool))
    assert (rows.n, rows.X.dtype, rows.y.dtype) == (2, np.float64, np.float64)
    rows = as_rows(linear, np.ones((2, 2), np.float32), [0.1, 0.2])
    assert (rows.X.dtype, rows.y.dtype) == (np.float32, np.float32)
    rows = as_rows(linear, np.ones((2, 2), np.float32), [0.1, 0.2], dtype=np.dtype(np.float64))
    assert (rows.X.dtype, rows.y.tolist()) == (np.float64, [0.1, 0.2])


def test_foreign_byte_order_is_accepted(linear):
    rows = as_rows(linear, np.ones((2, 2), ">f8"), np.ones(2, ">f4"))
    assert rows.X.dtype.isnative
    assert rows.y.dtype.isnative


def test_with_one_feature_a_column_and_a_vector_are_the_same_rows(decay):
    flat, column = as_rows(decay, [1.0, 2.0], [0.0, 0.0]), as_rows(decay, [[1.0], [2.0]], [0.0, 0.0])
    np.testing.assert_array_equal(flat.X, column.X, strict=True)
    assert flat.n == 2


def test_a_model_without_features_and_target_has_one_empty_row(rosenbrock):
    rows = as_rows(rosenbrock)
    assert (rows.n, rows.take(0)) == (1, (None, None))


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


def test_data_that_the_model_does_not_take_are_refused(rosenbrock):
    with pytest.raises(DataError, match="rosenbrock has no features; leave X out"):
        as_rows(rosenbrock, [[1.0]])
    with pytest.raises(DataError, match="rosenbrock has no target; leave y out"):
        as_rows(rosenbrock, None, [1.0])
