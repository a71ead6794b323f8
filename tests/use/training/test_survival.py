"""Training from wild initial weights: no run ends at a NaN that exact arithmetic would not have given."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from built import numpy_module

ROOT = Path(__file__).parent.parent.parent.parent
RUNS = 60
"""Of the 1,000 of benchmarks/survival.py, the first."""


@pytest.fixture
def survival(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark, which is a script."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return __import__("survival")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("step", ["whole data", "one row"])
@pytest.mark.parametrize("index", range(3), ids=["sgd", "momentum", "adam"])
def test_no_run_of_the_founding_model_dies_of_rounding(survival: ModuleType, index: int, step: str, dtype: type) -> None:
    module, (X, y) = numpy_module("nine_weights"), survival.founding_rows(dtype)
    setup = survival.Setup(survival.OPTIMIZERS[index], dtype, step, steps=100)
    judge = survival.Judge(survival.symgraph_rows(module))
    outcomes = survival.count(module.value_and_grad, judge, setup, range(RUNS), X, y)
    # nor does one leave the range: the steps of these runs are bounded, since the slopes of tanh and sigmoid are
    assert outcomes == {"survived": RUNS}


def test_the_notebooks_formulas_do_die_in_the_same_runs(survival: ModuleType) -> None:
    import notebook  # the benchmarks' folder is on the path now

    judge = survival.Judge(notebook.row_losses_and_partials)
    lost = {}
    for dtype in (np.float64, np.float32):
        setup, rows = survival.Setup(survival.OPTIMIZERS[1], dtype, "one row", steps=100), survival.founding_rows(dtype)
        lost[dtype] = survival.count(notebook.mean_and_gradient, judge, setup, range(RUNS), *rows)["lost"]
    assert lost[np.float64] >= RUNS * 0.05
    assert lost[np.float32] >= RUNS * 0.5


def test_the_notebooks_formulas_are_the_model(survival: ModuleType) -> None:
    import notebook

    module, (X, y) = numpy_module("nine_weights"), survival.founding_rows(np.float64)
    w = np.random.RandomState(0).normal(size=9)
    losses, partials = notebook.row_losses_and_partials(w, X, y)
    # at weights of size 1 neither form loses more than a few digits
    np.testing.assert_allclose(losses, module.forward(w, X, y).loss, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(partials, module.per_sample_grad(w, X, y), rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(notebook.row_losses_and_partials(np.broadcast_to(w, (len(y), 9)), X, y)[1], partials)


def test_a_death_beyond_the_range_is_told_from_one_by_rounding(survival: ModuleType) -> None:
    X, y = survival.founding_rows(np.float32)
    w = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1e25], np.float32)  # the prediction is 5e24, its square beyond float32
    rows = survival.symgraph_rows(numpy_module("nine_weights"))
    judge = survival.Judge(rows)
    with np.errstate(all="ignore"):
        assert [judge(survival.Death(0, w, at, "value"), X, y) for at in (slice(None), 3)] == ["beyond range"] * 2
        nan = lambda w, X, y: tuple(np.full_like(part, np.nan) for part in rows(w, X, y))  # noqa: E731
        assert survival.Judge(nan)(survival.Death(0, np.ones(9, np.float32), 3, "value"), X, y) == "lost"
