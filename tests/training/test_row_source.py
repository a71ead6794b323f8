"""Reading the straight line of a row function."""

import ast

import pytest

from symgraph.io.module import from_source
from symgraph.training.row_source import LONGEST_ROW, NotInlined, read_row

MODULE = """import math
ABI = 2
MODEL = "m"
FEATURES = ("x",)
TARGET = "y"
WEIGHTS = ("a", "b")
METADATA = {}


def row(w, x, y, grad):
"""


def row_of(*lines):
    """The row function of a module with this body, two weights and one feature."""
    text = MODULE + "".join(f"    {line}\n" for line in lines)
    return from_source(text, "m_scalar", f"row {hash(lines)}").row


def read(*lines):
    return read_row(row_of(*lines), 2, 1)


def text(*nodes):
    return [ast.unparse(ast.fix_missing_locations(node)) for node in nodes]


def assigned(row):
    return [f"{name} = {line}" for name, value in row.assigned for line in text(value)]


def test_weights_features_and_target_get_their_names_and_other_names_for_them_vanish():
    row = read(
        '"""What it does."""',
        "a = w[0]",
        "f = x[0]",
        "same = f",
        "r = y - a * same",
        "grad[0] = r",
        "grad[1] = -r",
        "return r * w[1]",
    )
    assert assigned(row) == ["r = __y - __w0 * __x0"]
    assert text(*row.gradient) == ["r", "-r"]
    assert text(row.loss) == ["r * __w1"]
    assert (row.functions, row.globals) == ((), ())


def test_functions_of_math_are_named_and_others_are_known():
    row = read("p = math.exp(w[0])", "q = _own(p, 2.0)", "grad[0] = p", "grad[1] = q", "return q")
    assert assigned(row) == ["p = __exp(__w0)", "q = _own(p, 2.0)"]
    assert (row.functions, row.globals) == (("exp",), ("_own",))


def test_entries_may_be_named_all_at_once():
    row = read("a, b = w", "p = a * x[0]", "grad[0] = p", "grad[1] = b", "return p + a")
    assert assigned(row) == ["p = __w0 * __x0"]
    assert text(*row.gradient) == ["p", "__w1"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["if w[0] > 0.0:", "    return 1.0", "return 2.0"], "statement in line 11 that is no plain assignment"),
        (["p: float = w[0]", "return p"], "statement in line 11 that is no plain assignment"),
        (["p = q = w[0]", "return p"], "statement in line 11 that is no plain assignment"),
        (["grad[0] = 1.0", "return 1.0"], "row writes 1 of 2 partials"),
        (["grad[0] = 1.0", "grad[1] = 1.0"], "row does not end by returning its loss"),
        (["grad[2] = 1.0", "return 1.0"], "indexes something in line 11 that is no entry of grad"),
        (["grad[-1] = 1.0", "return 1.0"], "indexes something in line 11 that is no entry of grad"),
        (["w[0] = 1.0", "return 1.0"], "indexes something in line 11 that is no entry of grad"),
        (["grad[0] = 1.0", "grad[1] = grad[0]", "return 1.0"], "indexes something in line 12 that is no entry of w"),
        (["p = x[1]", "return p"], "indexes something in line 11 that is no entry of x"),
        (["i = 0", "p = w[i]", "return p"], "indexes something in line 12 that is no entry of w"),
        (["p = sum(w)", "return p"], "row uses w as a whole in line 11"),
        (["a, b = x", "return a"], "row unpacks something in line 11 that is no vector"),
        (["a, b = y, y", "return a"], "row unpacks something in line 11 that is no vector"),
        (["a, a = w", "return a"], "row assigns a twice, or after reading it"),
        (["p = w[0]", "p = p + 1.0", "return p"], "row assigns p twice, or after reading it"),
        (["p = q", "q = 1.0", "return p"], "row assigns q twice, or after reading it"),
        (["w = 1.0", "return w"], "row assigns w twice"),
        (
            ["range = w[0] + 1.0", "return range"],
            "range twice, or after reading it, or instead of what a loop needs",
        ),
        (["__w0 = 2.0", "return __w0"], "row assigns __w0 twice"),
        (["p = __name__", "return p"], "row uses __name__ as a whole"),
        (["p = [v for v in w]", "return p"], "row has a ListComp in line 11"),
        (["p = (q := w[0])", "return p"], "row has a NamedExpr in line 11"),
        (["p = w[0].real", "return p"], "row reads the attribute real in line 11"),
        (["p = max(w[0], y, default=1.0)", "return p"], "row has a keyword in line 11"),
    ],
)
def test_what_is_no_straight_line_is_refused_with_the_line(lines, reason):
    with pytest.raises(NotInlined) as refusal:
        read(*lines)
    assert reason in str(refusal.value)


def test_a_row_that_is_too_long_is_refused():
    with pytest.raises(NotInlined, match=f"row has {LONGEST_ROW + 1} statements, more than {LONGEST_ROW}"):
        read(*["p = 1.0"] * LONGEST_ROW, "return p")


def test_a_function_that_is_not_what_its_file_says_is_refused(tmp_path):
    row = row_of("p = w[0]", "grad[0] = p", "grad[1] = p", "return p")
    assert text(read_row(row, 2, 1).loss) == ["__w0"]
    row.__globals__["__loader__"] = row_of("p = w[1]", "grad[0] = p", "grad[1] = p", "return p").__globals__["__loader__"]
    with pytest.raises(NotInlined, match="row is not what stands in the file of its module now"):
        read_row(row, 2, 1)
    row.__globals__["__loader__"] = None
    with pytest.raises(NotInlined, match="row comes from no file"):
        read_row(row, 2, 1)


def test_what_is_no_plain_function_is_refused():
    scale = 2.0
    for row in (lambda w, x, y, grad: scale, len):
        with pytest.raises(NotInlined, match="row is no plain function of floats"):
            read_row(row, 2, 1)
