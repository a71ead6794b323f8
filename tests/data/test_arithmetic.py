"""Plain formulas are computed as SymPy reads them; all others are left to it."""

import numpy as np
import pytest
from sympy import Symbol, lambdify

from symgraph.data.arithmetic import arithmetic
from symgraph.spec.formula import Reader

NAMES = ("v", "w", "pi2")
VALUES = {"v": np.linspace(0.5, 3.0, 7), "w": np.linspace(-2.0, 2.0, 7), "pi2": np.full(7, 2.5)}


@pytest.mark.parametrize(
    "text",
    [
        "0.05*v",
        " 0.01 + .5e-1*v ",
        "-v**2/3 - -w",
        "2**3**v",
        "-v**-2",
        "sqrt(0.1**2 + (0.05*v)**2)",
        "abs(w)*ln(v) + log(v)/log(10)",
        "exp(-v/pi2) + 2*pi",
        "(v + w)*(v - w)/(1 + w**2)",
        "3",
    ],
)
def test_a_plain_formula_has_the_values_that_sympy_computes(text: str) -> None:
    reader = Reader(text, lambda name: Symbol(name, real=True), own=NAMES)
    expected = lambdify([Symbol(name, real=True) for name in NAMES], reader.read(), "numpy")(*(VALUES[name] for name in NAMES))
    found = arithmetic(text, NAMES)
    assert found is not None
    names, function = found
    assert names == tuple(reader.names)
    assert function(VALUES) == pytest.approx(expected, rel=1e-15, abs=0.0)


@pytest.mark.parametrize(
    "text",
    [
        "", "()", "v,", "v, w", "z", "v(2)", "exp", "exp()", "exp(v, w)", "sin(v)", "2v", "0x10*v", "1_0*v", "1j*v", "v.real",
        "v//w", "v % w", "v^2", "`v`", "v if w else 1", "not v", "lambda: v", "v < w", "\uff56", "v; w", "+", "v\n+ w", "v w",
        "True*v", "1e999*v", "v*" * 100 + "v", "(" * 99 + "v", " " * 190 + "!", "a" * 190 + "!", f"v + {'9' * 190}**2",
    ],
)  # fmt: skip
def test_all_other_texts_are_left_to_sympy(text: str) -> None:
    assert arithmetic(text, NAMES) is None


def test_what_is_not_defined_is_nan_or_infinite_and_no_warning() -> None:
    found = arithmetic("sqrt(v)/v**0.5 + exp(1000*v)", ("v",))
    assert found is not None
    assert [str(value) for value in found[1]({"v": np.array([-1.0, 0.0, 1.0])})] == ["nan", "nan", "inf"]
