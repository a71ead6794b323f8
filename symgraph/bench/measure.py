"""``symgraph bench`` as a function: compare the results of every peer with ours first, then time all of them side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.bench.machine import describe, versions
from symgraph.bench.peers import PEERS, Prepare
from symgraph.bench.timing import Effort, Task, Timing, pinned, side_by_side
from symgraph.check.points import points
from symgraph.errors import OptionError
from symgraph.spec.model import Model

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


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to evaluate the model, and the most rows for which it is used."""

    version: str
    prepare: Prepare
    most_rows: int | None = None


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
        OptionError: the model has no loss, a peer is unknown, or a number of rows is no positive number.
    """
    unknown = [name for name in peers or () if name not in PEERS]
    if unknown:
        raise OptionError(f"the peer {unknown[0]!r} is unknown; known are {', '.join(PEERS)}")
    if model.loss_expr is None:
        raise OptionError(f"{model.name} has no loss, and so no gradient to time")
    if not rows or min(rows) < 1:
        raise OptionError(f"rows must be positive numbers, not {', '.join(map(str, rows)) or 'none'}")


def _ways(model: Model, modules: Mapping[str, Any], peers: tuple[str, ...]) -> tuple[dict[str, _Way], dict[str, str]]:
    """Return ours and the peers that are installed, and why others are missing."""
    release = versions(("symgraph-codegen",)).get("symgraph-codegen", "")
    ways = {OURS: _Way(release, _calling(model, modules["numpy"]))}
    if "c" in modules:
        ways["symgraph c"] = _Way(release, _calling(model, modules["c"]))
    if "scalar" in modules:
        ways["symgraph scalar"] = _Way(release, partial(_by_rows, model, modules["scalar"].row), _MOST_SCALAR_ROWS)
    missing: dict[str, str] = {}
    for name in peers:
        try:
            peer = PEERS[name](model)
        except ImportError as error:
            missing[name] = f"not installed ({error})"
        except Exception as error:  # whatever a library raises for a model that it cannot express
            missing[name] = f"cannot express the model: {_told(error)}"
        else:
            ways[name] = _Way(peer.version, peer.prepare)
    return ways, missing


def _calling(model: Model, module: Any) -> Prepare:
    return lambda *given: partial(module.value_and_grad, **_by_name(model, given))


def _by_name(model: Model, given: Given) -> dict[str, Floats]:
    """Return the arguments by name: without features, y is not the second."""
    names = ("w", *(("X",) if model.feature_inputs else ()), *(("y",) if model.target_input is not None else ()))
    return dict(zip(names, given, strict=True))


def _by_rows(model: Model, row: Callable[..., float], *given: Any) -> Task:
    """Make a call of the scalar module's row over all rows; for one row, of the public function itself."""
    w, *rest = (array.tolist() for array in given)
    n = len(rest[0]) if rest else 1
    features = rest[0] if model.feature_inputs else [[]] * n
    target = rest[-1] if model.target_input is not None else [0.0] * n
    partials = [0.0] * len(w)

    def one() -> tuple[float, list[float]]:
        return row(w, features[0], target[0], partials), partials

    def many() -> tuple[float, Any]:
        losses, gradient = 0.0, np.zeros(len(w))
        for x, y in zip(features, target, strict=True):
            losses += row(w, x, y, partials)
            gradient += partials
        return losses / n, gradient / n

    return one if n == 1 else many


def _drawn(model: Model, module: Any, seed: int) -> tuple[Floats, Floats]:
    """Draw weights, and rows of features and target, at which all partials are finite."""
    drawn = np.vstack([points(model, (kind,), _DRAWN, seed).values for kind in ("small weights", "normal", "domain")])
    k, d = len(model.weight_inputs), len(model.feature_inputs)
    weights, table = drawn[:, d : d + k], np.delete(drawn, np.s_[d : d + k], axis=1)
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
    y = (np.ascontiguousarray(rows[:, d]),) if model.target_input is not None else ()
    return (w, *X, *y)


def _compared(ways: Mapping[str, _Way], missing: dict[str, str], given: Given, terms: Floats) -> dict[str, float]:
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


def _timed(ways: Mapping[str, _Way], apart: Mapping[str, float], given: Given, effort: Effort) -> dict[str, Timing]:
    n = len(given[-1]) if len(given) > 1 else 1
    able = [name for name in apart if (most := ways[name].most_rows) is None or n <= most]
    return side_by_side({name: ways[name].prepare(*given) for name in able}, OURS, effort)


def _told(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:160]}"
