"""Gain of each rewrite rule: errors of value and gradient with and without it, over random points of its domain.

    python benchmarks/rules.py                    the table, as text
    python benchmarks/rules.py --write            docs/rules.md anew

For every rule a model of its example is lowered and differentiated twice, with the rule and without any, evaluated by NumPy in
float64, and compared with the first graph evaluated by mpmath, with more digits until two precisions agree. Errors are in units
of 2**-52 of the truth and count from half a unit on; a NaN, an infinity, or a zero for what is a normal number counts as
infinite. Points at which the truth is no normal number are left out.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import sympy

from symgraph import Model
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.ir.evaluate import FLOAT, MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.passes import PIPELINE
from symgraph.compiler.passes.cancel import cancel
from symgraph.compiler.passes.expand import expand
from symgraph.compiler.rewrite import RULES, VALUE_RULES, Rule, apply_rules
from symgraph.runtime import kernels as of_runtime
from symgraph.runtime import power_slope
from symgraph.runtime.special import scipy_special
from symgraph.spec.ops import kernels, sympy_classes
from symgraph.spec.ops.ops_kernels import KERNELS

_FIGURES = ("value: median", "value: best", "value: loss", "gradient: median", "gradient: best", "gradient: loss")
PAGE = Path(__file__).parent.parent / "docs" / "rules.md"
MARK = "<!-- by benchmarks/rules.py -->"
BAR = "\\|"
UNIT = 2.0**-52
_TINIEST, _LARGEST = mpmath.mpf(2) ** -1022, mpmath.mpf(2) ** 1024

_NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "select": np.where,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "max": np.maximum, "min": np.minimum,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "pow": np.power, "rowsum": lambda a: a, "heaviside": np.heaviside,
    **{name: np.vectorize(getattr(math, name)) for name in ("erf", "erfc")},
    **{name: np.vectorize(FLOAT[name]) for name in ("gauss", "erfcx", "ierfcx")},
    **{row.name: getattr(of_runtime, row.name) for row in KERNELS}, "power_slope": power_slope,
}  # fmt: skip


Truth = tuple[dict[str, Any], dict[str, float]]
"""The value of every root and its condition."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Errors of one quantity without and with a rule, in units; one a point.

    Attributes:
        before: without the rule.
        after: with it.
        kappa: the condition of the quantity, sum over inputs |x dG/dx| / |G|: what rounding the inputs changes in it, in units.
    """

    before: Any
    after: Any
    kappa: Any

    @property
    def median(self) -> float:
        """Of error before / error after."""
        return float(np.median(self.ratios))

    @property
    def best(self) -> float:
        """The largest error before / error after."""
        return float(np.max(self.ratios))

    @property
    def loss(self) -> float:
        """The largest error after / (twice that before, or 4 * (1 + kappa) units if more); points without a number apart.

        Twice, since of two errors of one size either may be the larger one.
        """
        finite = np.isfinite(self.before)
        return float(np.max(self.after[finite] / np.maximum(2 * self.before, 4 * (1 + self.kappa))[finite], initial=0.0))

    @property
    def ratios(self) -> Any:
        """Error before / error after; 1 where both are infinite."""
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(self.before) & np.isinf(self.after), 1.0, self.before / self.after)


def measure(rule: Rule, points: int, seed: int = 1) -> tuple[Gain, Gain]:
    """Give the gain of a rule for the value and for all partials of its example."""
    plain = lower(model_of(rule))
    value_only = rule in VALUE_RULES
    better = apply_rules(plain, () if value_only else RULES)
    before, after = cancel(differentiate(plain)), cancel(differentiate(better))
    after = apply_rules(after, VALUE_RULES) if value_only else after
    drawn = draw(rule, points, seed)
    truth = list(truths(before, drawn))
    roots = [root for root in before.roots if root == "loss" or root.startswith("grad ")]
    columns = [errors_of(graph, drawn, truth, roots) for graph in (before, after)]
    columns.append({root: np.array([t[1][root] for t in truth if t and _judged(t, root)]) for root in roots})
    value, gradient = (
        Gain(*(np.concatenate([column[root] for root in chosen]) for column in columns)) for chosen in (roots[:1], roots[1:])
    )
    return value, gradient


def model_of(rule: Rule) -> Model:
    """A model whose loss is a rule's example, in weights with the rule's domain; a symbol f is a feature."""
    model = Model("example")
    symbols = {
        name: (model.feature if name == "f" else model.weight)(f"{name}1", domain=(low, high))
        for name, low, high in sorted(rule.domain, key=lambda row: row[0] != "f")
    }
    own = (
        "expm1",
        "log1p",
        "sigmoid",
        "hypot",
        "xlogx",
        "xlogy",
        "gauss",
        "erfcx",
        "ndtr",
        "softplus",
        "logit",
        "exprel",
        "log1prel",
        "bernoulli_function",
    )
    known = {name: getattr(kernels, name, None) or getattr(sympy_classes, name) for name in own}

    def node(expr: Any) -> Any:
        return model.node("named", expr)

    expr = eval(rule.example or rule.pattern, {**vars(sympy), **known, **symbols, "node": node})  # noqa: S307  our own table
    model.loss(model.node("loss_value", expr))
    return model


def draw(rule: Rule, points: int, seed: int) -> dict[str, Any]:
    """Random points: a third uniform, the rest close to the middle, the ends, or, for later symbols, the first one."""
    random = np.random.RandomState(seed)
    result: dict[str, Any] = {}
    for name, low, high in rule.domain:
        middle, half = low / 2 + high / 2, high / 2 - low / 2
        first = next(iter(result.values()), np.full(points, middle))
        near = half * 10.0 ** random.uniform(-350 if half > 1e100 else -14, 0, points) * random.choice([-1, 1], points)
        uniform = middle + half * random.uniform(-1, 1, points)
        ends = [np.full(points, anchor) for anchor in (middle, low, high)]
        anchor = np.choose(random.randint(0, 5, points), [*ends, first, -first])
        chosen = np.where(random.randint(0, 3, points) == 0, uniform, anchor + near)
        inside = (chosen > low) & (chosen < high)
        result[f"{name}1"] = np.where(inside, chosen, middle + near / 2)
    return result


def truths(graph: Graph, drawn: dict[str, Any]) -> Iterator[Truth | None]:
    """The roots' true values and conditions at each point, or None where one is not real or has no value."""
    primitive = expand(graph)
    for index in range(len(next(iter(drawn.values())))):
        yield truth_at(primitive, {name: mpmath.mpf(float(values[index])) for name, values in drawn.items()})


