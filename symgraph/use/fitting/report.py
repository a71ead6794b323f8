"""A fit as text, for people, and as a table of HTML. The results here are `FitResult`, whose file imports this one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from symgraph.html import card, notes, table
from symgraph.use.fitting.rounded import rounded

_CORRELATED = 0.1
"""Least correlation that is shown."""
_SHOWN = 12
"""Correlations that are shown at most."""


def text_of(result: Any) -> str:
    """Return the report of a fit."""
    parts = [_head(result), *_data_sets(result), "", *table_lines(_rows(result)), *_nodes(result), *_correlations(result)]
    told = _told(result)
    parts += ["", *told] if told else []
    return "\n".join(parts)


def report_as_html(result: Any) -> str:
    """Return the report as HTML, as notebooks show it."""
    head, *rows = _rows(result)
    name, _, ended = _head(result).splitlines()[0].partition(": ")
    lines = [line.strip() for line in _head(result).splitlines()[1:]]
    warned = notes([f"warning: {one}" for one in result.warnings], "bad")
    remarked = notes([f"remark: {one}" for one in result.remarks])
    of_nodes = _rows_of_nodes(result)
    tables = [table(head, rows), *([table(of_nodes[0], of_nodes[1:])] if of_nodes else [])]
    return card(
        name, ended, "good" if result.success and not result.warnings else "bad", *tables, warned, remarked, notes(lines)
    )


def rich_report(result: Any) -> Any:
    """Return the report as what rich prints on a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head, *rows = _rows(result)
    ruled = Table(*head)
    for row in rows:
        ruled.add_row(*row)
    told = [Text(one, style="yellow" if one.startswith("warning") else "") for one in _told(result)]
    return Group(_head(result), ruled, *_nodes(result), *_correlations(result), *told)


def _told(result: Any) -> list[str]:
    """Return a line on each warning and each remark."""
    return [*(f"warning: {one}" for one in result.warnings), *(f"remark: {one}" for one in result.remarks)]


def _head(result: Any) -> str:
    numbers, module, active = result.statistics, result.problem.module, result.active
    what = "residual" if result.problem.has_residual else "row"
    free = len(result.problem.free)
    ended = "NOT CONVERGED" if not result.success else "DOUBTFUL, see the warnings: ended" if result.warnings else "converged"
    lines = [
        f"{module.MODEL}: {ended} by {result.method}; {result.found.calls} calls, {result.found.derivatives} of derivatives",
        f"  {result.message}",
        f"  {_counted(numbers.n, what)}, {_counted(free, 'free weight')}, {numbers.dof} degrees of freedom",
    ]
    if math.isfinite(numbers.chi2):
        lines.append(f"  chi2 {numbers.chi2:.6g}, reduced chi2 {_number(numbers.reduced_chi2)}, R2 {_number(numbers.r2)}")
    if math.isfinite(numbers.aic):
        counted = f" of {_counted(numbers.parameters, 'parameter')}" + (
            ", sigma among them" * (numbers.parameters + active.equalities > free)
        )
        lines.append(f"  log-likelihood {numbers.log_likelihood:.6g}, AIC {numbers.aic:.6g}, BIC {numbers.bic:.6g}{counted}")
    if not math.isfinite(numbers.chi2) and not math.isfinite(numbers.aic):
        lines.append(f"  sum of losses {result.found.cost:.6g}")
    lines.append(f"  standard errors: {result.how}")
    for name, end, multiplier in zip(active.names, active.ends, active.multipliers, strict=True):
        lines.append(f"  {name} is held at {end:g}, with the multiplier {_number(multiplier, 4)}")
    return "\n".join(lines)


def _data_sets(result: Any) -> list[str]:
    """Return a table of the data sets of a joint fit."""
    sets = getattr(result, "sets", {})
    if not sets:
        return []
    lines: list[tuple[str, ...]] = [("data set", "model", "rows", "chi2", "R2")]
    for text, one in zip(result.problem.texts, sets.values(), strict=True):
        rows, module = one.problem.rows.n, one.problem.module
        lines.append((text, module.MODEL, str(rows), _number(one.chi2), _number(one.r2)))
    return ["", *table_lines(lines)]


def _rows(result: Any) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("weight", "value", "stderr", "relative", "95 % interval", "start")]
    start, intervals = result.natural.values(result.problem.start).tolist(), result.interval()
    for (name, value), error, state, begun in zip(
        result.values.items(), result.stderr.tolist(), result.states, start, strict=True
    ):
        shown = (f"{value:.10g}", state, "", "") if state else _measured(value, error, intervals[name])
        rows.append((name, *shown, f"{begun:.6g}"))
    return rows


def _measured(value: float, error: float, interval: tuple[float, float]) -> tuple[str, str, str, str]:
    """Return the cells of a value with an error: both rounded to the error, its relative size, the interval."""
    if not (math.isfinite(error) and error > 0.0):
        return f"{value:.10g}", _number(error, 4), "", ""
    shown, stderr, low, high = rounded((value, error, *interval), error)
    relative = "" if value == 0.0 else f"{abs(error / value):.2%}"
    return shown, stderr, relative, f"{low} to {high}" if low or high else ""


def _nodes(result: Any) -> list[str]:
    """Return a table of the nodes that follow from the weights."""
    rows = _rows_of_nodes(result)
    return ["", *table_lines(rows)] if rows else []


def _rows_of_nodes(result: Any) -> list[tuple[str, ...]]:
    rows = [(name, *_measured(one.value, one.stderr, one.interval)) for name, one in result.nodes.items()]
    return [("which give", "value", "stderr", "relative", "95 % interval"), *rows] if rows else []


def table_lines(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of cells in columns, the first to the left."""
    first, *others = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([f"  {name.ljust(first)}", *map(str.rjust, cells, others)]).rstrip() for name, *cells in rows]


def _correlations(result: Any) -> list[str]:
    matrix, names = result.correlations, result.names
    pairs = [
        (float(matrix[i, j]), names[i], names[j])
        for i in range(len(names))
        for j in range(i)
        if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) >= _CORRELATED
    ]
    pairs.sort(key=lambda one: -abs(one[0]))
    shown = [f"  {second}, {first}  {value:+.4f}" for value, first, second in pairs[:_SHOWN]]
    if not shown:
        return []
    more = [f"  and {len(pairs) - _SHOWN} more above {_CORRELATED}"] if len(pairs) > _SHOWN else []
    return ["", "correlations", *shown, *more]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _number(value: float, digits: int = 6) -> str:
    return f"{value:.{digits}g}" if math.isfinite(value) else "none"
