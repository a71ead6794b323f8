"""A factor of 1.01 on any line of a generated module that computes is found by gradcheck, or changes no result."""

import ast
from pathlib import Path
from types import ModuleType

import pytest
from planted import changed, lines, planted, results
from zoo import nine_weights

import symgraph.runtime
from symgraph.compiler.generate import generate
from symgraph.errors import ModuleError
from symgraph.judge.differences import gradcheck
from symgraph.options import Options
from symgraph.project.native.module import from_source

GENERATED = Path(__file__).parent.parent.parent.parent / "generated"
TEXT = generate(nine_weights(), options=Options(standalone=True))[0].text
SCALAR = (GENERATED / "nine_weights_scalar.py").read_text(encoding="utf-8")

PLANNING = {
    node.name
    for name in ("recording", "planning")
    for node in ast.parse((Path(symgraph.runtime.__file__).parent / f"{name}.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.ClassDef)
}
"""Definitions that arrange what is computed, and compute no float themselves."""

# Lines on which a fault changes values and derivatives alike, or what nothing else in the module says: the spec alone can tell.
ONLY_THE_SPEC_CAN_TELL = (
    # other features or another target, to all functions alike
    'rows = array_of(X, facts.features, "X", len(facts.features) == 1)',
    "given = rows if rows.dtype is dtype else rows.astype(dtype, copy=False)",
    "rows = checked_rows(facts, X, y)",
    'target = np.asarray(array_of(y, facts.target_names or ("y",), "y", column=not facts.targets), order="C")',
    "return target[()]",
    "exp = np.exp(t * t + w6)",  # c * exp is its own derivative
    # the law of the initial weights
    "return rng.normal(self.mean, self.std, self.number)",
    "weights: Array = np.clip(",
    "return drawn(self.facts, self._laws, seed)",
)

FUNCTIONS = (
    *("forward", "backward", "predict", "value_and_grad", "loss", "grad", "per_sample_grad", "jacobian", "residual"),
    *("pack", "unpack", "initial_weights", "on one row", "on a batch of one row", "10008 rows", "120008 rows", "in float32"),
)

# A line of each kind of code: the tape, both derivatives, sums of rows, single rows, means, overflow, names.
SAMPLE = (
    "sigmoid_8 = 1.0 / (sigmoid_7 + 1.0)",
    "d_sigmoid_4 = d_sigmoid_3 * tape.sigmoid_3",
    "d_w3 = d_w8 * tape.sigmoid_4 * (tape.sigmoid_2 - 1.0) * f3",
    "d_exp = d_tanh_1 * d_tanh_1  # also d_w7",
    "loss = loss_1 * loss_1",
    "total: Array = np.add.reduce(parts[..., :whole], axis=-1)",
    "return np.array(self._sums[name](Given(*inputs, s, s, product_of_one)), np.float64)",
    "means: Array = sums / total",
    "shares = np.full(row_shape(inputs), s / total, s.dtype)",
    "return np.array([mapping[name] for name in names], np.float64)",
)


def faulty(text: str, number: int) -> ModuleType:
    return from_source(planted(text, number), "planted", f"<line {number}>")


def found(text: str, number: int) -> bool:
    """Tell if gradcheck fails, or the module cannot even be loaded or checked."""
    try:
        module = faulty(text, number)
        # one point shows most faults, in less time
        return not gradcheck(module, points=1).ok or not gradcheck(module).ok
    except ModuleError:
        return True


def test_a_factor_on_a_line_of_each_kind_is_found() -> None:
    numbers = {line: number for number, line in lines(TEXT)}
    assert set(SAMPLE) <= set(numbers)
    assert [line for line in SAMPLE if not found(TEXT, numbers[line])] == []


@pytest.mark.slow
def test_a_factor_on_any_line_is_found_or_changes_no_result() -> None:
    sound = results(from_source(TEXT, "planted", "<sound>"))
    # every tenth line, and those on which a fault is known to go unseen: all of them take eight minutes
    tried = [one for one in lines(TEXT, PLANNING) if one[0] % 10 == 0 or one[1] in ONLY_THE_SPEC_CAN_TELL]
    unseen = [(number, line) for number, line in tried if not found(TEXT, number)]
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
