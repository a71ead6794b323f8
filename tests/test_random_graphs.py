"""Random specs through both backends, against the reference, with a tolerance from each value's own conditioning."""

from collections.abc import Mapping, Sequence

import numpy as np
from built import modules_of
from flint import arb, ctx
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st
from random_models import models

from symgraph import Model
from symgraph.check.balls import UNKNOWN, Value
from symgraph.check.reference import reference
from symgraph.errors import SpecError
from symgraph.generate import differentiated
from symgraph.ir.verify import verify_graph

SPREAD = 64
"""How often the radius that a unit of rounding at every operation of the spec leaves may be exceeded: generated text rounds at
other places, and its functions err by up to three units."""

ILL = 1e-4
"""A value that rounding changes by more than this of its size has no digits worth judging."""


def tolerance(exact: Value, rough: Value) -> float:
    """What rounding may do to a value, or infinity where nothing can be said."""
    if not isinstance(exact, arb) or not isinstance(rough, arb) or not rough.is_finite():
        return float("inf")  # at or next to a kink or a pole
    size, spread = abs(float(exact)), float(rough.rad())
    return float("inf") if not spread <= ILL * size + 1e-9 else SPREAD * spread + 1e-15 * size + 1e-300


def judge(label: str, value: float, exact: Value, rough: Value) -> bool:
    """Whether a value could be judged; an assertion fails if it is wrong."""
    allowed = tolerance(exact, rough)
    if not np.isfinite(allowed):
        return False
    with ctx.workprec(200):
        assert abs(arb(float(value)) - exact) <= allowed, f"{label}: {value!r} instead of {exact}"
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
    known = reference(model)
    rng = np.random.RandomState(seed)
    w, X, y = rng.uniform(-2, 2, len(numpy.WEIGHTS)), rng.uniform(-2, 2, (3, len(numpy.FEATURES))), rng.uniform(-1, 1, 3)
    tape, rows, slopes = numpy.forward(w, X, y), numpy.per_sample_grad(w, X, y), numpy.jacobian(w, X)
    total = numpy.backward(tape)
    judged = 0
    sums: list[tuple[Mapping[str, Value], Mapping[str, Value]]] = []
    for row in range(3):
        here = dict(zip(numpy.WEIGHTS, w, strict=True)) | dict(zip(numpy.FEATURES, X[row], strict=True)) | {"y": y[row]}
        look = known.look(here)
        if look.failures or look.largest > 1e100:
            continue
        truth, rough = known.truth(here), known.rough(here)
        partials = [0.0] * len(w)
        value = scalar.row(w.tolist(), X[row].tolist(), float(y[row]), partials)
        prediction = scalar.predict_row(w.tolist(), X[row].tolist())
        for root, label, computed in (
            ("loss", "numpy loss", tape.loss[row]),
            ("loss", "scalar loss", value),
            ("output", "numpy output", np.broadcast_to(tape.out, 3)[row]),
            ("output", "scalar output", prediction),
        ):
            judged += judge(label, computed, truth.values[root], rough.values[root])
        for node in numpy.NODES:
            computed = np.broadcast_to(getattr(tape, node), 3)[row]
            judged += judge(f"node {node}", computed, truth.nodes[node], rough.nodes[node])
        sums.append((truth.partials["loss"], rough.partials["loss"]))
        for index, weight in enumerate(numpy.WEIGHTS):
            for root, label, computed in (
                ("loss", "numpy", rows[row, index]),
                ("loss", "scalar", partials[index]),
                ("output", "jacobian", slopes[row, index]),
            ):
                exact, other = truth.partials[root][weight], rough.partials[root][weight]
                judged += judge(f"{label} d {root} / d {weight}", computed, exact, other)
    if len(sums) == 3:
        # summed over rows before it passes uniform nodes: what cancels within a row leaves rounding of the sums behind
        for index, weight in enumerate(numpy.WEIGHTS):
            exact, other = (added([one[place][weight] for one in sums]) for place in (0, 1))
            judged += judge(f"sum of d loss / d {weight}", total[index], exact, other)
    event("judged" if judged else "no value judged")


def added(values: Sequence[Value]) -> Value:
    """The sum of some values; unknown where one is missing."""
    total = arb(0)
    with ctx.workprec(200):
        for value in values:
            if not isinstance(value, arb):
                return UNKNOWN
            total = total + value
    return total