def truth_at(graph: Graph, point: dict[str, Any]) -> Truth | None:
    """The truth at one point: digits are doubled until two results agree to 1e-20, and there are as many as may cancel."""
    found: tuple[dict[str, Any], float] | None = None
    for digits in (40, 80, 160, 320, 640, 1280, 2560):
        with mpmath.workdps(digits):
            last, found = found, _values(graph, point)
            if found is None:
                return None
            (roots, span), before = found, last[0] if last is not None else {}
            if span + 20 < digits and all(
                abs(x - before.get(r, 0)) <= abs(x) * mpmath.mpf(10) ** -20 for r, x in roots.items()
            ):
                return roots, _conditions(graph, point, roots)
    return None


def _values(graph: Graph, point: dict[str, Any]) -> tuple[dict[str, Any], float] | None:
    """The roots' values, and how many digits lie between the largest node and the least root; None where one is not real.

    So many digits may cancel. With fewer, a difference may be 0 with any two numbers of digits, which then agree.
    """
    try:
        values = evaluate(graph, {**point, "cotangent": mpmath.mpf(1)}, MPMATH, mpmath.mpf)
    except (ZeroDivisionError, ValueError):
        return None
    roots = {root: values[position] for root, position in graph.roots.items()}
    if not all(isinstance(value, mpmath.mpf) and mpmath.isfinite(value) for value in roots.values()):
        return None
    sizes = [mpmath.mag(x) for x in values if isinstance(x, mpmath.mpf) and x and mpmath.isfinite(x)]
    least = min(max(mpmath.mag(value), -1074) if value else -1074 for value in roots.values())
    return roots, float(max(sizes, default=0) - least) * math.log10(2)


