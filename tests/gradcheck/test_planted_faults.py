"""A factor of 1.01 on any line of a generated module that computes is found by gradcheck, or changes no result."""

from pathlib import Path
from types import ModuleType

import pytest
from planted import changed, lines, planted, results

from symgraph.errors import ModuleError
from symgraph.gradcheck import gradcheck
from symgraph.io.module import from_source

GENERATED = Path(__file__).parent.parent.parent / "generated"
TEXT = (GENERATED / "nine_weights.py").read_text(encoding="utf-8")
SCALAR = (GENERATED / "nine_weights_scalar.py").read_text(encoding="utf-8")

# Lines on which a fault changes values and derivatives alike, or what nothing else in the module says: the spec alone can tell.
ONLY_THE_SPEC_CAN_TELL = (
    # other features or another target, to all functions alike
    'given = _array(X, FEATURES, "X")',
    "rows = _rows(given).astype(dtype, copy=False)",
    "target = None if y is None else _target(y, dtype)",
    'target = np.asarray(_array(y, (str(TARGET),), "y", column=True), order="C")',
    "return target[()]",
    "return rng.normal(0.0, 0.01, 9)",  # the law of the initial weights
)

FUNCTIONS = (
    *("forward", "backward", "predict", "value_and_grad", "loss", "grad", "per_sample_grad", "jacobian", "residual"),
    *("pack", "unpack", "initial_weights", "on one row", "on a batch of one row", "10008 rows", "120008 rows", "in float32"),
)

# A line of each kind of code: the tape, both derivatives, the blocks, sums of rows, single rows, means, overflow, names.
SAMPLE = (
    "v8 = 1.0 / (v7 + 1.0)",
    "v14 = d_y_hat * v10 * w9 * tape.v8 * tape.v8 * v10",
    "d_w3 = d_w8 * tape.v4 * (tape.v2 - 1.0) * f3",
    "d_exp = v17 * v17  # also d_w7",
    "v36 = np.multiply(v35, t, _r1)",
    "d_w7 = _dot(v52, v51)",
    "np.multiply(v41, v41, _l)  # loss",
    "total = np.add.reduce(parts[:, :whole], axis=1)",
    "return [*sums.ravel(), *rest]",
    "v20 = tape.y_hat - y",
    "return _reduced(_forward(*inputs), s, total)",
    "s = s[present]",
    'shares = _totals(inputs, u, s / total, workers, "gradient")',
    "gradient = np.array(_finish(u, shares[:-1]), np.float64)",
    "np.divide(losses, over, losses)",
    "return np.array([mapping[name] for name in WEIGHTS], np.float64)",
)


def faulty(text: str, number: int) -> ModuleType:
    return from_source(planted(text, number), "planted", f"<line {number}>")


def found(text: str, number: int) -> bool:
    """Whether gradcheck fails, or the module cannot even be loaded or checked."""
    try:
        return not gradcheck(faulty(text, number)).ok
    except ModuleError:
        return True


def test_a_factor_on_a_line_of_each_kind_is_found() -> None:
    numbers = {line: number for number, line in lines(TEXT)}
    assert set(SAMPLE) <= set(numbers)
    assert [line for line in SAMPLE if not found(TEXT, numbers[line])] == []


@pytest.mark.slow
def test_a_factor_on_any_line_is_found_or_changes_no_result() -> None:
    sound = results(from_source(TEXT, "planted", "<sound>"))
    unseen = [(number, line) for number, line in lines(TEXT) if not found(TEXT, number)]
    assert {line for number, line in unseen if changed(sound, results(faulty(TEXT, number)))} == set(ONLY_THE_SPEC_CAN_TELL)


@pytest.mark.slow
def test_a_factor_on_any_line_of_the_scalar_modules_row_is_found() -> None:
    """What predict_row gives stands nowhere else in its module, and c * exp is its own derivative: only the spec can tell."""
    end = SCALAR[: SCALAR.index("def predict_row")].count("\n")
    unseen = [line for number, line in lines(SCALAR) if number < end and not found(SCALAR, number)]
    assert unseen == ["exp = math.exp(v0) if v0 <= 709.782712893384 else math.inf"]


def test_the_module_without_a_fault_passes_and_every_function_is_compared() -> None:
    report = gradcheck(from_source(TEXT, "planted", "<sound>"))
    assert report.verdict == "passed"
    compared = " ".join(function.function for function in report.functions if function.verdict == "ok")
    assert all(name in compared for name in FUNCTIONS), compared
