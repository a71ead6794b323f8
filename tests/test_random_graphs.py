"""Random specs through both backends, against the reference, with tolerances that follow from each value's conditioning."""

import math
from typing import Any, NamedTuple

import mpmath
import numpy as np
from built import modules_of
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st
from random_models import models
from truths import to_mpf

from symgraph import Model
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.errors import SpecError
from symgraph.judge.balls import Value
from symgraph.judge.expected import radius
from symgraph.judge.reference import Reference

SPREAD = 64
"""How many radii of an evaluation in doubles a value may be off: generated text rounds at other places, and its functions err
by up to three units."""

ILL = 1e-4
"""A value that rounding may change by more than this of its size has no digits worth judging."""


class Known(NamedTuple):
    """A value of the spec: the truth, and the radius of its enclosure in the arithmetic of doubles."""

    truth: Any
    radius: float


def tolerance(known: Known) -> float:
    """Bound of what rounding may do to a value, or infinity where nothing can be said."""
    size = abs(float(known.truth))
    ill = not known.radius <= ILL * size + 1e-9  # at or next to a kink or a pole, too
    return math.inf if ill or not math.isfinite(size) else SPREAD * known.radius + 1e-15 * size + 1e-300


def known(truth: Value, rough: Value) -> Known:
    """A value as the reference encloses it, narrowly and in doubles."""
    return Known(to_mpf(truth), radius(rough))


def judge(label: str, value: float, known: Known) -> bool:
    """Tell if a value could be judged; an assertion fails if it is wrong."""
    allowed = tolerance(known)
    if not np.isfinite(allowed):
        return False
    off = abs(mpmath.mpf(float(value)) - known.truth)
    assert off <= allowed, f"{label}: {value!r} instead of {mpmath.nstr(known.truth, 17)}"
    return True


@given(models(), st.integers(0, 2**32 - 1))
@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # to explain a failure takes minutes
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_values_and_derivatives_of_random_models_are_those_of_the_spec(model: Model, seed: int) -> None:
    try:
        verify_graph(differentiated(model))
    except SpecError as error:
        # SymPy's simplification left a weight without influence, or a branch that is finite nowhere was drawn
        assume("does not depend on weight" not in str(error) and "found no point" not in str(error))
        raise
    numpy, scalar = modules_of(model)
    reference = Reference(model)
    rng = np.random.RandomState(seed)
    w, X, y = rng.uniform(-2, 2, len(numpy.WEIGHTS)), rng.uniform(-2, 2, (3, len(numpy.FEATURES))), rng.uniform(-1, 1, 3)
    tape, rows, slopes = numpy.forward(w, X, y), numpy.per_sample_grad(w, X, y), numpy.jacobian(w, X)
    total = numpy.backward(tape)
    judged = 0
    sums: list[dict[str, Known]] = []
    for row in range(3):
        here = dict(zip(numpy.WEIGHTS, w, strict=True)) | dict(zip(numpy.FEATURES, X[row], strict=True)) | {"y": y[row]}
        look, truth, rough = reference.look(here), reference.truth(here), reference.rough(here)
        if look.failures or look.largest > 1e100:
            continue
        partials = [0.0] * len(w)
        value = scalar.row(w.tolist(), X[row].tolist(), float(y[row]), partials)
        prediction = scalar.predict_row(w.tolist(), X[row].tolist())
        found = {"numpy loss": tape.loss[row], "scalar loss": value}
        found |= {"numpy output": np.broadcast_to(tape.out, 3)[row], "scalar output": prediction}
        for label, computed in found.items():
            root = label.split()[1]
            judged += judge(label, computed, known(truth.values[root], rough.values[root]))
        for node in numpy.NODES:
            computed = np.broadcast_to(getattr(tape, node), 3)[row]
            judged += judge(f"node {node}", computed, known(truth.nodes[node], rough.nodes[node]))
        gradients = {
            root: {name: known(truth.partials[root][name], rough.partials[root][name]) for name in numpy.WEIGHTS}
            for root in ("loss", "output")
        }
        sums.append(gradients["loss"])
        for index, weight in enumerate(numpy.WEIGHTS):
            for root, label, computed in (
                ("loss", "numpy", rows[row, index]),
                ("loss", "scalar", partials[index]),
                ("output", "jacobian", slopes[row, index]),
            ):
                judged += judge(f"{label} d {root} / d {weight}", computed, gradients[root][weight])
    if len(sums) == 3:
        # summed over rows before it passes uniform nodes: what cancels within a row leaves rounding of the sums behind
        for index, weight in enumerate(numpy.WEIGHTS):
            parts = [gradient[weight] for gradient in sums]
            whole = Known(sum(part.truth for part in parts), sum(part.radius for part in parts))
            judged += judge(f"sum of d loss / d {weight}", total[index], whole)
    event("judged" if judged else "no value judged")
