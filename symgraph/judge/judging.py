"""The judge: what a module computes, held against the spec itself, at ordinary and adversarial points.

    from symgraph.judge.judging import judge
    from symgraph.judge.judged_points import points
    report = judge(model, module, points(model, n=1000))
    print(report); assert report.ok

``truths`` and ``compare`` do the same for what anything else has computed at the same points.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.errors import OptionError
from symgraph.judge.faults import verdicts
from symgraph.judge.judged_points import Points
from symgraph.judge.runs import Results, backend_of, compute, names_of
from symgraph.judge.truth_at_points import Truths, truths
from symgraph.judge.truth_report import Report
from symgraph.judge.truth_reporting import report_on
from symgraph.options import DOUBLE
from symgraph.spec.model import Model


def judge(
    model: Model, module: Any, points: Points, *, dtype: str = "float64", progress: Callable[[], None] | None = None
) -> Report:
    """Hold a module against its spec at some points.

    Args:
        model: the spec; it is frozen by this.
        module: a module of the ABI, of the numpy or the scalar backend, or compiled C.
        points: where; they are rounded to the dtype first, and the truth is that of the rounded points.
        dtype: "float64", or "float32" for the numpy backend and for C in single precision.
        progress: called after each point.

    Returns:
        What was found; ``ok`` says whether the module may be trusted there.

    Raises:
        SpecError: the model is not complete.
        OptionError: the module is of another model, or does not compute in that dtype.
    """
    own = [tuple(entry.name for entry in part) for part in (model.weight_inputs, model.feature_inputs)]
    if model.name != module.MODEL or [tuple(module.WEIGHTS), tuple(module.FEATURES)] != own:
        raise OptionError(f"the module is of {module.MODEL}, not of the model {model.name} with these inputs; build it again")
    rounded, names = points.rounded(dtype), names_of(module)
    backend = "c" if dtype == "float32" and hasattr(module, "C_FILES") else backend_of(module)
    with uncollected():
        results = compute(module, rounded, dtype)
        precision = results.precision
        found = truths(model, rounded, backend=backend, precision=precision, dtype=dtype, names=names, progress=progress)
        return compare(found, results)


def of_constraints(model: Model, module: Any) -> tuple[Model, Any] | None:
    """Return a model without rows whose outputs are the constraints, and a module of it, to judge; None if there are none."""
    if not hasattr(module, "constraints"):
        return None
    own = model.of_constraints(*module.METADATA["constraints"])
    names = tuple(node.name for node in own.output_nodes)

    def whole(results: Any) -> Any:
        return results if len(names) > 1 else results[0]

    def with_constants(**values: float) -> Any:
        return of_constraints(model, module.with_constants(**values))[1]  # type: ignore[index]  # it has them, as this one

    alone = SimpleNamespace(
        MODEL=own.name,
        WEIGHTS=module.WEIGHTS,
        FEATURES=(),
        TARGET=None,
        OUTPUTS=names,
        CONSTANTS=getattr(module, "CONSTANTS", {}),
        METADATA={"has_loss": False, "precision": module.METADATA.get("precision", DOUBLE)},
        with_constants=with_constants,
        forward=lambda w, *_: SimpleNamespace(**dict(zip(names, module.constraints(w), strict=True))),
        predict=lambda w, *_: whole(module.constraints(w)),
        jacobian=lambda w, *_: whole(module.constraints_jacobian(w)),
    )
    return own, alone


def compare(found: Truths, results: Results) -> Report:
    """Hold results, of a module or of anything else, against the truth at the same points.

    Raises:
        OptionError: the results are of other names or of another number of points.
    """
    if results.names != found.names or results.count != len(found.points):
        raise OptionError("results and truths are of different points or results")
    return report_on(found, verdicts(found, results), results)
