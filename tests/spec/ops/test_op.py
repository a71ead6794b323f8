"""symgraph.spec.ops.op: a row that lacks something is refused by name, and what follows from a row."""

import math
import operator
from typing import Any

import pytest

from symgraph.compiler.ir.evaluate import FLOAT
from symgraph.spec.ops.op import FALLING, HILL, REALS, RISING, VALLEY, Op, Span, library, own
from symgraph.spec.ops.ops import OPS, x0

FIGURES: dict[str, Any] = {"ulp": 1.0, "ulp32": 1.0, "partial_ulp": (1.0,)}


def row(**fields: Any) -> Op:
    """A complete row, but for what is replaced or, by "missing", left out."""
    complete = {"domain": REALS, "range": REALS, **library("versin"), **FIGURES} | fields
    return Op("versin", 1, x0, ((x0,),), **{name: value for name, value in complete.items() if value != "missing"})


@pytest.mark.parametrize(("fields", "message"), [
    *(({field: "missing"}, f"its row has no {field}$") for field in ("domain", "range", "ulp", "ulp32", "partial_ulp",
      "numpy", "scalar", "c", "array_api", "bound", "pairs", "reference")),
    ({"mpmath": "missing"}, "its row has neither numbers nor mpmath"),
    ({"reference": "definition"}, "its row needs a reference of its own"),
    ({"partial_ulp": (1.0, 2.0)}, "partial_ulp has 2 entries for 1 operands"),
    ({"domain": (REALS, REALS)}, "domain has 2 entries for 1 operands"),
])  # fmt: skip
def test_a_row_that_lacks_a_field_or_has_entries_for_no_operand_is_an_error_that_names_it(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"op versin: {message}"):
        row(**fields)


def test_a_composed_row_needs_neither_texts_nor_an_evaluator_and_no_factor_is_a_number_of_python() -> None:
    def composed(*factors: Any) -> Op:
        return Op("versin", 1, x0, (factors,), stable=x0, domain=REALS, range=REALS, reference="definition", **FIGURES)

    with pytest.raises(ValueError, match=r"op versin: partial 0 1 is 3\.14, which is no expression of SymPy"):
        composed(x0, 3.14)
    assert composed(x0).backends == ("numpy", "scalar", "c", "array_api")
    assert composed(x0).text("numpy") is None
    assert row(mpmath="missing", numbers=operator.neg).numbers is operator.neg


def test_a_name_is_a_call_of_that_function_and_none_is_an_op_that_a_backend_lacks() -> None:
    found = row(**own("versin") | {"c": None})
    texts = [found.text(name) for name in ("numpy", "scalar", "c", "array_api")]
    assert [None if text is None else text.format for text in texts] == ["versin({0})", "_versin({0})", None, "xp.versin({0})"]
    assert found.backends == ("numpy", "scalar", "array_api")


@pytest.mark.parametrize(("trend", "limits"), [
    (RISING, (1.0, -2.0)), (FALLING, (-2.0, 1.0)), (VALLEY, (1.0, 1.0)), (HILL, (-2.0, -2.0)), (None, (None, None)),
])  # fmt: skip
def test_limits_follow_from_range_and_trend(trend: Any, limits: tuple[float | None, float | None]) -> None:
    found = row(range=Span(-2.0, 1.0), trend=trend)
    assert (found.limit(1), found.limit(-1)) == limits


def test_ends_belong_to_a_span_by_their_brackets() -> None:
    assert [x in Span(0.0, 1.0, "[)") for x in (-0.1, 0.0, 0.5, 1.0)] == [False, True, True, False]
    spans = (Span(0.0), Span(-1.0, ends="[)"), Span(-1.0, 1.0, "[]"), Span(0.0, 1.0), REALS)
    assert [span.said("a") for span in spans] == ["a > 0", "a >= -1", "|a| <= 1", "0 < a < 1", "all reals"]


@pytest.mark.parametrize("name", [name for name, row in OPS.items() if row.domain])
def test_examples_lie_in_the_domain(name: str) -> None:
    assert all(x in span and math.isfinite(x) for x, span in zip(OPS[name].example, OPS[name].domain, strict=True))


def test_what_is_0_at_0_and_what_underflows_follow_from_value_range_and_steepness() -> None:
    through_0 = {name for name, row in OPS.items() if row.through_0}
    assert through_0 >= {"neg", "sqrt", "cbrt", "expm1", "log1p", "sin", "atanh", "erf", "abs", "bessel_j1"}
    assert through_0.isdisjoint({"cos", "exp", "coth", "csc", "log", "lgamma", "digamma", "expint"})
    assert all(FLOAT[name](0.0) == 0.0 for name in through_0 if name in FLOAT)
    vanishing = {name for name, row in OPS.items() if row.vanishes}
    assert vanishing >= {"exp", "gauss", "erfc"}
    assert vanishing.isdisjoint({"sigmoid", "tanh", "cosh", "sech", "trigamma", "pow"})
