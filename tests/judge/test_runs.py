"""Every public function of a module is run, on one row and on many, and a fault of any of them is found."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from built import altered
from judged import decay, faults, module_of
from zoo import ZOO

from symgraph.compiler.generate import generate
from symgraph.judge.differences.drawing import ORDINARY
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.runs import compute
from symgraph.judge.truth_report import COLUMNS
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact


def test_every_public_function_is_run_on_one_row_and_on_many() -> None:
    model = ZOO["nine_weights"]()
    module, drawn = module_of(model), points(model, ORDINARY, n=8)
    functions = {"forward", "backward", "predict", "loss", "value_and_grad", "grad", "per_sample_grad", "residual", "jacobian"}
    runs = compute(module, drawn).runs
    assert functions <= {name for name in module.__all__ if name[0].islower()}
    for many in (False, True):
        sums = {"normal_equations"} if many else set()  # which is run where rows are summed, not averaged
        assert functions | sums == {run.function for run in runs if ("33 rows" in run.label) == many} - {"residual_jacobian"}
    assert [run.function for run in compute(module_of(model, "scalar"), drawn).runs] == ["row", "predict_row"]
    # each function may differ by its figure between loops; partials cancel little at these points
    first: dict[tuple[int, ...], np.ndarray] = {}
    for run in runs:
        if run.plain:
            known = first.setdefault(run.columns, run.values)
            np.testing.assert_allclose(run.values[run.tried.ravel()], known[run.tried.ravel()], rtol=1e-9)


def test_every_result_is_computed_at_every_point_and_every_function_is_run_at_points_of_every_kind() -> None:
    model = ZOO["nine_weights"]()
    drawn = points(model, ORDINARY, n=40)
    runs = [run for run in compute(module_of(model), drawn).runs if run.plain or "residual" in run.label]
    always = [run for run in runs if run.tried.all()]
    for many in (False, True):
        columns = {column for run in always if ("33 rows" in run.label) == many for column in run.columns}
        assert columns == set(range(20))  # loss, output, nine partials of each
    for run in runs:
        assert {kind for kind, tried in zip(drawn.kinds, run.tried.ravel(), strict=True) if tried} == set(ORDINARY)
        assert run.tried.sum() >= len(drawn) // 8  # the others take turns, of which there are eight


@pytest.mark.parametrize(("name", "change"), [
    ("value_and_grad", lambda pair: (pair[0], -pair[1])), ("loss", lambda value: value / 2),
    ("grad", lambda value: value * (1 + 2.0**-23)),  # one ulp of float32
    ("backward", lambda value: -value), ("residual", lambda value: 1.5 * value), ("predict", lambda value: value + 1e-9),
    ("jacobian", lambda value: 2 * value),
])  # fmt: skip
def test_a_fault_of_any_function_is_found_and_named(name: str, change: Callable[[Any], Any]) -> None:
    model = ZOO["nine_weights"]()
    module = module_of(model)
    wrong = altered(module, **{name: lambda *args, **options: change(getattr(module, name)(*args, **options))})
    report = judge(model, wrong, points(model, ORDINARY, n=16))
    assert not report.ok
    assert report.worst.where.startswith(name)


def broken(*_args: object, **_options: object) -> None:
    raise NameError("name 'bound' is not defined")


RAISING = ("forward", "value_and_grad", "loss", "grad", "per_sample_grad", "residual", "jacobian", "predict")


@pytest.mark.parametrize("name", RAISING)
def test_a_function_that_raises_is_a_fault_and_its_message_is_shown(name: str) -> None:
    model = decay()
    report = judge(model, altered(module_of(model), **{name: broken}), points(model, ("normal",), n=4))
    assert not report.ok
    assert sum(one.counts["raised"] for one in report.results) > 0
    assert "raises NameError: name 'bound' is not defined" in str(report)


def test_an_error_bound_that_raises_or_is_too_small_is_a_fault() -> None:
    model = decay()
    drawn = points(model, ("normal",), n=6)
    module = load_artifact(generate(model, options=Options(error_bound=True))[0])
    assert judge(model, module, drawn).ok
    for shares in ((1e-3, 1.0), (1.0, 1e-3)):  # of the value, and of its partials

        def small(*args: Any, shares: Any = shares) -> Any:
            return tuple(share * bound for share, bound in zip(shares, module.error_bound(*args), strict=True))

        found = judge(model, altered(module, error_bound=small), drawn)
        counts = [one.counts["above_own"] for one in found.results]
        assert sum(counts) == found.faults > 0
        assert [row[COLUMNS.index("above bound")] for row in found.rows()] == list(map(str, counts))
    report = judge(model, altered(module, error_bound=broken), drawn)
    assert faults(report) == {"raised": 6 * 3}  # of the loss and of two partials
    assert "error_bound raises NameError" in str(report)


def test_a_row_too_few_in_a_batch_is_a_fault() -> None:
    model = decay()
    module = module_of(model)
    right = module.per_sample_grad
    short = altered(module, per_sample_grad=lambda w, X, y: right(w, X, y)[: -1 if np.ndim(X) == 2 else None])
    report = judge(model, short, points(model, ("normal",), n=3))
    assert "per_sample_grad of 33 rows raises ValueError: 32 rows instead of 33" in str(report)
    assert not report.ok


@pytest.mark.parametrize("wrong", ["sample_weight", "reduction"])
def test_a_reduction_that_forgets_an_option_is_a_fault(wrong: str) -> None:
    model = decay()
    module = module_of(model)
    right = module.value_and_grad
    module.value_and_grad = lambda *args, **options: right(*args, **{k: v for k, v in options.items() if k != wrong})
    report = judge(model, module, points(model, ("normal",), n=6))
    # equal rows have the same mean whatever their weights; their sum does not
    assert not report.ok
    assert report.worst.where.endswith("grad, weighted sum of 33 rows")  # of value_and_grad, or of grad, which calls it


@pytest.mark.parametrize(("factor", "right"), [(1.0, True), (1.01, False), (-1.0, False)])
def test_a_residual_with_a_factor_is_judged_with_its_jacobian_by_loss_and_gradient(factor: float, right: bool) -> None:
    """The loss is residual_factor * r**2, and its gradient 2 * residual_factor * r * dr/dw."""
    model = decay()
    module = module_of(model)
    module.METADATA = {**module.METADATA, "residual_factor": 1.0}
    wrong = altered(module, residual_jacobian=lambda w, X, y: factor * module.jacobian(w, X))
    report = judge(model, wrong, points(model, ORDINARY, n=12))
    assert report.ok == right
    # the normal equations have the same fault
    assert right or report.worst.where.startswith(("residual_jacobian", "normal_equations"))
