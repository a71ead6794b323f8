"""The flat view of a module: everything a template prints, as finished pieces of text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from symgraph.backends.formula import formulas
from symgraph.backends.layout import parenthesized, quoted, sequence_layout
from symgraph.backends.section import Line
from symgraph.backends.source import ABI, Source, metadata, model_hash
from symgraph.backends.width import WIDTH, columns
from symgraph.derive.schedule import Counts


@dataclass(frozen=True, slots=True)
class Header:
    """A module's description of itself.

    Attributes:
        spec: where the model is written.
        model: its name.
        doc: its line of documentation.
        hash: digest of the canonical model.
        formulas: "name = formula" for each node and the loss.
        constants: the assignments ABI to OUTPUTS.
        metadata: entries of METADATA, key -> Python text.
    """

    spec: str
    model: str
    doc: str
    hash: str
    formulas: tuple[str, ...]
    constants: tuple[str, ...]
    metadata: dict[str, str]


def header(source: Source, fields: Mapping[str, str]) -> Header:
    """Collect what a module states about itself.

    Args:
        source: the model.
        fields: the identifier of each node in the module.
    """
    model = source.model
    target, output = model.target_input, model.output_node
    constants = (
        f"ABI = {ABI}",
        parenthesized("MODEL = ", quoted(model.name), "", 0),
        _tuple("FEATURES", [i.name for i in model.feature_inputs]),
        parenthesized("TARGET = ", quoted(target.name) if target else "None", "", 0),
        _tuple("WEIGHTS", [i.name for i in model.weight_inputs]),
        _tuple("NODES", [node.name for node in model.nodes]),
        _tuple("OUTPUTS", [output.name] if output else []),
    )
    shown = tuple(f"{name} = {formula}" for name, formula in formulas(source.lowered).items())
    doc = _docstring_safe(model.doc or f"The model {model.name}.")
    return Header(source.spec, model.name, doc, model_hash(model), shown, constants, metadata(source, fields))


def statements(
    lines: Sequence[Line],
    notes: Mapping[int, str],
    indent: int = 4,
    titles: Mapping[str, str] = MappingProxyType({}),
    sign: str = "#",
) -> tuple[str, ...]:
    """Lines as text, with a comment before each run of two or more that belong to one named node.

    Args:
        lines: what a section writer wrote.
        notes: remarks that follow a line, by its node.
        indent: columns before each statement.
        titles: what the comment says instead of a node's name, where that fits.
        sign: what starts a comment.
    """
    pad = " " * indent
    result: list[str] = []
    for group, run in _runs(lines):
        if len(run) > 1 and group:
            title = f"{pad}{sign} {titles.get(group, group)}"
            result.append(title if columns(title) <= WIDTH else f"{pad}{sign} {group}")
        result += [annotated(f"{pad}{line.text}", notes.get(line.node, ""), sign) for line in run]
    return tuple(result)


def annotated(line: str, note: str, sign: str = "#") -> str:
    """A statement with a remark: at its end, or in a line before it where that is too long."""
    if not note:
        return line
    if "\n" not in line and columns(f"{line}  {sign} {note}") <= WIDTH:
        return f"{line}  {sign} {note}"
    head, found, _ = line.lstrip().partition(" = ")
    name = head if found and "(" not in head else "this"
    return f"{line[: len(line) - len(line.lstrip())]}{sign} {name} is {note}\n{line}"


def describe(counts: Counts) -> str:
    """Operation counts in words."""
    parts = [f"{counts.arithmetic} arithmetic", f"{counts.transcendental} transcendental"]
    if counts.sums:
        parts.append(f"{counts.sums} sums over rows")
    if counts.uniform:
        parts.append(f"{counts.uniform} once a call")
    return ", ".join(parts)


def _tuple(name: str, items: Sequence[str]) -> str:
    return sequence_layout(f"{name} = (", [quoted(item) for item in items], ")")


def _runs(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    runs: list[tuple[str, list[Line]]] = []
    for line in lines:
        group = _group(line.origin)
        if runs and runs[-1][0] == group:
            runs[-1][1].append(line)
        else:
            runs.append((group, [line]))
    return runs


def _group(origin: str) -> str:
    if origin == "adjoint of weight":
        return "weights"
    _, found, node = origin.partition(" in ")
    return f"back through {node}" if found else ("" if origin.startswith("adjoint of") else origin)


def _docstring_safe(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    return f" {safe}" if safe.startswith('"') else safe
