"""Every public function of a generated module is among the calls, and each call gives what single rows say."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from zoo import ZOO, line, nine_weights

from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.differences.calls import BOUNDS, WAYS, Given, calls, extremes, of_weights
from symgraph.judge.verify import verify
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact

FACTS = ("loss", "gradient", "output", "jacobian", "residual", "residual_jacobian", *BOUNDS)


def module_of(model: Any, backend: str = "numpy") -> Any:
    options = Options(error_bound=True) if backend == "numpy" else Options()
    return load_artifact(generate(model, (backend,), options=options)[0])


def rows_of(module: Any) -> Given:
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=len(module.WEIGHTS)), rng.normal(size=(3, len(module.FEATURES))), rng.normal(size=3)
    return Given(w, X, y, np.arange(3), shares=np.array([0.5, 2.0, 1.25]), ways=WAYS)


@pytest.mark.parametrize("backend", ["numpy", "scalar"])
def test_every_public_function_is_called(backend: str) -> None:
    module = module_of(nine_weights(), backend)
    rows = rows_of(module)
    called = {call.function for given in (rows, rows.one(0, "")) for call in calls(module, given, FACTS)}
    called |= {call.function for call in of_weights(module, rows.w)}
    assert {name for name in module.__all__ if name[0].islower()} <= called


@pytest.mark.parametrize("name", ["nine_weights", "line"])
def test_each_call_gives_its_facts_or_their_sum(name: str) -> None:
    module = module_of(ZOO[name]())
    rows = rows_of(module)
    w, X, y = rows[:3]
    known = {
        "loss": module.forward(w, X, y).loss,
        "gradient": module.per_sample_grad(w, X, y),
        "output": module.predict(w, X),
        "jacobian": module.jacobian(w, X),
    }
    for given in (rows, rows.one(1, ""), rows.take(np.tile(rows.rows, 4000), "")):
        for call in (one for one in calls(module, given, known) if hasattr(module, one.function)):
            for fact, result in zip(call.facts, call.run(given), strict=True):
                if call.factors is None:
                    parts, each = extremes(result, given, 3), known[fact][given.rows[:3]]
                else:
                    parts, each = (result,), np.tensordot(call.factors, known[fact][given.rows], 1)
                for part in parts:
                    np.testing.assert_allclose(np.reshape(part, each.shape), each, rtol=1e-9, err_msg=f"{call}")


def test_a_result_too_few_among_rows_that_come_again_and_again_is_refused() -> None:
    rows = rows_of(module_of(line()))
    many = rows.take(np.tile(rows.rows, 4), "")
    assert [part.tolist() for part in extremes(np.array([*range(11), -3]), many, 3)] == [[9, 10, 8], [0, 1, -3]]
    with pytest.raises(ValueError, match="reshape"):
        extremes(np.zeros(11), many, 3)


@pytest.mark.parametrize(
    ("function", "change"),
    [
        ("error_bound", lambda _: lambda *_args: missing_op()),  # noqa: F821 - raises NameError
        ("error_bound", lambda right: lambda *args: right(*args)[:1]),
        ("pack", lambda right: lambda mapping: right(mapping)[::-1]),
        ("unpack", lambda right: lambda w: dict.fromkeys(right(w), 1.0)),
        ("initial_weights", lambda right: lambda _: np.random.default_rng().normal(size=2)),
        ("backward", lambda right: lambda tape, *more: right(tape) if np.ndim(tape.loss) == 0 else right(tape, *more)),
        ("residual_jacobian", lambda right: lambda *args, **more: right(*args, **more) * (1.01 if np.ndim(args[2]) else 1.0)),
    ],
)
def test_verification_catches_a_fault_in_what_is_shipped_beside_values(function: str, change: Callable[..., Any]) -> None:
    module = module_of(line())
    verify(line(), module)
    setattr(module, function, change(getattr(module, function)))
    with pytest.raises(VerificationError, match=function):
        verify(line(), module)
