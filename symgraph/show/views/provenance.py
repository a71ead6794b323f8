"""The origin of each statement of a generated text: the node that it computes, and the step or rule that gave it its form.

A model is generated once more; the writers say which node each statement computes. Nodes of the graphs between the steps are
told apart by their values at a few points, so that the first graph in which an operation on the same values appears tells who
wrote it, and the graph before tells what stood there.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, TypeVar

import mpmath

from symgraph.columns import PREFIXES
from symgraph.compiler.backends.formula import expression
from symgraph.compiler.backends.section import WRITERS, Line, SectionWriter
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.generate import Artifact, generate
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import SUMS, Graph, GraphBuilder
from symgraph.compiler.ir.special import SPECIAL
from symgraph.compiler.passes import PIPELINES
from symgraph.compiler.passes.expand import expand
from symgraph.judge.reference import Point, reference
from symgraph.judge.verification_points import Sampler
from symgraph.options import PLAIN, Options
from symgraph.show.views.section_names import Name, belongs_to, section_names
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import OPS

P = ParamSpec("P")
T = TypeVar("T")

WRITTEN = "lower"
"""The name of the step whose graph is as the spec has it."""
RULED = ("rewrite", "factor")
"""Names of the steps that apply rules of tables."""
_POINTS, _DIGITS, _PRECISION = 16, 12, 50
_WALSH = (1, 2, 4, 8, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15)
"""Walsh functions, those first that are independent."""
_SAME = 1e-6
"""Relative difference up to which two derivatives are the same."""
_STANDS: Mapping[str, float] = MappingProxyType({"cotangent": 0.8125, "largest": 1.7976931348623157e308})
"""Numbers that stand for leaves of which no point has one."""
_SWAPPED = frozenset({"add", "mul", "min", "max", "and", "or", "eq", "ne"})
"""Operations whose operands may stand in any order."""
_COMPARISONS: Mapping[str, str] = MappingProxyType({"lt": "", "le": "", "gt": "lt", "ge": "le", "eq": "", "ne": ""})
"""Comparisons, each with the one that it is of exchanged operands."""


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
        part: the operation, in inputs and named nodes; "" where it is the whole statement.
        before: what stood for the same value before that step; "" where nothing did.
        rule: the rule of the table that wrote it, or "".
    """

    stage: Stage
    part: str
    before: str
    rule: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One assignment of a generated text.

    Attributes:
        text: as it was written.
        name: the name of the node or derivative that it is, or is a part of, in the text; "" where none is known.
        node: the name of the node that it belongs to; "" where none is known.
        named: whether it is that node, or a derivative with a name, and not a part of it.
        back: whether it belongs to what the reverse sweep computes.
        of: the value whose derivative by the node it is, such as "loss" or an output; "" where it is none.
        by: the inputs or nodes by which that value is differentiated: one, or the two of a second derivative.
        whole: whether it is all of that derivative: where a rule has put what a node is made of in the place of the node, the
            rest of the derivative goes another way.
        value: what it computes, in inputs and named nodes.
        summed: whether that is added up over the rows.
        traced: whether the steps to its graph are known.
        origins: where the forms of its operations come from, those that the spec has left out.
    """

    text: str
    name: str
    node: str
    named: bool
    back: bool
    of: str
    by: tuple[str, ...]
    whole: bool
    value: str
    summed: bool
    traced: bool
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
    _outputs: tuple[str, ...]

    def statements(self) -> Iterator[tuple[str, Callable[[], Statement]]]:
        """Yield the text of each statement, and a function that finds out its origin."""
        for writer, line in self._written:
            yield line.text, partial(self._statement, writer, line)

    def _statement(self, writer: SectionWriter, line: Line) -> Statement:
        graph, position = writer.graph, line.node
        every = section_names(writer, self._outputs)
        names = {at: name for at, name in every.items() if not name.summed}
        name = every.get(position) or belongs_to(writer, position, names.values())
        inlined, traced = _inlined(writer, position), graph is self.stages[-1].graph
        value = self._text(self._keys[-1][position], position, names) if traced else _own_text(graph, position, names)
        origins = self._origins(position, inlined, names, cotangent=name.back) if traced else ()
        summed = any(graph.nodes[one].op in SUMS for one in inlined)
        named = position in names
        whole = not (traced and name.of) or len(name.by) > 1 or self._is_whole(position)
        return Statement(line.text, *name[:2], named, name.back, name.of, name.by, whole, value, summed, traced, tuple(origins))

    def _is_whole(self, position: int) -> bool:
        """Tell if an operation is all of a derivative whose name it has: of a weight it is, or nothing would be right."""
        graph = self.stages[-1].graph
        of_weights = {at for root, at in graph.roots.items() if root.partition(" ")[0] in PREFIXES.values()}
        return position in of_weights or any(at == position and name in self._whole for name, at in graph.names.items())

    @cached_property
    def _whole(self) -> frozenset[str]:
        """The names of the derivatives that are those of the graph as the spec has it."""
        spec = self._named(differentiate(expand(self.stages[0].graph)))
        return frozenset(
            name for name, values in self._named(self.stages[-1].graph).items() if name in spec and _near(values, spec[name])
        )

    def _named(self, graph: Graph) -> dict[str, list[Any]]:
        """Return the numbers of what has a name in a graph, at the points, in the branches that these take.

        The cotangent of the loss is 1, as it is in modules that have none.
        """
        known: dict[Any, Any] = {(node.op, node.data): node.op for node in graph.nodes if node.op == "cotangent"}
        numbers: dict[Any, list[Any]] = {"cotangent": [mpmath.mpf(1)] * len(self._points)}
        with mpmath.workdps(_PRECISION):
            keys = self._valued(graph, known, numbers)
        return {name: numbers[keys[at]] for name, at in graph.names.items()}

    def _origins(
        self, statement: int, positions: Sequence[int], names: Mapping[int, Name], *, cotangent: bool
    ) -> Iterator[Origin]:
        """Yield the origins of some operations of a statement, one for each step: that which tells most."""
        forms, keys, found = self._forms, self._keys[-1], dict[str, Origin]()
        graph = self.stages[-1].graph
        composed = {node.origin for node in self.stages[0].graph.nodes if node.op in OPS and OPS[node.op].stable is not None}
        for position in positions:
            node = graph.nodes[position]
            stage = self.stages[place := forms[_form(node.op, [keys[arg] for arg in node.args])]]
            if stage.name == WRITTEN:
                continue
            if stage.name == "differentiate" and not cotangent and node.origin in composed:
                stage = next(one for one in self.stages if one.name == "expand")  # the slope of the op has the same part
            _, _, rule = node.origin.partition(": ")
            is_whole = keys[position] == keys[statement]
            part = "" if is_whole else self._text(keys[position], position, names)
            before = self._text_of_stage(place - 1, keys[position], names)
            before = "" if before == (part or self._text(keys[statement], statement, names)) else before
            origin = Origin(stage, part, before, rule if stage.name in RULED else "")
            if stage.name not in found or (before and not found[stage.name].before):
                found[stage.name] = origin
        yield from found.values()

    def _text(self, key: Any, position: int, names: Mapping[int, Name]) -> str:
        """Return the shortest expression that a stage has for a value, in the names of a section."""
        texts = (self._text_of_stage(place, key, names) for place in range(len(self.stages)))
        return min((one for one in texts if one), key=len, default=_own_text(self.stages[-1].graph, position, names))

    def _text_of_stage(self, place: int, key: Any, names: Mapping[int, Name]) -> str:
        """Return the first expression of a stage for a value, "" where it has none.

        Values are told by their keys, so other nodes of the same value as a named one stand under its name.
        """
        graph, keys = self.stages[place].graph, self._keys[place]
        position = next((at for at, one in enumerate(keys) if one == key and graph.nodes[at].data is None), None)
        if position is None:
            return ""
        by_key = {self._keys[-1][at]: name.text for at, name in names.items()}
        by_key.pop(key, None)
        operations = (at for at, node in enumerate(graph.nodes[:position]) if node.data is None)
        return expression(graph, position, {at: by_key[keys[at]] for at in operations if keys[at] in by_key})

    @cached_property
    def _forms(self) -> dict[Any, int]:
        """The first stage of each form."""
        return self._seen[0]

    @cached_property
    def _keys(self) -> list[list[Any]]:
        """The value of each node of each stage."""
        return self._seen[1]

    @cached_property
    def _seen(self) -> tuple[dict[Any, int], list[list[Any]]]:
        """The first stage of each form, and the values of each stage's nodes.

        A value is told by its leading digits at the points; a truth, of which there are only two, and what cannot be computed
        by its form. The comparisons of the spec are given truths that do not depend on the point, so that the points take
        all branches: values that differ in a branch that few inputs take are told apart.
        """
        forms: dict[Any, int] = {}
        every: list[list[Any]] = []
        known: dict[Any, Any] = {}
        numbers: dict[Any, list[Any]] = {}
        with mpmath.workdps(_PRECISION):
            for place, stage in enumerate(self.stages):
                keys = self._valued(stage.graph, known, numbers, of_spec=place == 0)
                every.append(keys)
                for node in stage.graph.nodes:
                    if node.data is None:
                        forms.setdefault(_form(node.op, [keys[arg] for arg in node.args]), place)
        return forms, every

    def _valued(
        self, graph: Graph, known: dict[Any, Any], numbers: dict[Any, list[Any]], *, of_spec: bool = False
    ) -> list[Any]:
        """Return the value of each node of a graph; what is new is added to the values of forms, and to their numbers."""
        keys: list[Any] = []
        count = 0
        for node in graph.nodes:
            form = _form(node.op, [keys[arg] for arg in node.args]) if node.data is None else (node.op, node.data)
            if form not in known:
                given = _given_truths(count) if of_spec and node.op in _COMPARISONS else []
                count += bool(given)
                computed = given or self._computed(form, numbers)
                known[form] = tuple(map(_leading, computed)) if computed and not node.boolean else form
                numbers.setdefault(known[form], computed)
            keys.append(known[form])
        return keys

    def _computed(self, form: Any, numbers: Mapping[Any, list[Any]]) -> list[Any]:
        """Return the numbers of a form at the points, given those of its operands; none where they are not known."""
        op, data = form
        if not isinstance(data, tuple):
            along = zlib.crc32(data.encode()) / 2**31 if op == "direction" else _STANDS.get(op)
            same = data if isinstance(data, float) else along
            return [mpmath.mpf(point[data] if same is None else same) for point in self._points]
        try:
            return [_applied(op, some) for some in zip(*(numbers[arg] for arg in data), strict=True)]
        except (KeyError, ValueError, ArithmeticError, TypeError, mpmath.libmp.NoConvergence):
            return []


def _leading(number: Any) -> str:
    return str(mpmath.nstr(number + 0, _DIGITS))


def _near(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Tell if numbers are the same but for what cancels in the formulas as they are written."""
    if len(some) != len(others):
        return False
    return all(abs(one - other) <= _SAME * abs(other) for one, other in zip(some, others, strict=True))


