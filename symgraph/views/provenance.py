"""The origin of each statement of a generated text: the node that it computes, and the step or rule that gave it its form.

A model is generated once more; the writers say which node each statement computes. Nodes of the graphs between the steps are
told apart by their values at a few points, so that the first graph in which an operation on the same values appears tells who
wrote it, and the graph before tells what stood there.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, TypeVar

import mpmath

from symgraph.backends.formula import expressions
from symgraph.backends.names import JACOBIAN
from symgraph.backends.section import WRITERS, Line, SectionWriter
from symgraph.check.reference import Point, reference
from symgraph.check.verification_points import Sampler
from symgraph.generate import Artifact, generate
from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.ir.ops import OPS
from symgraph.ir.special import SPECIAL
from symgraph.options import PLAIN, Options
from symgraph.passes import PIPELINES
from symgraph.passes.expand import expand
from symgraph.spec.model import Model

P = ParamSpec("P")
T = TypeVar("T")

WRITTEN = "lower"
"""The name of the step whose graph is as the spec has it."""
RULED = ("rewrite", "factor")
"""Names of the steps that apply rules of tables."""
_POINTS, _DIGITS = 4, 12
_STANDS: Mapping[str, float] = MappingProxyType({"cotangent": 0.8125, "direction": 1.3, "largest": 1.7976931348623157e308})
"""Numbers that stand for leaves of which no point has one."""
_SWAPPED = frozenset({"add", "mul", "min", "max", "and", "or", "eq", "ne"})
"""Operations whose operands may stand in any order."""


class Stage(NamedTuple):
    """A graph on the way from a spec to a text.

    Attributes:
        name: of the step that made it.
        reason: what the step does, in a sentence.
        graph: the graph.
    """

    name: str
    reason: str
    graph: Graph


class Origin(NamedTuple):
    """Where the form of an operation comes from.

    Attributes:
        stage: the first graph that has it.
        before: what stood for the same value before that step; "" where nothing did.
        rule: the rule of the table that wrote it, or "".
    """

    stage: Stage
    before: str
    rule: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One assignment of a generated text.

    Attributes:
        text: as it was written.
        node: the name of the node that it belongs to; "" where none is known.
        named: whether it is that node, or its cotangent, and not a part of it.
        cotangent: whether it belongs to the derivative by that node.
        value: what it computes, in inputs and named nodes.
        origins: where the forms of its operations come from, those that the spec has left out.
    """

    text: str
    node: str
    named: bool
    cotangent: bool
    value: str
    origins: tuple[Origin, ...]