def _conditions(graph: Graph, point: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """Sum over inputs |x dG/dx| / |G| for every root, by central differences."""
    step = mpmath.mpf(10) ** -10
    total = dict.fromkeys(found, 0.0)
    for name, x in point.items():
        ends = [_values(graph, {**point, name: x * (1 + sign * step)}) for sign in (1, -1)]
        sides = [found if end is None else end[0] for end in ends]  # at the end of a domain the point itself
        steps = sum(end is not None for end in ends)
        for root, value in found.items():
            moved = sides[0][root] - sides[1][root]
            total[root] += float(abs(moved / (steps * step * value))) if steps and value != 0 else 0.0
    return total


def errors_of(graph: Graph, drawn: dict[str, Any], truth: Sequence[Any], roots: Sequence[str]) -> dict[str, Any]:
    """The error of every root where the truth is a normal number, in units, half a unit at least."""
    ready = graph
    for run in PIPELINE:
        ready = run(ready)
    arithmetic = {
        op: _NUMPY.get(op) or getattr(np, op, None) or getattr(scipy_special, op, None)
        for op in {node.op for node in ready.nodes}
    }
    leaves = {**drawn, "cotangent": 1.0, "largest": np.finfo(float).max}
    with np.errstate(all="ignore"):
        values = evaluate(ready, leaves, arithmetic, np.float64)
    result: dict[str, Any] = {}
    for root in roots:
        found = np.broadcast_to(values[ready.roots[root]], len(truth))
        result[root] = np.array([_error(float(v), t[0][root]) for v, t in zip(found, truth, strict=True) if _judged(t, root)])
    return result


def _judged(truth: Truth | None, root: str) -> bool:
    """Tell if the truth is a normal number."""
    return truth is not None and bool(_TINIEST <= abs(truth[0][root]) < _LARGEST)


def _error(value: float, truth: Any) -> float:
    if not math.isfinite(value) or value == 0:
        return math.inf
    with mpmath.workdps(40):
        return max(0.5, float(abs(mpmath.mpf(value) - truth) / abs(truth) / UNIT))


def row(rule: Rule) -> str:
    """Columns in which a rule describes itself, as the start of a line of the page's table."""
    condition = f"`{rule.when}`" if rule.when else ""
    return f"| {rule.name} | `{rule.pattern}` | `{rule.replacement}` | {condition} | {rule.gain.replace('|', BAR)} |"


def figures(rule: Rule, points: int) -> str:
    """Measured figures, as the end of that line."""
    cells = []
    for gain in measure(rule, points):
        cells += [_figure(gain.median), _figure(gain.best), f"{gain.loss:.2f}"]
    return f" {' | '.join(cells)} |"


def _figure(value: float) -> str:
    if math.isinf(value):
        return "no number"
    return f"{value:.1f}" if value < 100 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def table(points: int) -> str:
    """The page's table."""
    columns = ("rule", "pattern", "replacement", "condition", "without it", *_FIGURES)
    head = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    return head + "".join(f"{row(rule)}{figures(rule, points)}\n" for rule in (*RULES, *VALUE_RULES))


def main() -> None:
    """Print the table, or write it into the page between its marks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = table(options.points)
    if not options.write:
        print(text)
        return
    before, _, after = PAGE.read_text(encoding="utf-8").split(MARK)
    PAGE.write_bytes(f"{before}{MARK}\n{text}{MARK}{after}".encode())


if __name__ == "__main__":
    main()