def _form(op: str, args: Sequence[Any]) -> Any:
    op, args = (_COMPARISONS[op], args[::-1]) if _COMPARISONS.get(op) else (op, args)
    return (op, tuple(sorted(args, key=repr)) if op in _SWAPPED else tuple(args))


def _given_truths(count: int) -> list[bool]:
    """Return truths at the points of a comparison before which there are so many others, by a Walsh function.

    Of the first four each combination occurs, and of any two of the first fifteen.
    """
    chosen = _WALSH[count % len(_WALSH)]
    return [bool((chosen & place).bit_count() % 2) for place in range(_POINTS)]


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


def _own_text(graph: Graph, position: int, names: Mapping[int, Name]) -> str:
    """Return the expression of a node of a graph, as it stands, in the names of a section."""
    return expression(graph, position, {at: name.text for at, name in names.items() if at != position})


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
    outputs = tuple(node.name for node in model.output_nodes)
    batches = (Sampler(reference(model), seed, None, 1).draw() for seed in range(_POINTS))
    points = tuple(batch.points[0] for batch in batches if batch is not None)
    return Provenance(artifacts, tuple(stages), tuple(written), points, outputs)


def _printed(backend: str, args: Sequence[Any]) -> Iterator[Stage]:
    graph, _, precision = args
    for step in PIPELINES[backend, precision]:
        graph = step(graph)
        yield Stage(step.__name__, _reason(step), graph)


def _reason(function: Callable[..., Any]) -> str:
    """Return the first sentence of the file of a step, or of the function itself."""
    text = (
        sys.modules[function.__module__].__doc__
        if function.__module__.startswith("symgraph.compiler.passes.")
        else function.__doc__
    )
    return " ".join((text or "").partition("\n\n")[0].split())
