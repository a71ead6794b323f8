"""The founding model's module, and what binding refuses."""

import importlib.util
import pickle
import sys
from typing import Any

import numpy as np
import pytest
from bound_modules import module_of

from symgraph.runtime import Facts, Lines, bind

module: Any = module_of("nine_weights")


def sample(rows: int, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(rows)
    return tuple(rng.normal(size=shape).astype(dtype) for shape in (9, (rows, 5), rows))


def test_missing_arguments_are_errors_of_type() -> None:
    w, X, _ = sample(4)
    for call in (module.value_and_grad, module.residual, module.per_sample_grad):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
            call(w, X)


def test_sums_that_overflow_do_not_spoil_means() -> None:
    for dtype, huge in ((np.float64, 1e154), (np.float32, 1e19)):
        for rows in (1, 3, 20_001):
            w, X, _ = sample(rows, dtype)
            value, gradient = module.value_and_grad(w, X, np.full(rows, huge, dtype))
            # the loss is the square of the target, since what the model gives is lost beside it
            assert value == pytest.approx(float(np.square(dtype(huge), dtype=dtype)), rel=1e-6, abs=0.0)
            assert np.isfinite(gradient).all()
            assert value == module.loss(w, X, np.full(rows, huge, dtype))


def test_values_beyond_the_range_warn_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    w, X, y = sample(50)
    for scale in (1e300, np.inf, np.nan):
        for name in ("value_and_grad", "per_sample_grad", "jacobian", "residual", "forward"):
            getattr(module, name)(w, X * scale, y)
            getattr(module, name)(w, X[0] * scale, y[0])
    assert not recwarn.list


def test_functions_pickle_by_their_module(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pickled_weights.py"
    path.write_text(MINIMAL, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("pickled_weights", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "pickled_weights", found)
    spec.loader.exec_module(found)
    for name in ("value_and_grad", "predict", "unpack", "forward"):
        again = pickle.loads(pickle.dumps(getattr(found._model, name)))  # noqa: S301  just pickled
        assert again == getattr(found._model, name)


MINIMAL = """
from typing import Any, NamedTuple
from symgraph.runtime import Facts, Lines, Normal, bind

class Tape(NamedTuple):
    w: Any
    X: Any
    y: Any
    out: Any

_model = bind(
    Facts(__name__, 2, "m", ("f",), "y", ("a",), ("out",), {}),
    Lines(lambda w, X, y: Tape(w, X, y, w[0] * X.T[0])),
    [Normal(0, 1, 1)],
)
"""


def test_a_module_of_another_form_is_refused() -> None:
    facts = Facts("some.module", 3, "m", ("f",), "y", ("a",), ("o",), {})
    with pytest.raises(ImportError, match=r"some\.module has ABI 3, its runtime binds ABI 2; build it again"):
        bind(facts, Lines(lambda w, X, y: None), ())  # type: ignore[type-var]
