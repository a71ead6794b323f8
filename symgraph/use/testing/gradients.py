"""The gradient check as an assertion."""

from collections.abc import Collection
from typing import Any


def assert_gradients(module: Any, X: Any = None, y: Any = None, *, unjudged: Collection[str] = (), **options: Any) -> None:
    """Assert that a module's derivatives agree with differences of its values, for every weight.

    Args:
        module: a generated module.
        X: (n, d) float rows to check at; by default rows are drawn, from the declared domains where there are some.
        y: (n,) their targets.
        unjudged: names of weights whose derivatives need not be distinguished from zero or from noise.
        options: others of ``symgraph.gradcheck.gradcheck``: w, points, rows, seed, singles.

    Raises:
        AssertionError: a derivative is wrong, or one was not judged; the message is the report.
        OptionError, DataError, WeightsError, ModuleError: as for ``gradcheck``.
    """
    from symgraph.judge.differences import gradcheck

    __tracebackhide__ = True
    report = gradcheck(module, X, y, **options)
    missed = [name for name in report.unjudged if name not in unjudged]
    if not report.ok or missed:
        hint = f"\nname weights that need not be judged: unjudged={missed!r}" if report.ok else ""
        raise AssertionError(f"{report}{hint}")
