"""Generation of a model's modules: lower, differentiate, optimize, write, render."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sympy import evaluate

from symgraph.compiler.backends import BACKENDS, Backend
from symgraph.compiler.backends.c.single import in_single
from symgraph.compiler.backends.header import with_header
from symgraph.compiler.backends.numpy.standalone import standing_alone
from symgraph.compiler.backends.rendering import render
from symgraph.compiler.backends.source import ConstraintSource, Penalty, Source, model_hash
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.constants import constant_radii, remainders
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.derive.on_request import constraint_partials, differentiate_on_request
from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import BEFORE_SECOND, STEPS, printed, run_passes
from symgraph.compiler.passes.orient import orient
from symgraph.errors import OptionError, SpecError, unknown_name
from symgraph.module_functions import HESSIAN, HVP
from symgraph.options import ACCURATE, DOUBLE, ERROR_BOUND, PLAIN, Options
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import OPS
from symgraph.spec.penalty import rows_of

P = ParamSpec("P")
T = TypeVar("T")


class Run(Protocol):
    """Function that calls another one, as a stage of a build that has a name; it may measure the call."""

    def __call__(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function and return its result."""


def unmeasured(name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function as a stage that nobody measures."""
    del name
    return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a build writes.

    Attributes:
        name: its file name.
        text: its text.
        backend: the backend that wrote it.
        options: the options that it has beyond a plain module.
    """

    name: str
    text: str
    backend: str
    options: Options = PLAIN


class Graphs:
    """The graphs of a model, after lowering and after each step from there, each made once.

    Args:
        model: the spec.
        run: calls each step, and may measure it.
    """

    def __init__(self, model: Model, run: Run = unmeasured) -> None:
        self._model, self._run = model, run
        self._known: dict[tuple[str, ...], tuple[Graph, ...]] = {}

    def __call__(self, derivatives: tuple[str, ...]) -> tuple[Graph, ...]:
        """Return the graphs with some derivatives on request, the one that is printed last.

        Raises:
            SpecError: the model cannot be lowered.
        """
        if derivatives not in self._known:
            self._known[derivatives] = tuple(_steps(self._run("lower", lower, self._model), self._run, derivatives))
        if not derivatives:
            _LAST[self._model] = self._known[derivatives][-1]
        return self._known[derivatives]


def generate(
    model: Model,
    backends: Iterable[str] = ("numpy",),
    *,
    spec: str = "<memory>",
    options: Options = PLAIN,
    run: Run = unmeasured,
    graphs: Graphs | None = None,
) -> tuple[Artifact, ...]:
    """Write the modules of a model.

    Args:
        model: the spec; it is frozen by this.
        backends: names of backends.
        spec: where the model is written, for the header.
        options: the options of the modules; a backend that lacks one which another backend has writes its plain module.
        run: calls each step, and may measure it.
        graphs: those of the model, of which a caller has use again; by default they are made here.

    Returns:
        One artifact for each file of each backend, not verified yet.

    Raises:
        SpecError: the model cannot be lowered.
        OptionError: a backend is unknown, or none of the given ones has an option that is asked for.
    """
    chosen = tuple(backends)
    require(chosen, options)
    with uncollected(), evaluate(True):  # a notebook may be amid specs that SymPy is not to evaluate
        sources: dict[tuple[str, ...], Source] = {}
        graphs = graphs or Graphs(model, run)
        artifacts: list[Artifact] = []
        for backend in (BACKENDS[name] for name in chosen):
            derivatives = options.within(backend.options).derivatives
            try:
                if derivatives not in sources:
                    own = replace(options, derivatives=derivatives)
                    sources[derivatives] = _source(model, spec, own, graphs(derivatives), run)
                artifacts += _artifacts(sources[derivatives], backend, options, run)
            except SpecError as error:
                error.place = error.place or model.place(error.node)
                error.backend = backend.name if derivatives in sources else ""
                raise
        return tuple(artifacts)


def _source(model: Model, spec: str, options: Options, graphs: Sequence[Graph], run: Run) -> Source:
    branches = any(node.op == "select" for node in graphs[0].nodes)
    readable = run("lower for reading", lower, model, guarded=False) if branches else graphs[0]
    radii = run("errors of constants", _radii, model, graphs) if options.error_bound else {}
    precision = options.precision
    if precision != DOUBLE:
        _require_pairs(model, graphs)
    rests = run("rests of constants", _rests, model, graphs, ("numpy", precision)) if precision != DOUBLE else {}
    graph = run("check the graph", verify_graph, graphs[-1])
    second = () if {HESSIAN, HVP}.isdisjoint(options.derivatives) else (HESSIAN,)
    penalty = None if model.penalty_expr is None else run("penalty", _penalty, model, second)
    if penalty is not None and options.precision == ACCURATE:
        rests = {**_rests(penalty.part, [*_steps(penalty.lowered, unmeasured, second)], ("penalty", DOUBLE)), **rests}
    return Source(model, spec, orient(readable), graph, radii=radii, rests=rests, penalty=penalty)


def _require_pairs(model: Model, graphs: Sequence[Graph]) -> None:
    """Refuse a model with an op of which pairs of floats would have no more digits than doubles."""
    for node in (node for graph in graphs for node in graph.nodes if node.op in OPS and OPS[node.op].in_doubles):
        what = f"model {model.name}: {node.origin or 'a node'} needs {node.op}, which double-double arithmetic lacks"
        raise SpecError(f"{what}; it is in plain modules", model.place(node.origin.rpartition(" ")[2]))


def _radii(model: Model, graphs: Sequence[Graph]) -> Mapping[float, float]:
    """Bound the errors of the constants of the graph that the numpy backend prints."""
    return constant_radii(model, [*graphs, printed(graphs[-1], "numpy", ERROR_BOUND)])


def _rests(model: Model, graphs: Sequence[Graph], pipeline: tuple[str, str]) -> Mapping[float, float]:
    """Find what the constants of the graph that a pipeline prints lack."""
    return remainders(model, [*graphs, printed(graphs[-1], *pipeline)])


def _penalty(model: Model, derivatives: Collection[str]) -> Penalty:
    """Make the graphs of a model's penalty, with the derivatives on request that are asked for."""
    part, rows = model.penalty_part(), rows_of(model)
    lowered = lower(part)
    graph = _last(_steps(lowered, unmeasured, derivatives))
    of_rows = graph if rows is None else _last(_steps(lower(rows.part), unmeasured))
    return Penalty(part, lowered, graph, rows, of_rows)


def _artifacts(source: Source, backend: Backend, options: Options, run: Run) -> list[Artifact]:
    """Render the files that a backend writes."""
    had = options.within(backend.options)
    precision = DOUBLE if had.single else had.precision  # of floats nothing tells where digits are lost
    variant = ERROR_BOUND if had.error_bound else precision
    graph = run(f"{backend.name}: passes", printed, source.graph, backend.name, variant)
    has = backend.name in ("numpy", "c") and source.model.constraints
    constraints, rests = _constraints(source.model, backend.name, had.precision) if has else (None, {})
    penalty = source.penalty
    if penalty is not None:
        variant = backend.name if backend.name == "scalar" else "penalty"
        penalty = replace(penalty, graph=printed(penalty.graph, variant), rows_graph=printed(penalty.rows_graph, "penalty"))
    own = replace(source, graph=graph, options=had, constraints=constraints, penalty=penalty)
    own = replace(own, rests={**rests, **source.rests})
    view = run(f"{backend.name}: write", backend.view, own)
    artifacts = []
    for file_name, template in backend.files(source.model.name).items():
        body = run(f"{backend.name}: lay out", render, template, view)
        if own.options.standalone:
            body = standing_alone(body)
        if own.options.single:
            body = in_single(body)
        text = with_header(body, backend.comment, source.spec, model_hash(source.model))
        artifacts.append(Artifact(file_name, text, backend.name, own.options))
    return artifacts


def _constraints(model: Model, backend: str, precision: str) -> tuple[ConstraintSource, Mapping[float, float]]:
    """Differentiate the constraints of a model, which have a graph of their own; give also the rests of its constants."""
    names = tuple(one.name for one in model.constraints)
    own = model.of_constraints(*names)
    graphs = [lower(own)]
    for step in STEPS:
        graphs.append(constraint_partials(graphs[-1], names) if step is differentiate else step(graphs[-1]))
    lowered, graph = lower(own, guarded=False), printed(verify_graph(graphs[-1]), backend, precision)
    return ConstraintSource(own, lowered, graph, names), remainders(own, [*graphs, graph]) if precision == ACCURATE else {}


def require(backends: Sequence[str], options: Options) -> None:
    """Refuse backends that do not exist, and options that none of them has.

    Raises:
        OptionError: naming the first of them.
    """
    unknown = [name for name in backends if name not in BACKENDS]
    if unknown:
        raise unknown_name("backend", unknown[0], BACKENDS)
    rows = [BACKENDS[name] for name in backends]
    wanted = {name.partition("=")[0]: f"the extra {name!r}" for name in options.extras}
    wanted |= {} if options.precision == DOUBLE else {options.precision: f"the precision {options.precision!r}"}
    for name, text in wanted.items():
        if not any(name in row.options for row in rows):
            able = [row.name for row in BACKENDS.values() if name in row.options]
            where = f"of {', '.join(able)}" if able else "not built yet"
            raise OptionError(f"{text} is {where}; the backends chosen are {', '.join(backends)}")


def differentiated(model: Model) -> Graph:
    """Return the graph from which a model's modules are written: forward and backward, after all passes.

    Args:
        model: the spec.

    Raises:
        SpecError: the model cannot be lowered.
    """
    with uncollected(), evaluate(True):
        return _last(_steps(lower(model), unmeasured))


def printed_graph(model: Model, backend: str, precision: str = DOUBLE) -> Graph:
    """Return the graph that a backend's text is printed from.

    Raises:
        SpecError: the model cannot be lowered.
    """
    if model not in _LAST:
        _LAST[model] = differentiated(model)
    return printed(_LAST[model], backend, precision)


_LAST = WeakKeyDictionary[Model, Graph]()
"""The last graphs of models, without derivatives on request: what is printed is asked for anew, once it is judged."""


def _steps(lowered: Graph, run: Run, derivatives: Collection[str] = ()) -> Iterator[Graph]:
    """Yield the graph that lowering gives, then the graph after each step."""
    graph, prepare = lowered, partial(run_passes, BEFORE_SECOND)
    yield graph
    for step in STEPS:
        graph = run(step.__name__, step, graph)
        if step is differentiate and derivatives:
            graph = run("derivatives on request", differentiate_on_request, graph, derivatives, prepare)
        yield graph


def _last(graphs: Iterable[Graph]) -> Graph:
    """Return the last of the graphs, freeing each before the next one is made."""
    (last,) = deque(graphs, maxlen=1)
    return last
