"""Random specs through both backends, against the oracle, with a tolerance that follows from each value's own conditioning."""

import mpmath
import numpy as np
from built import modules_of
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st
from random_models import models

from symgraph import Model
from symgraph.errors import SpecError
from symgraph.generate import differentiated
from symgraph.ir.verify import verify_graph
from symgraph.oracle import Oracle

NOISES = (1, 2, 3, 4)
SPREAD = 64
"""How often the spread that one unit of noise at every operation causes a value may be wrong: generated text rounds at other
places, and its functions err by up to three units."""

ILL = 1e-4
"""A value that noise changes by more than this of its size has no digits worth judging."""


def tolerance(exact: object, noisy: list[object]) -> float:
    """What rounding may do to a value, or infinity where nothing can be said."""
    if mpmath.isnan(exact) or any(mpmath.isnan(value) for value in noisy):
        return float("inf")  # at or next to a kink or a pole
    spread = max(abs(value - exact) for value in noisy)
    return (
        float("inf") if spread > ILL * abs(exact) + 1e-9 else float(SPREAD * spread + 1e-15 * abs(exact) + mpmath.mpf("1e-300"))
    )


def judge(label: str, value: float, exact: object, noisy: list[object]) -> bool:
    """Whether a value could be judged; an assertion fails if it is wrong."""
    allowed = tolerance(exact, noisy)
    if not np.isfinite(allowed):
        return False
    assert abs(mpmath.mpf(float(value)) - exact) <= allowed, f"{label}: {value!r} instead of {mpmath.nstr(exact, 17)}"
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
    oracle = Oracle(model, digits=90)  # a derivative of 1e-40 beside a loss of 1 still has 30 digits
    rng = np.random.RandomState(seed)
    w, X, y = rng.uniform(-2, 2, len(numpy.WEIGHTS)), rng.uniform(-2, 2, (3, len(numpy.FEATURES))), rng.uniform(-1, 1, 3)
    tape, rows, slopes = numpy.forward(w, X, y), numpy.per_sample_grad(w, X, y), numpy.jacobian(w, X)
    total = numpy.backward(tape)
    judged = 0
    sums: list[tuple[dict[str, object], list[dict[str, object]]]] = []
    for row in range(3):
        here = dict(zip(numpy.WEIGHTS, w, strict=True)) | dict(zip(numpy.FEATURES, X[row], strict=True)) | {"y": y[row]}
        truth, noisy = oracle.values(here), [oracle.values(here, noise=seed) for seed in NOISES]
        if truth.failures or truth.singular or truth.largest > 1e100:
            continue
        partials = [0.0] * len(w)
        value = scalar.row(w.tolist(), X[row].tolist(), float(y[row]), partials)
        for label, computed in (("numpy loss", tape.loss[row]), ("scalar loss", value)):
            judged += judge(label, computed, truth.loss, [other.loss for other in noisy])
        prediction = scalar.predict_row(w.tolist(), X[row].tolist())
        for label, computed in (("numpy output", np.broadcast_to(tape.out, 3)[row]), ("scalar output", prediction)):
            judged += judge(label, computed, truth.output, [other.output for other in noisy])
        for node in numpy.NODES:
            computed = np.broadcast_to(getattr(tape, node), 3)[row]
            judged += judge(f"node {node}", computed, truth.nodes[node], [other.nodes[node] for other in noisy])
        roots = ("loss", "out")
        gradients = {root: oracle.gradient(here, root) for root in roots}
        spreads = [{root: oracle.gradient(here, root, noise=seed) for root in roots} for seed in NOISES]
        sums.append((gradients["loss"], [spread["loss"] for spread in spreads]))
        for index, weight in enumerate(numpy.WEIGHTS):
            for root, label, computed in (
                ("loss", "numpy", rows[row, index]),
                ("loss", "scalar", partials[index]),
                ("out", "jacobian", slopes[row, index]),
            ):
                exact, others = gradients[root][weight], [spread[root][weight] for spread in spreads]
                judged += judge(f"{label} d {root} / d {weight}", computed, exact, others)
    if len(sums) == 3:
        # summed over rows before it passes uniform nodes: what cancels within a row leaves rounding of the sums behind
        for index, weight in enumerate(numpy.WEIGHTS):
            exact = sum(gradient[weight] for gradient, _ in sums)
            others = [sum(spread[noise][weight] for _, spread in sums) for noise in range(len(NOISES))]
            judged += judge(f"sum of d loss / d {weight}", total[index], exact, others)
    event("judged" if judged else "no value judged")
