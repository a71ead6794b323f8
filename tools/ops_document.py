"""Prints docs/ops.md from the op table: ``python tools/ops_document.py > docs/ops.md``."""

import math
import re

from symgraph.spec.ops.op import REALS, Op
from symgraph.spec.ops.ops import OPS

HEAD = """# Operations and their errors

<!-- printed from the op table by tools/ops_document.py; do not edit -->

This page lists the error of every operation of a generated module over its whole domain. Figures bound the error for exact
operands, in units in the last place: 2^-52 of the result in float64 and 2^-23 in float32, or the smallest subnormal number if
that is larger. *Value* is the operation itself; *slopes* are a cotangent times the partial derivative by each operand, in
float64, if all factors of this product are normal numbers. Tests measure all of them against mpmath, on NumPy arrays of
several lengths and strides and on Python floats.

The figures depend on those of the libraries used: NumPy's AVX-512 functions (below 1 ulp in float64, at most 4 in float32) and
glibc's (P. Zimmermann and others, *Accuracy of Mathematical Functions in Single, Double, Double Extended, and Quadruple
Precision*). {own} are not in NumPy; a module that needs them contains or imports them.

| operation | definition | domain | value | value, float32 | slopes |
| --- | --- | --- | --- | --- | --- |
"""

FOOT = """
Where terms cancel, a figure is not relative to the result v. The note in the last column then names the reference: "of |v| +
1" means that the figure is relative to |v| + 1.

## By region

Regions are ranges of the last operand (of its absolute value if the function is even or odd), or of the named quantity for
functions of two operands. A figure is 1.5 times the largest error that `python tools/region_accuracy.py` found against ball
arithmetic, but not above the figure of the whole domain. It tries 300 points of each of some fifteen kinds (of every size,
next to the region's ends, next to and at whole numbers, next to multiples of pi/2). The notes above hold here too: next to a
zero a figure is relative to the quantity in the note. Orders of Bessel functions were measured from 0 to 20, those of
`polygamma` from 2 to 12. Operations that are not listed here have the figure above everywhere.

| operation | region | value | slopes |
| --- | --- | --- | --- |
{regions}

A subnormal exponential, such as the slope of `exp` below -708, has few digits, and later products cannot restore
them. The slopes of `sigmoid`, `softplus`, `log_sigmoid`, `logaddexp`, `tanh` and `sech` are products of
two square roots, with the second one multiplied in last, and keep their digits.
"""

NAMES = {"add": "a + b", "sub": "a - b", "mul": "a * b", "div": "a / b", "neg": "-a", "pow": "a**b", "max": "Max", "min": "Min"}
"""Notation of a spec for the operations that it does not call by name."""


LETTERS = "abc"
"""Names of the operands x0, x1 and x2 on the page."""


def lettered(text: str) -> str:
    """A text about operands with the letters of the page."""
    for place, letter in enumerate(LETTERS):
        text = text.replace(f"x{place}", letter)
    return text


def figure(value: float) -> str:
    """A figure without needless digits."""
    return f"{value:g}"


def line(row: Op) -> str:
    """The table's line for an op."""
    slopes = ", ".join(figure(value) for value in row.partial_ulp) or "0"
    definition, note = (lettered(text).replace("|", "\\|") for text in (str(row.value), row.note))
    name = NAMES.get(row.name, row.name)
    cells = [
        f"`{name}`",
        f"`{definition}`",
        domain(row),
        figure(row.ulp),
        figure(row.ulp32),
        slopes + (f" ({note})" if note else ""),
    ]
    return f"| {' | '.join(cells)} |"


def domain(row: Op) -> str:
    """The domain, as conditions on the operands."""
    spans = [span.said(name) for span, name in zip(row.domain, LETTERS, strict=False) if span != REALS]
    parts = [*spans, *([lettered(row.besides)] if row.besides else [])]
    return (", ".join(parts) or REALS.said("a")).replace("|", "\\|")


def lines_of_regions(row: Op) -> list[str]:
    """The lines of the second table for an op, one for each region."""
    name = re.sub(r"Abs\(((?:[^()]|\([^()]*\))*)\)", r"\|\1\|", lettered(str(row.region_of)))
    found = []
    for region in row.regions:
        ends = [f"{end:g}" for end in (region.low, region.high)]
        where = f"{ends[0]} to {ends[1]}".replace("-inf to", "below").replace("inf to", "below")
        where = f"above {ends[0]}" if math.isinf(region.high) else where
        slopes = ", ".join(map(figure, region.partial_ulp))
        operation = NAMES.get(row.name, row.name)
        found.append(f"| `{operation}` | {name} {where} | {figure(region.ulp)} | {slopes} |")
    return found


def document() -> str:
    """The whole page."""
    own = [f"`{row.name}`" for row in OPS.values() if row.scalar is not None and row.numpy == row.name and row.domain]
    head = HEAD.replace("{own}", ", ".join(own))
    foot = FOOT.replace("{regions}", "\n".join(line for row in OPS.values() for line in lines_of_regions(row)))
    return head + "\n".join(line(row) for row in OPS.values() if row.value is not None) + "\n" + foot


if __name__ == "__main__":
    print(document(), end="")
