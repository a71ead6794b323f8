"""symgraph.compiler.backends: what each backend writes for an op computes that op."""

import dataclasses
import itertools
import math
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from op_accuracy import own_functions
from written import written

import symgraph
from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.errors import SpecError
from symgraph.options import Options
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import Level, Text

ARGUMENTS = {"and": (True, False), "or": (True, False), "not": (True,), "select": (True, 0.3, 0.7), "rowsum": (0.4,)}
NAMES = ("p", "q", "r")


@cache
def namespace(backend: str) -> dict[str, object]:
    return own_functions(backend) | ({"rowsum": np.sum} if backend == "numpy" else {})


def evaluated(backend: str, op: str, *operands: object) -> Any:
    """The value that the text of an op has in Python."""
    texts = [Text(name, Level.ATOM) for name in NAMES[: OPS[op].arity]]
    values = dict(zip(NAMES, operands, strict=False))
    if backend != "scalar":
        values = {name: np.bool_(v) if isinstance(v, bool) else np.float64(v) for name, v in values.items()}
    return eval(BACKENDS[backend].texts[op].render(texts).text, namespace(backend) | values)


@pytest.mark.parametrize(("backend", "op"), [
    (name, op) for name, backend in BACKENDS.items() for op, row in OPS.items()
    if backend.loader == "python" and row.stable is None and op in backend.texts and f"{SCIPY}." not in str(row.numpy)
])  # fmt: skip
def test_the_text_of_an_op_computes_it(backend: str, op: str) -> None:
    operands = ARGUMENTS.get(op) or OPS[op].example or (0.4, -0.6)
    with mpmath.workdps(40):
        exact = [operand if isinstance(operand, bool) else mpmath.mpf(operand) for operand in operands]
        truth = MPMATH[op](*exact)
    value = evaluated(backend, op, *operands)
    if isinstance(truth, bool):
        assert bool(value) is truth
    else:
        # libm and NumPy are good to one unit in the last place, two for a few functions; our own state what they are good to
        stated = OPS[op].ulp if OPS[op].regions else 0.0
        assert float(value) == pytest.approx(float(truth), rel=2**-52 * max(2.0, stated), abs=0)


def test_backends_agree_at_zero_at_ties_and_at_infinity() -> None:
    for op in ("sign", "abs", "heaviside", "max", "min", "lt", "le", "gt", "ge", "eq", "ne"):
        points = itertools.product((0.0, -0.0, 1.0, -1.0, 2.5, math.inf, -math.inf), (0.0, 1.0, -1.0, 0.5))
        if OPS[op].arity == 1 or op == "heaviside":
            points = [*points, (math.nan, 0.5)]  # what is no number stays none
        for point in points:
            values = [evaluated(name, op, *point[: OPS[op].arity]) for name in ("numpy", "scalar", "array_api")]
            assert values[0] == values[1] == values[2] or np.isnan(values).all(), (op, point)
            assert not np.isnan(values[0]) or math.isnan(point[0])

    for function in (min, max):  # of Python, to the bit
        for pair in itertools.permutations((0.0, -0.0, 1.0, 2.0, math.nan), 2):
            assert repr(evaluated("scalar", function.__name__, *pair)) == repr(function(*pair))


def test_the_table_lists_backends_by_name_with_their_file_names() -> None:
    assert list(BACKENDS) == ["numpy", "scalar", "c", "array_api"]
    files = [list(backend.files("line")) for backend in BACKENDS.values()]
    assert files == [["line.py"], ["line_scalar.py"], ["line.c", "line.h"], ["line_array_api.py"]]


def test_an_error_says_which_backends_have_what_another_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    m = written(lambda m, shape, y: m.node("constant", sp.loggamma(shape)) - shape * y, "loss")
    bessel = written(lambda m, shape, y: m.node("constant", sp.besselj(0, shape)) - shape * y, "loss")
    with pytest.raises(SpecError, match="model written: constant needs bessel_j0, which double-double arithmetic lacks"):
        generate(bessel, options=Options(precision="accurate"))
    beta = written(lambda m, shape, y: symgraph.betaln(shape, y) - shape * y, "loss")
    with pytest.raises(SpecError, match="model written: loss needs betaln, which double-double arithmetic lacks"):
        generate(beta, options=Options(precision="auto"))
    texts = {op: text for op, text in BACKENDS["c"].texts.items() if op != "lgamma"}
    monkeypatch.setattr(
        "symgraph.compiler.generate.BACKENDS", {**BACKENDS, "c": dataclasses.replace(BACKENDS["c"], texts=texts)}
    )
    assert generate(m, ("numpy", "scalar"))
    able = "numpy, scalar, array_api"
    with pytest.raises(SpecError, match=f"needs lgamma, which the backend c lacks; it is in plain modules of {able}"):
        generate(m, ("numpy", "c"))
