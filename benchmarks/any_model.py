"""Time any model's mean loss with its gradient: its modules beside the libraries that are installed, on one core.

    python benchmarks/any_model.py MODEL --quick

Each library's version is written from the spec; its results are compared with ours before anything is timed. All take turns
on one core, and the median counts. Libraries: lambdify (SymPy's derivatives in NumPy), autograd, jax, torch, torch.compile,
casadi. MODEL is a model's name, its module, or a spec file or dotted module; a module that is not built is made in memory.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import libraries
import numpy as np
from formulas import Formulas
from libraries import Batch, Prepare, Setting
from machine import describe, versions
from numpy.typing import NDArray
from spec_formulas import formulas_of
from tables import duration, text_table
from timing import FULL, QUICK, Effort, Timing, pinned, side_by_side

from symgraph.cli.current import one_model
from symgraph.cli.terminal import print_json
from symgraph.cli.truth import module_of_model
from symgraph.data.options import count
from symgraph.errors import OptionError, SymgraphError
from symgraph.judge.judged_points import points
from symgraph.project.build.modules import compile as in_memory
from symgraph.spec.model import Model

PEERS: Mapping[str, Callable[[Formulas, Setting], Batch]] = MappingProxyType(
    {
        "lambdify": libraries.lambdify,
        "autograd": libraries.autograd,
        "jax": libraries.jax_jit,
        "torch": libraries.torch_eager,
        "torch.compile": libraries.torch_compiled,
        "casadi": libraries.casadi_vm,
    }
)
"""Libraries that compute the loss and gradient of a spec by themselves, by name."""
OURS = "symgraph numpy"
"""Name of the module with which all others are compared."""
ROWS, QUICK_ROWS = (1, 1_000, 100_000), (1, 1_000)
_SAMPLED = 32
"""Most different rows; longer tables repeat them."""
_DRAWN = 32
"""Number of points of each kind from which rows and weights are taken."""
_MOST_SCALAR_ROWS = 1_000
"""Most rows in a loop of the scalar module; more would take seconds a call."""

Floats = NDArray[np.float64]
Given = tuple[Floats, ...]
"""Arguments w (k,), X (n, d), y (n,), without X or y where the model has none."""


@dataclass(frozen=True, slots=True)
class Line:
    """Result of one way to evaluate the model.

    Attributes:
        name: the peer, or our backend.
        version: the version of the library.
        apart: the largest distance of its loss and gradient from ours, relative to the size of the terms that are added up.
        timings: the timing by number of rows.
    """

    name: str
    version: str
    apart: float
    timings: Mapping[int, Timing]


@dataclass(frozen=True, slots=True)
class Report:
    """Results of a benchmark.

    Attributes:
        model: its name.
        rows: numbers of rows.
        lines: one line for each way, ours first.
        missing: the reasons why the others are missing, by name.
    """

    model: str
    rows: tuple[int, ...]
    lines: tuple[Line, ...]
    missing: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return all results in a form for JSON, with the machine's description."""
        lines = [
            {
                "name": line.name,
                "version": line.version,
                "apart": line.apart,
                "timings": [{"rows": n, **asdict(one)} for n, one in line.timings.items()],
            }
            for line in self.lines
        ]
        about = {"model": self.model, "machine": describe(), "versions": versions()}
        return {**about, "rows": list(self.rows), "lines": lines, "missing": dict(self.missing)}


def bench(
    model: Model,
    modules: Mapping[str, ModuleType],
    *,
    peers: Sequence[str] | None = None,
    rows: Sequence[int] = ROWS,
    effort: Effort,
    seed: int = 0,
) -> Report:
    """Time the mean loss with its gradient.

    The process is pinned to one core meanwhile, and libraries are set to one thread and float64 for the rest of the process.

    Args:
        model: the spec, with a loss.
        modules: its modules by backend; "numpy" is needed, "scalar" and "c" are timed if given.
        peers: names of PEERS; None for all.
        rows: numbers of rows; a model without features and target has one "row".
        effort: the number of rounds and calls.
        seed: of weights and rows, which are drawn inside the declared domains.

    Raises:
        OptionError: as ``check_request`` says, or no point was found at which the model is finite.
    """
    check_request(model, peers, rows)
    w, table = _drawn(model, modules["numpy"], seed)
    sizes = tuple(dict.fromkeys(rows)) if table.shape[1] else (1,)
    with pinned(1), np.errstate(all="ignore"):  # overflow in between shows in the results
        ways, missing = _ways(model, modules, tuple(PEERS) if peers is None else tuple(peers))
        given = _given(model, w, table, len(table))
        terms = np.abs(np.atleast_2d(modules["numpy"].per_sample_grad(**_by_name(model, given)))).mean(axis=0)
        apart = _compared(ways, missing, given, terms)
        found = {n: _timed(ways, apart, _given(model, w, table, n), effort) for n in sizes}
    lines = tuple(
        Line(name, ways[name].version, distance, {n: times[name] for n, times in found.items() if name in times})
        for name, distance in apart.items()
    )
    return Report(model.name, sizes, lines, missing)


