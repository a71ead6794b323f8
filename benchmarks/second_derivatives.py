"""Value, gradient and Hessian of the models that users write: this module's and JAX's, against the reference.

    python benchmarks/second_derivatives.py            # all of tests/models_of_users.py, some minutes
    python benchmarks/second_derivatives.py peaks hill_response

A line a model: for each of the three the largest error of ours and of JAX, in ulp of the truth, or in what rounding does to a
plain evaluation of the spec where that is more, over rows at ordinary points of the declared domains; then the number of
entries judged. JAX differentiates the spec's own formulas (``jax.grad``, ``jax.hessian``, float64). Rows have no share in a
penalty, which is left out. A model with a function that JAX lacks has a line that says so.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spec_formulas import formulas_of

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from models_of_users import USERS

from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.expected import Expected, expect
from symgraph.judge.reference import Reference
from symgraph.judge.verification_points import Sampler
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.spec.model import Model

FACTS = ("loss", "gradient", "hessian")
POINTS, ROWS = 3, 2

Floats = NDArray[np.float64]
Row = Callable[[Floats, Any, Any], Mapping[str, Any]]
"""Gives the facts of one row from the weights, the features and the target or targets, None where the model has none of it."""


def rows_of(model: Model, reference: Reference) -> Iterator[tuple[dict[str, float], Floats, Any, Any]]:
    """Draw points as the build's verification does, with constants at their values: all inputs, and as arrays."""
    for batch in Sampler(reference, 0, None, ROWS).several(POINTS):
        for row in batch.points:
            point = row | {entry.name: entry.init.value for entry in model.constant_inputs}
            parts = (model.weight_inputs, model.feature_inputs, model.target_inputs)
            w, x, y = (np.array([point[entry.name] for entry in part]) for part in parts)
            yield point, w, x if len(x) else None, None if not len(y) else y[0] if len(y) == 1 else y


def of_module(model: Model) -> Row:
    """Make the facts of a row by the numpy module, its Hessian as far as there is one."""
    try:
        (artifact,) = generate(model, options=options_of(["hessian"]))
    except SpecError:
        (artifact,) = generate(model)
    module: Any = load_artifact(artifact)

    def facts(w: Floats, x: Any, y: Any) -> Mapping[str, Any]:
        found = {"loss": module.forward(w, x, y).loss, "gradient": module.per_sample_grad(w, x, y)}
        has_hessian = hasattr(module, "hessian") and model.penalty_expr is None  # that of a penalty would be added
        return found | ({"hessian": module.hessian(w, x, y)} if has_hessian else {})

    return facts


def of_jax(model: Model) -> Row:
    """Make the facts of a row by JAX from the spec's own formulas."""
    import jax

    jax.config.update("jax_enable_x64", True)
    loss = formulas_of(model).loss("jax")
    functions = {"loss": loss, "gradient": jax.grad(loss), "hessian": jax.hessian(loss)}

    def facts(w: Floats, x: Any, y: Any) -> Mapping[str, Any]:
        given = [jax.numpy.asarray(part) for part in (w, x, y) if part is not None]
        # as it is, since XLA takes minutes to compile the second derivatives of some steps through time
        return {name: np.asarray(function(*given)) for name, function in functions.items()}

    return facts


def worst(model: Model, rows: Mapping[str, Row]) -> tuple[dict[tuple[str, str], float], int]:
    """Find the largest error by fact and by whose it is, and the number of entries; infinity where one is no number."""
    reference = Reference(model)
    found: dict[tuple[str, str], float] = {}
    entries = 0
    for point, *given in rows_of(model, reference):
        known = expect(reference, [point], Expected, ["hessian"])
        for name, row in rows.items():
            for fact, values in row(*given).items():
                right = known[fact]
                values = np.reshape(np.asarray(values, np.float64), right.want[0].shape)
                with np.errstate(all="ignore"):
                    errors = np.abs(values - right.want[0]) / right.unit[0]
                errors = np.where(np.isfinite(values), errors, np.inf)[right.judged[0]]
                entries += errors.size
                found[fact, name] = max(found.get((fact, name), 0.0), float(np.max(errors, initial=0.0)))
    return found, entries // len(rows)


def main() -> None:
    """Print the table of the models that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", help="names; all by default")
    heads = [f"{fact} {name}" for fact in FACTS for name in ("ours", "jax")]
    print(f"{'model':18}{''.join(f'{head:>15}' for head in heads)}{'entries':>9}")
    for name in parser.parse_args().models or USERS:
        model, missing = USERS[name](), ""
        rows = {"ours": of_module(model)}
        try:
            rows["jax"] = of_jax(model)
            rows["jax"](*next(rows_of(model, Reference(model)))[1:])
        except ImportError:
            raise SystemExit("JAX is not installed; it is in the extra bench") from None
        except Exception as error:  # whatever JAX raises for a function that it lacks
            missing = f"  JAX: {str(error).partition(chr(10))[0][:60]}"
            rows.pop("jax", None)
        found, entries = worst(model, rows)
        errors = [found.get((fact, whose)) for fact in FACTS for whose in ("ours", "jax")]
        cells = "".join(f"{'-' if error is None else format(error, '.3g'):>15}" for error in errors)
        print(f"{name:18}{cells}{entries:9}{missing}", flush=True)


if __name__ == "__main__":
    main()