@dataclass(eq=False)
class Provenance:
    """A text with the origin of its statements.

    Attributes:
        artifacts: the files that the backend writes.
        stages: the graphs, from the lowered one to the printed one.
    """

    artifacts: tuple[Artifact, ...]
    stages: tuple[Stage, ...]
    _written: tuple[tuple[SectionWriter, Line], ...]
    _points: tuple[Point, ...]

    def statements(self) -> Iterator[tuple[str, Callable[[], Statement]]]:
        """Yield the text of each statement, and a function that finds out its origin."""
        for writer, line in self._written:
            yield line.text, partial(self._statement, writer, line)

    def _statement(self, writer: SectionWriter, line: Line) -> Statement:
        graph = writer.graph
        node, names = graph.nodes[line.node], names_of(graph)
        own = names.get(line.node) or _base(writer.bound.get(line.node, ""), names.values())
        belongs = own or node.origin.partition(":")[0].rpartition(" in ")[2].removeprefix("adjoint of ")
        cotangent = own.startswith("d_") or node.origin.startswith("adjoint of ")
        value, origins = "", list[Origin]()
        if graph is self.stages[-1].graph:
            _, texts, keys = self._seen
            value = min((some[keys[line.node]] for some in texts if keys[line.node] in some), key=len, default="")
            origins = self._origins(graph, _inlined(writer, line.node), cotangent=cotangent)
        belongs = belongs.removeprefix("d_")
        known = {*names.values(), *(f"d_{name}" for name in names.values())}
        belongs = belongs if belongs in known or f"d_{belongs}" in known else ""
        if belongs == "loss" and writer.bound.get(graph.roots["loss"]) == "penalty":
            belongs = "penalty"  # the loss of a graph of its own
        return Statement(line.text, belongs, line.node in names, cotangent, value, tuple(origins))

    def _origins(self, graph: Graph, positions: Sequence[int], *, cotangent: bool) -> list[Origin]:
        """Return the origins of some operations, one for each step: that which tells most."""
        (forms, texts, keys), found = self._seen, dict[str, Origin]()
        composed = {node.origin for node in self.stages[0].graph.nodes if node.op in OPS and OPS[node.op].stable is not None}
        for position in positions:
            node = graph.nodes[position]
            stage = self.stages[place := forms[_form(node.op, [keys[arg] for arg in node.args])]]
            if stage.name == WRITTEN:
                continue
            if stage.name == "differentiate" and not cotangent and node.origin in composed:
                stage = next(one for one in self.stages if one.name == "expand")  # the slope of the op has the same part
            _, _, rule = node.origin.partition(": ")
            before = texts[place - 1].get(keys[position], "")
            origin = Origin(stage, before, rule if stage.name in RULED else "")
            if stage.name not in found or (before and not found[stage.name].before):
                found[stage.name] = origin
        return [*found.values()]

    @cached_property
    def _seen(self) -> tuple[dict[Any, int], list[dict[Any, str]], list[Any]]:
        """The first stage of each form, each stage's first expression of each value, and the values of the last one's nodes.

        A value is told by its leading digits at the points; by its form where an operation has none that is known.
        """
        forms: dict[Any, int] = {}
        texts: list[dict[Any, str]] = []
        keys: list[Any] = []
        known: dict[Any, Any] = {}
        numbers: dict[Any, list[Any]] = {}
        with mpmath.workdps(30):
            for place, stage in enumerate(self.stages):
                keys = []
                texts.append({})
                for node, text in zip(stage.graph.nodes, expressions(stage.graph, names_of(stage.graph)), strict=True):
                    form = _form(node.op, [keys[arg] for arg in node.args]) if node.data is None else (node.op, node.data)
                    if form not in known:
                        computed = self._computed(form, numbers)
                        known[form] = tuple(map(_leading, computed)) if computed else form
                        numbers.setdefault(known[form], computed)
                    keys.append(known[form])
                    if node.data is None:
                        forms.setdefault(form, place)
                        texts[-1].setdefault(keys[-1], text)
        return forms, texts, keys

    def _computed(self, form: Any, numbers: Mapping[Any, list[Any]]) -> list[Any]:
        """Return the numbers of a form at the points, given those of its operands; none where they are not known."""
        op, data = form
        if not isinstance(data, tuple):
            same = data if isinstance(data, float) else _STANDS.get(op)
            return [mpmath.mpf(point[data] if same is None else same) for point in self._points]
        try:
            return [_applied(op, some) for some in zip(*(numbers[arg] for arg in data), strict=True)]
        except (KeyError, ValueError, ArithmeticError, TypeError, mpmath.libmp.NoConvergence):
            return []


def _leading(number: Any) -> str:
    return str(number) if isinstance(number, bool) else mpmath.nstr(number + 0, _DIGITS)


def _base(label: str, names: Iterable[str]) -> str:
    """Return the named node, or its cotangent, from whose name the name of a value without one was made."""
    head = re.sub(r"_\d+$", "", label)
    plain = {*names}
    return head if {head, head.removeprefix("d_"), f"d_{head}"} & plain else ""


def _form(op: str, args: Sequence[Any]) -> Any:
    return (op, tuple(sorted(args, key=hash)) if op in _SWAPPED else tuple(args))


