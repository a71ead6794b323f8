"""The founding model, bound by the runtime from lines written by hand, beside its generated module of ABI 1."""

import importlib.util
import pickle
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nine_weights_lines
import numpy as np
import pytest
from compared import assert_same_bits, outcome

from symgraph.runtime import Facts, Lines, bind

GENERATED = Path(__file__).parents[2] / "generated" / "nine_weights.py"

SIZES = (1, 2, 7, 506, 9_999, 10_000, 10_001, 60_001, 120_000)
"""Around the sizes of blocks of one thread, and of the strips that several share."""


@cache
def generated() -> ModuleType:
    """The module as the repository has it."""
    spec = importlib.util.spec_from_file_location("nine_weights_of_abi_1", GENERATED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(rows: int, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(rows)
    return tuple(rng.normal(size=shape).astype(dtype) for shape in (9, (rows, 5), rows))


def assert_agree(name: str, *arguments: Any, **options: Any) -> None:
    got, wanted = (getattr(module, name)(*arguments, **options) for module in (nine_weights_lines, generated()))
    assert_same_bits(got, wanted)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", SIZES)
def test_every_function_gives_the_bits_of_the_generated_module(rows: int, dtype: type, order: Any, threads: int) -> None:
    w, X, y = sample(rows, dtype)
    X = np.asarray(X, order=order)
    weights = np.random.RandomState(1).uniform(size=rows)
    weights[rows // 2 :: 3] = 0.0 if rows > 2 else 0.5
    for name in ("value_and_grad", "loss", "grad"):
        for weighted in (None, weights):
            for reduction in ("mean", "sum"):
                assert_agree(name, w, X, y, sample_weight=weighted, reduction=reduction, threads=threads)
    for name in ("per_sample_grad", "residual", "residual_jacobian", "jacobian"):
        assert_agree(name, w, X, y, threads=threads)
    assert_agree("predict", w, X, threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_many_pieces_with_a_rest_are_added_in_the_order_of_the_generated_module(threads: int) -> None:
    w, X, y = sample(235_003)  # NumPy would add 24 numbers in another order than 23 and one
    assert_agree("value_and_grad", w, X, y, threads=threads)
    tapes = [module.forward(w, X, y) for module in (nine_weights_lines, generated())]
    assert_same_bits(nine_weights_lines.backward(tapes[0]), generated().backward(tapes[1]))


def test_rows_in_reverse_are_copied_in_order() -> None:
    """With negative strides NumPy takes other routines, which give other last bits."""
    w, X, y = sample(40)
    for given in (X[::-1], X[:, ::-1]):
        assert min(nine_weights_lines.forward(w, given, y).X.strides) > 0
        assert_agree("value_and_grad", w, given, y[::-1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_row_gives_the_bits_of_the_generated_module(dtype: type) -> None:
    w, X, y = sample(5, dtype)
    for i in range(5):
        for name in ("value_and_grad", "loss", "grad", "per_sample_grad", "residual", "residual_jacobian", "jacobian"):
            assert_agree(name, w, X[i], y[i])
        assert_agree("predict", w, X[i])
        for s in (0.75, 3.0):
            for reduction in ("mean", "sum"):
                assert_agree("value_and_grad", w, X[i], y[i], sample_weight=s, reduction=reduction)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [3, 10_001])
def test_the_tape_and_its_pullback_are_those_of_the_generated_module(rows: int, dtype: type) -> None:
    w, X, y = sample(rows, dtype)
    for given in ((w, X, y), (w, X), (w, X[1], y[1]), (w, X[1])):
        modules = nine_weights_lines, generated()
        tapes = [module.forward(*given) for module in modules]
        for field in ("w", "X", "t", "exp", "tanh", "sigmoid", "y_hat"):
            assert_same_bits(*(getattr(tape, field) for tape in tapes))
        if len(given) == 3:
            for cotangent in (1.0, 2, np.linspace(0.0, 1.0, rows) if np.ndim(given[2]) else np.float32(0.3)):
                pulled = [module.backward(tape, cotangent) for module, tape in zip(modules, tapes, strict=True)]
                assert_same_bits(*pulled)
        else:
            refused = [outcome(module.backward, tape) for module, tape in zip(modules, tapes, strict=True)]
            assert refused[0] == refused[1]
            assert refused[0][0] is ValueError


def bad_arguments() -> dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls that are refused, by what is wrong with them."""
    w, X, y = sample(4)
    masked = np.ma.array(X, mask=X > 1.0)
    hidden = np.zeros(4, bool)
    hidden[2] = True
    names = {f"f{i}": X[:, i - 1] for i in (1, 2, 3, 4)}
    wrong = {
        "eight weights": (w[:8], X, y),
        "weights as a row": (w[np.newaxis], X, y),
        "a whole matrix of weights": (np.ones((9, 9)), X, y),
        "four columns": (w, X[:, :4], y),
        "no rows": (w, X[:0], y[:0]),
        "three dimensions": (w, X[np.newaxis], y),
        "no dimension": (w, 1.0, y),
        "too few targets": (w, X, y[:3]),
        "a column of targets": (w, X, y[:, np.newaxis]),
        "a target for a batch": (w, X, 1.0),
        "complex rows": (w, X + 0j, y),
        "long doubles": (w.astype(np.longdouble), X, y),
        "half precision": (w, X.astype(np.float16), y),
        "objects": (w, X.astype(object), y),
        "text as a target": (w, X, list("abcd")),
        "complex targets": (w, X, y + 1j),
        "no X": (w, None, y),
        "no y": (w, X, None),
        "masked rows": (w, masked, y),
        "masked targets": (w, X, np.ma.array(y, mask=hidden)),
        "masked weights": (np.ma.array(w, mask=w > 0), X, y),
        "a column too few": (w, names, y),
        "columns of several lengths": (w, {**names, "f5": X[:2, 0]}, y),
        "weights by other names": ({"a": 1.0}, X, y),
    }
    calls = {what: ("value_and_grad", given, {}) for what, given in wrong.items()}
    for name in ("per_sample_grad", "residual", "jacobian", "loss", "forward"):
        calls |= {f"{what}, {name}": (name, given, {}) for what, given in wrong.items()}
    calls |= {f"{what}, predict": ("predict", given[:2], {}) for what, given in wrong.items()}
    options = {
        "the median": {"reduction": "median"},
        "half a thread": {"threads": 1.5},
        "no thread": {"threads": 0},
        "a thread that is true": {"threads": True},
        "negative weights": {"sample_weight": [-1.0, 1.0, 1.0, 1.0]},
        "infinite weights": {"sample_weight": [np.inf, 1.0, 1.0, 1.0]},
        "weights that are nan": {"sample_weight": [np.nan, 1.0, 1.0, 1.0]},
        "no weight at all": {"sample_weight": np.zeros(4)},
        "three sample weights": {"sample_weight": np.ones(3)},
        "one sample weight": {"sample_weight": 1.0},
        "masked sample weights": {"sample_weight": np.ma.array(np.ones(4), mask=hidden)},
    }
    calls |= {what: ("value_and_grad", (w, X, y), given) for what, given in options.items()}
    calls |= {f"{what} for one row": ("loss", (w, X[0], y[0]), given) for what, given in options.items()}
    calls |= {f"{what} for a batch of one": ("grad", (w, X[:1], y[:1]), given) for what, given in options.items()}
    return calls


def test_bad_arguments_are_refused_in_the_words_of_the_generated_module() -> None:
    refused = 0
    for what, (name, arguments, options) in bad_arguments().items():
        both = [getattr(module, name) for module in (nine_weights_lines, generated())]
        got, wanted = (outcome(call, *arguments, **options) for call in both)
        assert got[1] == wanted[1], what
        refused += bool(wanted[1])
        if wanted[1]:
            assert got[0] is wanted[0], what
    assert refused >= 140  # a few calls do not read what is wrong


def test_missing_arguments_are_errors_of_type() -> None:
    w, X, _ = sample(4)
    for call in (nine_weights_lines.value_and_grad, nine_weights_lines.residual, nine_weights_lines.per_sample_grad):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
            call(w, X)  # type: ignore[call-arg]


def test_arguments_come_by_name_from_mappings_and_records() -> None:
    w, X, y = sample(6)
    table = {name: X[:, i] for i, name in enumerate(nine_weights_lines.FEATURES)} | {"extra": y}
    records = np.rec.fromarrays([*X.T[::-1]], names=[*nine_weights_lines.FEATURES[::-1]])
    by_name = nine_weights_lines.unpack(w)
    for given in ((by_name, table, {"y": y, "z": X}), (w.tolist(), records, y.tolist())):
        assert_agree("value_and_grad", *given)
        assert_agree("predict", *given[:2])


def test_sums_that_overflow_do_not_spoil_means() -> None:
    for dtype, huge in ((np.float64, 1e154), (np.float32, 1e19)):
        for rows in (1, 3, 20_001):
            w, X, _ = sample(rows, dtype)
            y = np.full(rows, huge, dtype)
            value, gradient = nine_weights_lines.value_and_grad(w, X, y)
            assert np.isfinite(value)
            assert np.isfinite(gradient).all()
            for options in ({}, {"reduction": "sum"}, {"sample_weight": np.linspace(1.0, 2.0, rows)}):
                assert_agree("value_and_grad", w, X, y, **options)
                assert_agree("loss", w, X, y, **options)


def test_values_beyond_the_range_warn_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    w, X, y = sample(50)
    for scale in (1e300, np.inf, np.nan):
        for name in ("value_and_grad", "per_sample_grad", "jacobian", "residual", "forward"):
            if name != "forward":
                assert_agree(name, w, X * scale, y)
            getattr(nine_weights_lines, name)(w, X[0] * scale, y[0])
    assert not recwarn.list


def test_weights_go_by_name_and_are_drawn_by_their_law() -> None:
    w = sample(1)[0]
    for seed in (0, 42):
        assert_same_bits(nine_weights_lines.initial_weights(seed), generated().initial_weights(seed))
    assert nine_weights_lines.unpack(w) == generated().unpack(w)
    assert_same_bits(nine_weights_lines.pack(nine_weights_lines.unpack(w)), w)
    for given in ({}, {"w1": 1.0, "v": 2.0}):
        assert outcome(lambda given=given: nine_weights_lines.pack(given)) == outcome(
            lambda given=given: generated().pack(given)
        )


def test_functions_pickle_by_their_module() -> None:
    for name in ("value_and_grad", "predict", "unpack", "forward"):
        again = pickle.loads(pickle.dumps(getattr(nine_weights_lines, name)))  # noqa: S301  just pickled
        assert again == getattr(nine_weights_lines, name)


def test_a_module_of_another_form_is_refused() -> None:
    facts = Facts("some.module", 3, "m", ("f",), "y", ("a",), ("o",), {})
    with pytest.raises(ImportError, match=r"some\.module has ABI 3, its runtime binds ABI 2; build it again"):
        bind(facts, Lines(lambda w, X, y: None), ())  # type: ignore[type-var]
