"""Operations become text: parentheses where precedence needs them and nowhere else, names for what is used twice."""

import ast
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graph_text import from_text
from hypothesis import given, settings
from hypothesis import strategies as st
from tool_runs import assert_accepted

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.layout import (
    WIDTH,
    call_layout,
    columns,
    number,
    parenthesized,
    quoted,
    sequence_layout,
    unpacked,
)
from symgraph.compiler.backends.names import Numbering
from symgraph.compiler.backends.section import SectionWriter
from symgraph.compiler.ir.graph import BOOLEAN_OPS, LEAVES
from symgraph.compiler.ir.special import SPECIAL, arity_of
from symgraph.spec.ops.op import BACKENDS as COLUMNS
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import Level, Text

A, B, C = (Text(name, Level.ATOM) for name in "abc")


def written(op: str, *operands: Text, backend: str = "numpy") -> Text:
    return BACKENDS[backend].texts[op].render(operands)


scalar = partial(written, backend="scalar")


EXPRESSIONS = [
    (written("add", A, written("add", B, C)), "a + (b + c)"), (written("sub", A, written("sub", B, C)), "a - (b - c)"),
    (written("mul", written("add", A, B), C), "(a + b) * c"), (written("sub", A, written("mul", B, C)), "a - b * c"),
    (written("div", A, written("mul", B, C)), "a / (b * c)"), (written("div", written("div", A, B), C), "a / b / c"),
    (written("neg", written("mul", A, B)), "-a * b"),  # (-a) * b to Python, -(a * b) to the graph: signs do not round
    (written("neg", written("add", A, B)), "-(a + b)"), (written("add", A, written("neg", B)), "a + -b"),
    (written("mul", A, written("neg", B)), "a * (-b)"), (written("lt", written("add", A, B), C), "a + b < c"),
    (written("not", written("lt", A, B)), "~(a < b)"), (written("or", written("and", A, B), C), "a & b | c"),
    (written("and", written("lt", A, B), written("ge", B, C)), "(a < b) & (b >= c)"),
    (written("and", A, written("or", B, C)), "a & (b | c)"), (written("exp", written("add", A, B)), "np.exp(a + b)"),
    (written("select", written("lt", A, B), A, B), "select(a < b, a, b)"), (scalar("not", scalar("lt", A, B)), "not a < b"),
    (scalar("and", scalar("lt", A, B), scalar("not", C)), "a < b and not c"),
    (scalar("or", scalar("and", A, B), C), "a and b or c"), (scalar("and", A, scalar("or", B, C)), "a and (b or c)"),
    (scalar("select", scalar("or", A, B), A, scalar("add", B, C)), "a if a or b else b + c"),
    (scalar("select", A, scalar("select", B, A, C), C), "(a if b else c) if a else c"),
    (scalar("select", A, B, scalar("select", B, A, C)), "b if a else a if b else c"),
    (scalar("mul", scalar("select", C, A, B), C), "(a if c else b) * c"),
    (scalar("sign", A), "1.0 if a > 0.0 else -1.0 if a < 0.0 else a"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_an_expression_reads_as_one_would_write_it(text: Text, expected: str) -> None:
    assert text.text == expected


def tree_of(node: ast.expr) -> object:
    """The operations of an expression as nested tuples."""
    match node:
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
            return (type(op).__name__, tree_of(left), tree_of(right))
        case ast.UnaryOp(op, operand):
            return (type(op).__name__, tree_of(operand))
        case ast.Name(name):
            return name
    raise AssertionError(ast.dump(node))


WORDS = {
    "add": "Add", "sub": "Sub", "mul": "Mult", "div": "Div", "lt": "Lt", "ge": "GtE",
    "and": "BitAnd", "or": "BitOr", "not": "Invert",
}  # fmt: skip


@st.composite
def trees(draw: st.DrawFn, truth: bool = False, depth: int = 4) -> tuple[Text, object]:
    """An expression of the numpy backend with the tree that it must be parsed back to."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        if truth:
            return written("lt", A, B), ("Lt", "a", "b")
        name = draw(st.sampled_from("abc"))
        return Text(name, Level.ATOM), name
    if truth:
        op = draw(st.sampled_from(("lt", "ge", "and", "or", "not")))
        logical = op in ("and", "or", "not")
        operands = [draw(trees(truth=logical, depth=depth - 1)) for _ in range(1 if op == "not" else 2)]
    else:
        op = draw(st.sampled_from(("add", "sub", "mul", "div")))
        operands = [draw(trees(depth=depth - 1)) for _ in range(2)]
    return written(op, *(text for text, _ in operands)), (WORDS[op], *(tree for _, tree in operands))


@given(trees() | trees(truth=True))
@settings(max_examples=50)
def test_python_parses_an_expression_into_the_operations_it_was_made_of(pair: tuple[Text, object]) -> None:
    text, tree = pair
    assert tree_of(ast.parse(text.text, mode="eval").body) == tree


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_writes_every_primitive_op_that_it_has_with_all_its_operands(name: str) -> None:
    texts = BACKENDS[name].texts
    primitive, own = {op for op, row in OPS.items() if row.stable is None}, set(texts) - set(SPECIAL)
    assert own <= primitive
    assert own == {op for op in primitive if name in OPS[op].backends} or name not in COLUMNS  # others may have fewer yet
    assert name != "numpy" or own == primitive
    for op, text in texts.items():
        assert all(text.occurrences(index) >= 1 for index in range(arity_of(op))), op
        assert text.occurrences(arity_of(op)) == 0
        if BACKENDS[name].loader == "python":
            ast.parse(text.render([A, B, C][: arity_of(op)]).text, mode="eval")
    assert set(texts) >= BOOLEAN_OPS
    assert {"add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "eq", "ne"} <= set(texts)


def lines_of(text: str, *, backend: str = "numpy", constant: str = "", labels: Any = None, kept: Any = None) -> list[str]:
    """The statements for a graph whose last node is the result, called r."""
    graph, made = from_text(f"graph g\n{text}"), BACKENDS[backend]
    order = [position for position, node in enumerate(graph.nodes) if node.data is None]
    bound = {position: str(node.data) for position, node in enumerate(graph.nodes) if node.op in LEAVES}
    writer = SectionWriter(graph, made.texts, bound, Numbering(), labels or {order[-1]: "r"}, made.literals, constant)
    return [line.text for line in writer.write(order, kept or {order[-1]})]


INPUTS = "%0 = feature f\n%1 = weight a\n%2 = weight b\n"
TWICE = "%3 = mul(%1, %0)\n%4 = exp(%3)\n%5 = add(%4, %3)\n"
KEPT = "%3 = mul(%1, %0)\n%4 = exp(%3)\n%5 = add(%4, %2)\n"
REPEATED = "%3 = exp(%0)\n%4 = sub(%3, %1)\n%5 = sign(%4)\n%6 = mul(%5, %2)\n"
CONSTANTS = "%3 = gt(%0, %1)\n%4 = const 1.0\n%5 = const 2.0\n%6 = select(%3, %4, %5)\n%7 = mul(%6, %2)\n"
DTYPE = {"constant": "w.dtype.type({value})"}
SIGN = "(1.0 if v0 > 0.0 else -1.0 if v0 < 0.0 else v0)"


@pytest.mark.parametrize(("text", "options", "lines"), [
    ("%3 = mul(%1, %0)\n%4 = add(%3, %2)\n%5 = exp(%4)\n", {}, "r = np.exp(a * f + b)"),
    (TWICE, {}, "v0 = a * f; r = np.exp(v0) + v0"), (KEPT, {"kept": {3, 5}}, "v0 = a * f; r = np.exp(v0) + b"),
    (KEPT, {"labels": {3: "t", 5: "r"}}, "t = a * f; r = np.exp(t) + b"), (REPEATED, {}, "r = np.sign(np.exp(f) - a) * b"),
    (REPEATED, {"backend": "scalar"}, f"v0 = math.exp(f) - a; r = {SIGN} * b"),  # whose text repeats its operand
    (CONSTANTS, DTYPE, "r = select(f > a, w.dtype.type(1.0), 2.0) * b"),
    (CONSTANTS, {"backend": "scalar"}, "r = (1.0 if f > a else 2.0) * b"),
    ("%3 = const 1.0\n%4 = const 0.0\n%5 = div(%3, %4)\n", DTYPE, "r = w.dtype.type(1.0) / 0.0"),
    *((f"%3 = const {value}\n%4 = mul(%3, %0)\n", {}, f"r = {shown} * f") for value, shown in
      [("0.1", "0.1"), ("1e+300", "1e300"), ("-2.0", "-2.0"), ("nan", "np.nan"), ("-inf", "-np.inf")]),
    ("%3 = const nan\n%4 = mul(%3, %0)\n", {"backend": "scalar"}, "r = math.nan * f"),
])  # fmt: skip
def test_what_is_used_once_is_written_where_it_is_used_and_all_else_has_a_name(
    text: str, options: dict[str, Any], lines: str
) -> None:
    assert "; ".join(lines_of(INPUTS + text, **options)) == lines


def test_a_long_expression_is_split_into_named_parts_that_fit() -> None:
    text = "%0 = feature f\n"
    for at in range(0, 240, 4):
        text += f"%{at + 1} = weight k{at}\n%{at + 2} = mul(%{at + 1}, %{at})\n"
        text += f"%{at + 3} = sin(%{at + 2})\n%{at + 4} = add(%{at}, %{at + 3})\n"
    lines = lines_of(text)
    assert all(columns(line) + 4 <= WIDTH for line in lines)
    assert len(lines) > 10
    assert lines[-1].startswith("r = ")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_a_quoted_text_or_a_written_number_is_a_literal_of_it(text: str, value: float) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert float(number(value)) == value
    assert "e+" not in number(value)


def test_literals_calls_and_sequences_are_as_ruff_leaves_them(tmp_path: Path) -> None:
    texts = ["plain", 'say "hi"', "it's", 'it\'s "x"', "a\\b", 'a """ b', "é字", "both ' and \"", "tab\t"]
    numbers = [1e100, 1e-100, 1e16, 12345678.0, 0.1, -2.5e300, 5e-324]
    lines = [f"a = {one}" for one in [*map(quoted, texts), *map(number, numbers)]]
    lines += [parenthesized("TARGET = ", quoted("a" * length), "", 0) for length in range(70, 100)]
    blocks = []
    for length in (1, 5, 20, 38, 39, 40, 41, 60, 75, 90):
        for count in (1, 2, 5):
            items = ["abcdefgh"[index] * length for index in range(count)]
            blocks += [call_layout("return f(", items, ")", 4), sequence_layout("return (", items, ")", 4)]
            blocks.append(sequence_layout("return [", items, "]", 4))
    for count in (1, 2, 9, 30, 100):
        for length in (1, 8, 44):
            blocks += unpacked([f"n{index}".ljust(length, "x") for index in range(count)], "source", 4)
    module = "\n".join([*lines, "\n\ndef g():", *(f"    {block}" for block in blocks)]) + "\n"
    (tmp_path / "module.py").write_text(module, encoding="utf-8")
    assert_accepted("format", tmp_path)


def test_a_vector_is_unpacked_in_lines_that_fit_and_mean_the_same() -> None:
    for count, length in ((1, 1), (2, 8), (9, 44), (30, 8), (100, 44)):
        names = [f"n{index}".ljust(length, "x") for index in range(count)]
        lines = unpacked(names, "source", 4)
        namespace: dict[str, object] = {"source": list(range(count))}
        exec("\n".join(lines), namespace)
        assert [namespace[name] for name in names] == list(range(count))
        assert all(columns(line) + 4 <= WIDTH for line in lines)
    assert unpacked(["", "b", "", "d"], "w", 4) == ["b = w[1]", "d = w[3]"]
    assert [columns(text) for text in ("abc", "é", "字", "a字b")] == [3, 1, 2, 4]