def _applied(op: str, args: Sequence[Any]) -> Any:
    if op in ("rowsum", "stop"):
        return args[0]
    if op not in SPECIAL and OPS[op].stable is None:
        return MPMATH[op](*args)
    builder = GraphBuilder(op)
    leaves = [builder.leaf("input", f"x{place}") for place in range(len(args))]
    root = SPECIAL[op].meaning(builder, *leaves) if op in SPECIAL else builder.add(op, *leaves)
    graph = expand(builder.build({"value": root}, {}))
    values = evaluate(
        graph, {f"x{place}": arg for place, arg in enumerate(args)}, {**MPMATH, "rowsum": lambda x: x}, mpmath.mpf
    )
    return values[graph.roots["value"]]


def names_of(graph: Graph) -> Mapping[int, str]:
    """Return the names of the nodes of a graph: those of the model, and ``d_<name>`` for cotangents."""
    found: dict[int, str] = {}
    weights = {node.data for node in graph.nodes if node.op == "weight"}
    for name, position in graph.names.items():
        own = name.replace(f" ({JACOBIAN})", "")
        if own.startswith("d_") and " " not in own and (position not in found or own.removeprefix("d_") not in weights):
            found[position] = own  # of several names that of the node nearest to the loss, as in the text
    for root, position in graph.roots.items():
        if root.startswith("node "):
            found[position] = root.removeprefix("node ")
        elif root == "loss":
            found.setdefault(position, root)
    return {position: name for position, name in found.items() if graph.nodes[position].data is None}


def _inlined(writer: SectionWriter, position: int) -> list[int]:
    """Return the operations that a statement does: its node, and those that no other statement names."""
    assigned = {line.node for line in writer.lines}
    found, todo = dict.fromkeys([position]), [position]
    while todo:
        for arg in writer.graph.nodes[todo.pop()].args:
            if writer.graph.nodes[arg].data is None and arg not in assigned and arg not in writer.bound and arg not in found:
                found[arg] = None
                todo.append(arg)
    return [*found]


@lru_cache(maxsize=2)
def provenance(model: Model, backend: str, *, spec: str, options: Options = PLAIN) -> Provenance:
    """Generate a model's text and find out where its statements come from.

    Args:
        model: the spec; it is frozen by this.
        backend: the name of the backend.
        spec: where the model is written, for the header.
        options: the options of the build.

    Raises:
        SpecError: the model cannot be lowered.
        OptionError: the backend is unknown or lacks an option.
    """
    stages: list[Stage] = []
    writers: list[SectionWriter] = []

    def run(name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = function(*args, **kwargs)
        if name == f"{backend}: passes":
            stages.extend(_printed(backend, args))
        elif isinstance(result, Graph) and name not in ("check the graph", "lower for reading"):
            stages.append(Stage(name, _reason(function), result))
        return result

    token = WRITERS.set(writers)
    try:
        artifacts = generate(model, (backend,), spec=spec, options=options, run=run)
    finally:
        WRITERS.reset(token)
    if writers:  # the graph that was printed is the last one, made anew above
        printed = next((one.graph for one in writers if one.graph == stages[-1].graph), stages[-1].graph)
        stages[-1] = stages[-1]._replace(graph=printed)
    written = chain.from_iterable([(one, line) for line in one.lines if line.node >= 0] for one in writers)
    batches = [Sampler(reference(model), seed, None, 1).draw() for seed in range(_POINTS)]
    points = tuple(batch.points[0] for batch in batches if batch is not None)
    return Provenance(artifacts, tuple(stages), tuple(written), points)


def _printed(backend: str, args: Sequence[Any]) -> Iterator[Stage]:
    graph, _, precision = args
    for step in PIPELINES[backend, precision]:
        graph = step(graph)
        yield Stage(step.__name__, _reason(step), graph)


def _reason(function: Callable[..., Any]) -> str:
    """Return the first sentence of the file of a step, or of the function itself."""
    text = sys.modules[function.__module__].__doc__ if function.__module__.startswith("symgraph.passes.") else function.__doc__
    return " ".join((text or "").partition("\n\n")[0].split())