def check_request(model: Model, peers: Sequence[str] | None, rows: Sequence[int]) -> None:
    """Refuse a request that cannot be timed; arguments as for ``bench``.

    Raises:
        OptionError: the model has no loss, or a penalty, a peer is unknown, or a number of rows is no positive number.
    """
    unknown = [name for name in peers or () if name not in PEERS]
    if unknown:
        raise OptionError(f"the peer {unknown[0]!r} is unknown; known are {', '.join(PEERS)}")
    if model.loss_expr is None:
        raise OptionError(f"{model.name} has no loss, and so no gradient to time")
    if model.penalty_expr is not None:
        raise OptionError(
            f"{model.name} has a penalty, which no peer adds to a mean of rows; put it into model.loss to time it"
        )
    if not rows or min(rows) < 1:
        raise OptionError(f"rows must be positive numbers, not {', '.join(map(str, rows)) or 'none'}")


def _ways(model: Model, modules: Mapping[str, Any], peers: tuple[str, ...]) -> tuple[dict[str, Batch], dict[str, str]]:
    """Return ours and the peers that are installed, and why others are missing."""
    release = versions(("symgraph-codegen",)).get("symgraph-codegen", "")
    ways = {OURS: Batch(release, _calling(model, modules["numpy"].value_and_grad))}
    if "c" in modules:
        ways["symgraph c"] = Batch(release, _calling(model, modules["c"].value_and_grad))
    if "scalar" in modules:
        by_rows = partial(libraries.over_rows, modules["scalar"].row)
        ways["symgraph scalar"] = Batch(release, lambda *given: by_rows(**_by_name(model, given)), _MOST_SCALAR_ROWS)
    missing: dict[str, str] = {}
    for name in peers:
        try:
            ways[name] = PEERS[name](formulas_of(model), Setting())
        except ImportError as error:
            missing[name] = f"not installed ({error})"
        except Exception as error:  # whatever a library raises for a model that it cannot express
            missing[name] = f"cannot express the model: {_told(error)}"
    return ways, missing


def _calling(model: Model, function: Callable[..., Any]) -> Prepare:
    return lambda *given: partial(function, **_by_name(model, given))


def _by_name(model: Model, given: Given) -> dict[str, Floats]:
    """Return the arguments by name: without features, y is not the second."""
    names = ("w", *(("X",) if model.feature_inputs else ()), *(("y",) if model.target_inputs else ()))
    return dict(zip(names, given, strict=True))


def _drawn(model: Model, module: Any, seed: int) -> tuple[Floats, Floats]:
    """Draw weights, and rows of features and targets, at which all partials are finite; constants have their values."""
    drawn = np.vstack([points(model, (kind,), _DRAWN, seed).values for kind in ("small weights", "normal", "domain")])
    kinds = np.array([entry.kind for entry in model.inputs])
    weights, table = drawn[:, kinds == "weight"], drawn[:, (kinds == "feature") | (kinds == "target")]
    best, kept = weights[0], table[:0]
    for w in weights:
        finite = _finite_rows(model, module, w, table)
        if table.shape[1] == 0 and finite.all():
            return w, table[:0]
        rows = table[finite[: len(table)]][:_SAMPLED]
        if len(rows) > len(kept):
            best, kept = w, rows
        if len(kept) == _SAMPLED:
            break
    if not len(kept):
        raise OptionError(f"no point was found at which {model.name} is finite; declare domains for its inputs")
    return best, kept


def _finite_rows(model: Model, module: Any, w: Floats, table: Floats) -> NDArray[np.bool_]:
    partials = np.atleast_2d(module.per_sample_grad(**_by_name(model, _given(model, w, table, len(table)))))
    finite: NDArray[np.bool_] = np.isfinite(partials).all(axis=1)
    return finite


def _given(model: Model, w: Floats, table: Floats, n: int) -> Given:
    """Return n rows, repeated as often as needed, in the form that the model's functions take."""
    if not table.shape[1]:
        return (w,)
    rows, d = np.resize(table, (n, table.shape[1])), len(model.feature_inputs)
    X = (np.ascontiguousarray(rows[:, :d]),) if d else ()
    p = len(model.target_inputs)
    y = (np.ascontiguousarray(rows[:, d] if p == 1 else rows[:, d:]),) if p else ()
    return (w, *X, *y)


