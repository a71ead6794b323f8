"""A line of a generated file explained: what it computes, and why it has that form; of what is no statement, what it is."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from symgraph.compiler.rewrite import RULES, VALUE_RULES
from symgraph.compiler.rewrite.kernel_table import KERNEL_RULES, KERNEL_VALUE_RULES
from symgraph.errors import OptionError
from symgraph.options import PLAIN, Options
from symgraph.show.views.derivation import derivation
from symgraph.show.views.formulas import formula
from symgraph.show.views.named_graph import NamedGraph
from symgraph.show.views.provenance import RULED, Provenance, Statement, provenance
from symgraph.show.views.styles import STYLES
from symgraph.spec.model import Model

_BEHIND = re.compile(r"  (?:#|//) ")
"""The sign between a statement and a remark at the end of its line."""

CONSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "__all__": "the names that `from module import *` gives",
        "ABI": "the version of the contract that the module follows; loaders check it",
        "MODEL": "the model's name",
        "FEATURES": "the features, in the order of the columns of X",
        "TARGET": "the target, or None",
        "TARGETS": "the targets, in the order of the columns of y",
        "WEIGHTS": "the weights, in the order of the vector w",
        "CONSTANTS": "the constants that may be given at a call, with their values",
        "NODES": "the named nodes, in the order of their declaration",
        "OUTPUTS": "the nodes that give the predictions",
        "METADATA": "facts about the model and its build that loading, training and fits read",
        "_model": "binds the lines above to the runtime, whose functions check arguments, make batches and add up rows",
    }
)
"""Assignments at the top of a Python module that compute nothing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Explanation of one line.

    Attributes:
        line: its number, from 1.
        text: the line, without indentation.
        computes: whether it is part of a statement that computes a node.
        facts: what there is to say, each with a word that it is an answer to.
    """

    line: int
    text: str
    computes: bool
    facts: tuple[tuple[str, str], ...]


def explain_line(
    model: Model, backend: str, name: str, text: str, number: int, *, spec: str, options: Options = PLAIN
) -> Explanation:
    """Explain a line of a generated file.

    Args:
        model: the spec; it is frozen by this.
        backend: the name of the backend that wrote the file.
        name: the file's name.
        text: the file's text as it is now.
        number: of the line, from 1.
        spec: where the model is written, as the file's header has it.
        options: the options of the build.

    Raises:
        OptionError: there is no such line, or it is not in what the spec gives.
        SpecError: the model cannot be lowered.
    """
    lines = text.replace("\r\n", "\n").splitlines()
    if not 1 <= number <= len(lines):
        raise OptionError(f"{name} has {len(lines)} lines; there is no line {number}")
    found = provenance(model, backend, spec=spec, options=options)
    fresh = next((one.text for one in found.artifacts if one.name == name), "").splitlines()
    place = _same_line(lines, fresh, number, name)
    statement = _statement(found, fresh, place)
    if statement is None and fresh[place].lstrip().startswith(("#", "//")) and place + 1 < len(fresh):
        statement = _statement(found, fresh, place + 1)  # a remark on the next statement
    around = _surroundings(fresh, place, python=name.endswith(".py"))
    facts = [*around] if statement is None else [*around[:1], *_facts(model, statement, _remark(fresh, place))]
    return Explanation(number, lines[number - 1].strip(), statement is not None, tuple(facts))


def _same_line(lines: Sequence[str], fresh: Sequence[str], number: int, name: str) -> int:
    """Return where a line of the file as it is stands in the text that the spec gives."""
    if list(lines) == list(fresh):
        return number - 1
    own = lines[number - 1]
    here = sum(one == own for one in lines[: number - 1])
    places = [place for place, one in enumerate(fresh) if one == own]
    if not places or not own.strip():
        raise OptionError(f"{name}:{number} is not in what its spec gives now: {own.strip() or 'an empty line'}")
    return places[min(here, len(places) - 1)]


def _statement(found: Provenance, fresh: Sequence[str], place: int) -> Statement | None:
    """Return the statement that a line is part of: of the same texts in order the one that stands there."""
    plain = [_BEHIND.split(one, maxsplit=1)[0].strip() for one in fresh]  # without remarks
    by_text: dict[tuple[str, ...], list[Callable[[], Statement]]] = {}
    for text, origin in found.statements():
        by_text.setdefault(tuple(one.strip() for one in text.split("\n")), []).append(origin)
    for shape, origins in by_text.items():
        starts = [at for at in range(place + 1) if plain[at] == shape[0] and tuple(plain[at : at + len(shape)]) == shape]
        if starts and place < starts[-1] + len(shape):
            return origins[min(len(starts), len(origins)) - 1]()
    return None


def _remark(fresh: Sequence[str], place: int) -> str:
    """Return the comments on a statement: at its end, and in the lines before it that speak of its form."""
    _, *behind = _BEHIND.split(fresh[place], maxsplit=1)
    above = fresh[place - 1].strip() if place else ""
    said = [above.lstrip("#/ ")] if above.startswith(("#", "//")) else []
    return "; ".join([*said, *behind])


def _facts(model: Model, statement: Statement, remark: str) -> Iterator[tuple[str, str]]:
    if statement.node:
        yield "node", _node(model, statement)
    if statement.named and statement.by and statement.whole and statement.of == "loss" and model.loss_expr is not None:
        gradient = next((one.formula for one in derivation(model).weights if (one.name,) == statement.by), None)
        if gradient is not None:
            yield "formula", f"{_derivative(statement)} = {_by_quotients(model, formula(gradient, STYLES['text']))}"
    yield "computes", f"{'sum over rows: ' if statement.summed else ''}{statement.value}"
    for origin in statement.origins:
        before = f"; {origin.part or 'before it'}{' was' if origin.part else ':'} {origin.before}" if origin.before else ""
        rule = next((one for one in (*RULES, *VALUE_RULES) if one.name == origin.rule), None)
        if rule is not None:
            table = "kernel_table" if rule in (*KERNEL_RULES, *KERNEL_VALUE_RULES) else "table"
            yield "rule", f"{rule.name}: without it {rule.gain} (compiler/rewrite/{table}.py){before}"
        elif origin.stage.name == "differentiate":
            yield (
                "form",
                "differentiate: the reverse sweep multiplies cotangents by local partials (compiler/derive/adjoint.py)",
            )
        else:
            name, reason, _ = origin.stage
            where = "compiler/rewrite/table.py" if name in RULED else f"compiler/passes/{name}.py"
            yield "form", f"{name}: {reason} ({where}){before}"
    if not statement.traced:
        yield "form", "of a graph of its own (a penalty, a constraint or an error bound), whose steps are not traced"
    elif not statement.origins:
        yield "form", "as the spec has it"
    if remark:
        yield "remark", remark


def _by_quotients(model: Model, text: str) -> str:
    """Return a formula with (d loss / d x) for the derivative by a node, which the text may compute in parts, or not at all."""
    nodes = {f"d_{node.name}": node.name for node in model.nodes}
    return re.sub(r"\bd_\w+", lambda found: f"(d loss / d {nodes[found[0]]})" if found[0] in nodes else found[0], text)


def _node(model: Model, statement: Statement) -> str:
    """Return the equation of the node or the derivative that a statement computes, or computes a part of."""
    name = statement.node
    if statement.of and not statement.whole:
        return f"part of {_derivative(statement)}; the rest goes through what {name} is made of"
    if statement.of and statement.named:
        return f"{statement.name} = {_derivative(statement)}"
    if statement.of:
        return f"term of a row of {statement.name} = {_derivative(statement)}"
    if statement.back:
        return f"part of the way back through {name}"
    vertex = NamedGraph(model).by_name.get(name)
    expr = None if vertex is None else vertex.expr
    equation = name if expr is None else f"{name} = {formula(expr, STYLES['text'])}"
    return equation if statement.named else f"part of {equation}"


def _derivative(statement: Statement) -> str:
    """Return a derivative as a quotient, "d loss / d w", or "d^2 loss / (d w1 d w2)"."""
    if len(statement.by) == 2:
        return f"d^2 {statement.of} / (d {statement.by[0]} d {statement.by[1]})"
    return STYLES["text"].form("derivative", statement.of, *statement.by)


def _surroundings(fresh: Sequence[str], place: int, *, python: bool) -> list[tuple[str, str]]:
    """Return the function around a line, and what the line is in it."""
    line = fresh[place].strip()
    if place < 3 and line.startswith("#" if python else "//"):
        return [("is", "the header: the spec that the file is from, and a digest that tells if a hand has edited it")]
    found = _python(fresh, place, line) if python else _c(fresh, place, line)
    return [one for one in found if one[1]]


def _python(fresh: Sequence[str], place: int, line: str) -> list[tuple[str, str]]:
    for node in ast.parse("\n".join(fresh)).body:
        if not node.lineno <= place + 1 <= (node.end_lineno or node.lineno):
            continue
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                said = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
                inside = _in_function(node, place + 1) if isinstance(node, ast.FunctionDef) else _in_class(line)
                return [("in", f"{node.name}: {said}".rstrip(": ")), ("is", inside)]
            case ast.Import() | ast.ImportFrom():
                return [("is", "an import; the arithmetic is NumPy's and the runtime's, the model's own lines are below")]
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                bound = f"the public function {name}: the runtime's contract over the lines of this module"
                return [("is", CONSTANTS.get(name, bound if "_model" in line else f"the constant {name}"))]
            case ast.Expr():
                return [("is", "the module's docstring: its shapes, the formulas of the spec, and counts of operations")]
    return [("is", "layout, which computes nothing")]


def _in_class(line: str) -> str:
    field = re.match(r"(\w+): ", line)
    return f"a field: the value that _forward calls {field[1]}, kept since a later function reads it" if field else ""


def _in_function(node: ast.FunctionDef, number: int) -> str:
    inner = next((one for one in node.body if one.lineno <= number <= (one.end_lineno or one.lineno)), None)
    match inner:
        case ast.Return():
            return "the results, in the order that the function promises"
        case ast.Expr():
            return "its docstring"
        case ast.Assign(targets=[ast.Tuple()]):
            return "names for the inputs that the lines below read"
        case ast.If():
            return "what only a call with the target computes"
        case ast.Assign(targets=[ast.Subscript()]):
            return "a result written to its place"
        case ast.Assign() | ast.AnnAssign():
            return "an input or a value of the tape by the name that the lines below use"
    return "its head, or layout"


def _c(fresh: Sequence[str], place: int, line: str) -> list[tuple[str, str]]:
    if line.startswith("#"):
        return [("is", "a line of the preprocessor: what compilers and machines differ in")]
    head = next((at for at in range(place, -1, -1) if re.match(r"\w.*\(", fresh[at]) and not fresh[at].endswith(";")), None)
    if head is None or any(one.startswith("}") for one in fresh[head:place]):
        return [("is", "a declaration or a constant of the C file (docs/c.md)")]
    above = next((at for at in range(head - 1, -1, -1) if not fresh[at].startswith("//")), -1)
    said = " ".join(one.lstrip("/ ") for one in fresh[above + 1 : head])
    found = re.search(r"(\w+)\(", fresh[head])
    name = found[1] if found else ""
    return [("in", f"{name}: {said}".rstrip(": ")), ("is", _in_c(line))]


def _in_c(line: str) -> str:
    if line.startswith("for ("):
        return "a loop over rows, features or parts of sums"
    if re.match(r"const double \w+ = [\w.>-]+\[", line):
        return "an input or a kept value by the name that the lines below use"
    if re.match(r"[\w.>-]+\[.*\] [+-]?= ", line):
        return "a result written to its place"
    return "the plumbing of the C file (docs/c.md)"
