"""symgraph.ir.optext: parentheses where precedence needs them and nowhere else."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.backends import BACKENDS
from symgraph.ir.graph import BOOLEAN_OPS
from symgraph.ir.op import BACKENDS as COLUMNS
from symgraph.ir.ops import OPS
from symgraph.ir.optext import Level, OpText, Text, call, infix
from symgraph.ir.special import SPECIAL, arity_of

A, B, C = (Text(name, Level.ATOM) for name in "abc")


def written(op: str, *operands: Text) -> Text:
    return BACKENDS["numpy"].texts[op].render(operands)


def scalar(op: str, *operands: Text) -> Text:
    return BACKENDS["scalar"].texts[op].render(operands)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (written("add", written("add", A, B), C), "a + b + c"),
        (written("add", A, written("add", B, C)), "a + (b + c)"),
        (written("sub", A, written("sub", B, C)), "a - (b - c)"),
        (written("sub", A, written("mul", B, C)), "a - b * c"),
        (written("mul", written("add", A, B), C), "(a + b) * c"),
        (written("div", A, written("mul", B, C)), "a / (b * c)"),
        (written("div", written("div", A, B), C), "a / b / c"),
        (written("neg", written("mul", A, B)), "-a * b"),
        (written("neg", written("add", A, B)), "-(a + b)"),
        (written("add", A, written("neg", B)), "a + -b"),
        (written("mul", A, written("neg", B)), "a * (-b)"),
        (written("lt", written("add", A, B), C), "a + b < c"),
        (written("not", written("lt", A, B)), "~(a < b)"),
        (written("and", written("lt", A, B), written("ge", B, C)), "(a < b) & (b >= c)"),
        (written("or", written("and", A, B), C), "a & b | c"),
        (written("and", A, written("or", B, C)), "a & (b | c)"),
        (written("exp", written("add", A, B)), "np.exp(a + b)"),
        (written("select", written("lt", A, B), A, B), "select(a < b, a, b)"),
        (scalar("not", scalar("lt", A, B)), "not a < b"),
        (scalar("and", scalar("lt", A, B), scalar("not", C)), "a < b and not c"),
        (scalar("or", scalar("and", A, B), C), "a and b or c"),
        (scalar("and", A, scalar("or", B, C)), "a and (b or c)"),
        (scalar("select", scalar("or", A, B), A, scalar("add", B, C)), "a if a or b else b + c"),
        (scalar("select", A, scalar("select", B, A, C), C), "(a if b else c) if a else c"),
        (scalar("select", A, B, scalar("select", B, A, C)), "b if a else a if b else c"),
        (scalar("mul", scalar("select", C, A, B), C), "(a if c else b) * c"),
        (scalar("sign", A), "1.0 if a > 0.0 else -1.0 if a < 0.0 else a"),
    ],
)
def test_an_expression_reads_as_one_would_write_it(text: Text, expected: str) -> None:
    assert text.text == expected


def tree_of(node: ast.expr) -> object:
    """The operations of an expression as nested tuples, minus signs included."""
    match node:
        case ast.BinOp(left, op, right):
            return (type(op).__name__, tree_of(left), tree_of(right))
        case ast.UnaryOp(op, operand):
            return (type(op).__name__, tree_of(operand))
        case ast.BoolOp(op, values):
            return (type(op).__name__, *(tree_of(value) for value in values))
        case ast.Compare(left, [op], [right]):
            return (type(op).__name__, tree_of(left), tree_of(right))
        case ast.IfExp(test, body, other):
            return ("IfExp", tree_of(test), tree_of(body), tree_of(other))
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
def test_python_parses_an_expression_into_the_operations_it_was_made_of(pair: tuple[Text, object]) -> None:
    text, tree = pair
    assert tree_of(ast.parse(text.text, mode="eval").body) == tree


def test_negation_binds_to_the_first_factor_which_gives_the_same_bits() -> None:
    # -a * b is (-a) * b to Python and -(a * b) to the graph: signs do not round
    assert tree_of(ast.parse(written("neg", written("mul", A, B)).text, mode="eval").body) == ("Mult", ("USub", "a"), "b")


def test_a_text_counts_how_often_it_repeats_an_operand() -> None:
    assert [OpText("{0} if {0} > {1} else 0", Level.TERNARY).occurrences(index) for index in (0, 1)] == [2, 1]
    assert call("f", 3).format == "f({0}, {1}, {2})"
    assert infix("+", Level.SUM).render([A, B]).level is Level.SUM


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


@pytest.mark.parametrize("backend", BACKENDS)
def test_texts_are_those_of_the_format_whatever_way_they_are_put_together(backend: str) -> None:
    for op, text in BACKENDS[backend].texts.items():
        arity = arity_of(op)
        for level in Level:
            operands = [Text("x y", level), Text("{0}", Level.SUM), Text("z", Level.ATOM)][:arity]
            wanted = [
                one.text if one.level >= text.operands[min(place, len(text.operands) - 1)] else f"({one.text})"
                for place, one in enumerate(operands)
            ]
            assert text.render(operands) == (text.format.format(*wanted), text.level)