def _compared(ways: Mapping[str, Batch], missing: dict[str, str], given: Given, terms: Floats) -> dict[str, float]:
    """Measure the distance of each way from ours, by name.

    Args:
        ways: the ways, ours among them.
        missing: gets the ways that fail.
        given: the arguments at which to compare.
        terms: (k,) mean sizes of the rows' partials.
    """
    loss, gradient = ways[OURS].prepare(*given)()
    apart = {}
    for name in ways:
        try:
            other, slopes = ways[name].prepare(*given)()
        except Exception as error:  # as in _ways: some libraries find out only when they run
            missing[name] = f"cannot evaluate the model: {_told(error)}"
            continue
        distance = np.abs(np.asarray(slopes, np.float64).reshape(-1) - gradient) / np.where(terms > 0, terms, 1.0)
        beside = abs(float(np.asarray(other).reshape(())) - loss) / (abs(loss) or 1.0)
        apart[name] = float(np.max([beside, *distance]))
    return apart


def _timed(ways: Mapping[str, Batch], apart: Mapping[str, float], given: Given, effort: Effort) -> dict[str, Timing]:
    n = len(given[-1]) if len(given) > 1 else 1
    able = [name for name in apart if (most := ways[name].most_rows) is None or n <= most]
    return side_by_side({name: ways[name].prepare(*given) for name in able}, OURS, effort)


def _told(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:160]}"


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--rows must be numbers separated by commas, such as 1,1000, not {text!r}") from None


def _modules(model: Model, options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the model's modules by backend, built or made in memory, and why others are missing."""

    def python(backend: str) -> Any:
        how = {"config": options.config, "locked": options.locked, "quiet": options.quiet, "purpose": "timing"}
        return module_of_model(model, options.model, None, backend, **how)

    modules: dict[str, Any] = {"numpy": python("numpy")}
    lacking: dict[str, str] = {}
    for name, make in (("scalar", lambda: python("scalar")), ("c", lambda: in_memory(model, "c"))):
        try:
            modules[name] = make()
        except SymgraphError as error:  # a C compiler may be missing, and a model may be beyond a backend
            lacking[f"symgraph {name}"] = str(error)
    return modules, lacking


def _lines(report: Report) -> Iterator[list[str]]:
    for line in report.lines:
        found = [line.timings.get(n) for n in report.rows]
        cells = ["-" if one is None else f"{duration(one.seconds)} ({one.ratio:.2f})" for one in found]
        yield [line.name, *cells, f"{line.apart:.1e}", line.version]


def _run(options: argparse.Namespace) -> None:
    count("--seed", options.seed, at_least=0)
    sizes = _numbers(options.rows) if options.rows is not None else QUICK_ROWS if options.quick else ROWS
    peers = tuple(PEERS) if options.peers is None else tuple(name.strip() for name in options.peers.split(","))
    if options.quick and options.peers is None:
        peers = tuple(name for name in peers if name != "torch.compile")  # it compiles for seconds at each number of rows
    model = one_model(options.model, options.config)
    check_request(model, peers, sizes)
    modules, lacking = _modules(model, options)
    effort = QUICK if options.quick else FULL
    report = bench(model, modules, peers=peers, rows=sizes, effort=effort, seed=options.seed)
    missing = {**lacking, **report.missing}
    if options.json:
        print_json({**report.to_dict(), "missing": missing})
        return
    print(f"{report.model}: mean loss with its gradient, a call on one core, and how many times the first line's time")
    head = ("", *(f"{n:,} row{'s' if n > 1 else ''}" for n in report.rows), "apart", "version")
    print(text_table(head, list(_lines(report))), end="")
    for name, why in missing.items():
        print(f"missing: {name}: {why}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or the report as JSON; return 2 for what cannot be timed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("model", metavar="MODEL", help="a model's name, its module, or a spec file or dotted module")
    parser.add_argument("--rows", metavar="LIST", help="numbers of rows; else 1,1000,100000")
    parser.add_argument("--peers", metavar="LIST", help="libraries, separated by commas; else all")
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, without torch.compile")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of weights and rows")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the project's settings; else the nearest pyproject.toml")
    parser.add_argument("--locked", action="store_true", help="refuse a module older than its spec; else it is built anew")
    parser.add_argument("--quiet", "-q", action="store_true", help="no notes on stderr")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    try:
        _run(parser.parse_args(arguments))
    except SymgraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
