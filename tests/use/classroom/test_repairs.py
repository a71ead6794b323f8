"""Repairs: the changes of a program that are tried, what is said of them, and what is believed of them."""

import ast
import json
import textwrap
from pathlib import Path

import pytest
from classes import graded, wrong
from sympy import Eq, Ne, Piecewise, log, symbols

from symgraph.use.classroom import repairs
from symgraph.use.classroom.additions import added, composed
from symgraph.use.classroom.answers import Repair, outcome_of
from symgraph.use.classroom.edits import exchanged
from symgraph.use.classroom.expression_edits import near
from symgraph.use.classroom.formula_words import words
from symgraph.use.classroom.program_parts import Program, blocks, pool, sites
from symgraph.use.classroom.repairs import told
from symgraph.use.classroom.solving import solved
from symgraph.use.classroom.statement_edits import changes
from symgraph.use.classroom.verdicts import Verdict


def rewritten(body: str) -> set[str]:
    """Every text that one change makes of the body of a function of x, W and d."""
    program = Program(f"import numpy as np\ndef f(x, W, d):\n{textwrap.indent(body, '    ')}\n".encode())
    unit = program.defined["f"]
    assert isinstance(unit, ast.FunctionDef)
    some, found = pool(program, unit, [0.3]), set[str]()
    for site in sites(unit):
        for edit in (*near(site, some), *added(site, some), *composed(site, some)):
            site.put(edit.new)
            found.add("\n".join(map(ast.unparse, unit.body)))
            site.put(site.node)
    for block in blocks(unit):
        for change in changes(block):
            before = [(part, list(part)) for part, _ in change.lists]
            change.install()
            found.add("\n".join(map(ast.unparse, unit.body)))
            for part, old in before:
                part[:] = old
    return found


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("return x[0] * W[1]", "return x[1] * W[1]"),
        ("return W[0] - x[0]", "return W[0] + x[0]"),
        ("return W[0] - x[0]", "return x[0] - W[0]"),
        ("return W[0] + 2 - x[0]", "return W[0] + 2 * x[0]"),
        ("return W[0] * 2", "return W[0] ** 2"),
        ("return np.sin(x[0])", "return np.cos(x[0])"),
        ("return np.exp(x[0])", "return np.exp(-x[0])"),
        ("return np.exp(x[0] + W[0])", "return np.exp(x[0]) + W[0]"),
        ("p = d['p']\nreturn p", "p = d['p']\nreturn p * (1 - p)"),
        ("p = d['p']\nreturn d['y'] * p * (1 - p)", "p = d['p']\nreturn d['y']"),
        ("return d['p'] + 0.5 * d['y']", "return d['p'] + 0.3 * d['y']"),
        ("match W[0]:\n    case 1:\n        return x", "match W[0]:\n    case 2:\n        return x"),
        ("return np.sum(W, axis=0)", "return np.sum(W, axis=1)"),
        ("return np.sum(W)", "return np.mean(W)"),
        ("return W[0, 1]", "return W[1, 0]"),
        ("return W.reshape(2, 2)", "return W.reshape(2, 2).T"),
        ("return W[d['y']]", "return W[d['y'] - 1]"),
        ("return {'a': W[0], 'b': W[1]}", "return {'a': W[1], 'b': W[0]}"),
        ("return W[0] if x[0] > 0 else x[1]", "return W[0] if x[0] >= 0 else x[1]"),
        ("s = 0\nfor w in W:\n    s = w\nreturn s", "s = 0\nfor w in W:\n    s += w\nreturn s"),
        ("s = 0\nfor w in W:\n    s += w\n    return s", "s = 0\nfor w in W:\n    s += w\nreturn s"),
        ("V = W\nV[0] += 1\nreturn V", "V = W.copy()\nV[0] += 1\nreturn V"),
        ("W -= x\nreturn W", "W = W - x\nreturn W"),
        ("W[0] += 1\nv = d\nreturn v", "W[0] += 1\nv = d\nW[0] -= 1\nreturn v"),
        ("for i in range(len(W)):\n    pass", "for i in range(len(W) - 1):\n    pass"),
    ],
)
def test_the_usual_slips_are_undone_by_one_change(slip: str, right: str) -> None:
    assert right in rewritten(slip)


def test_a_program_that_does_more_than_compute_is_not_run_with_changes() -> None:
    program = Program(
        b"import os\nimport numpy as np\nfrom subprocess import run\n"
        b"def a(x):\n    return np.exp(x)\ndef b(x):\n    return os.getpid() + x\ndef c(x):\n    return b(x)\n"
        b"def d(x):\n    return open(x)\ndef e(x):\n    import socket\n    return x\ndef f(x):\n    return run(x)\n"
    )
    assert [name for name in "abcdefg" if program.searchable(name)] == ["a"]


def test_code_is_shown_short() -> None:
    assert exchanged("a + b", "a - b") == "`a + b` stands where `a - b` is right"
    long = " + ".join(f"weights[{place}]" for place in range(20))
    said = exchanged(long, long.replace("[10]", "[11]"))
    assert len(said) < 150
    assert "weights[10]" in said
    assert "weights[11]" in said


def test_cases_of_formulas_are_told_in_words() -> None:
    y, p = symbols("y p", real=True)
    assert words(-Piecewise((0, Eq(y, 0) | Eq(y, 1)), (log(p), True))) == "-(0 where y is 0 or y is 1, else log(p))"
    assert words(Piecewise((p, Ne(y, 0) & (p < 1)), (-p, p > 2))) == "(p where p < 1 and y is not 0, else -p where p > 2)"


def test_the_number_that_makes_a_result_right_is_found() -> None:
    assert solved(lambda number: 3.0 * number, 1.0, 6.0) == pytest.approx(2.0)
    assert solved(lambda number: number**3, 1.0, 27.0) == pytest.approx(3.0)
    assert solved(lambda _: 1.0, 1.0, 2.0) is solved(lambda _: None, 1.0, 2.0) is None


READINGS = {"forward_propagation": ([["z", "loss"]], {}), "backward_propagation": ([["a"]], {})}
GOOD = {"kind": "sign", "said": "the sign is wrong", "code": "`a` stands where `-a` is right", "line": 3, "results": ["z"]}


def test_repairs_that_a_process_tells_are_checked() -> None:
    request = {"role": "forward_propagation", "readings": READINGS, "calls": []}

    def read(found: object) -> object:
        return outcome_of(json.dumps({"place": 1, "repairs": found}).encode(), [None, request]).repairs

    assert read([GOOD]) == [Repair("sign", "the sign is wrong", "`a` stands where `-a` is right", 3, ("z",))]
    bad = ({"kind": "right"}, {"said": 7}, {"line": -1}, {"results": ["w"]}, {"code": None})
    for one in (7, [7], [GOOD] * 99, [{}], *([GOOD | other] for other in bad)):
        with pytest.raises(ValueError, match=r".+"):
            read(one)


def test_a_repair_changes_the_words_of_a_verdict_and_nothing_that_counts() -> None:
    before = Verdict("f", "z", False, "no usual mistake gives this", 9, "is 1, right is 2", 0.0, 1.0, "unknown")
    right = Verdict("f", "loss", True, "right", points=1.0, of=1.0)
    repair = Repair("sign", "the sign is wrong", "`a` stands where `-a` is right", 3, ("z", "loss"))
    after, same = told([before, right], {"f": [repair]})
    assert (after.text, after.line, after.mistake) == ("the sign is wrong: `a` stands where `-a` is right", 3, "sign")
    assert (after.ok, after.points, after.of, after.numbers) == (False, 0.0, 1.0, "is 1, right is 2")
    assert same == right


LOOPS = """
import numpy as np

def forward_propagation(x, y, W):
    z, j = W[3], 0
    while j < 3:
        z = z - W[j] * x[j]
        j = j + 1
    p = 1 / (1 + np.exp(-z))
    return {"z": z, "p": p, "loss": -y * np.log(p) - (1 - y) * np.log(1 - p), "x": x, "y": y}

def backward_propagation(L, W, d):
    dz = d["p"] - d["y"]
    return {"dw1": dz * d["x"][0], "dw2": dz * d["x"][1], "dw3": dz, "db": dz + d["x"][2]}
"""


@pytest.mark.slow  # a process is started twice, and some changes of the loop are stopped: four seconds
def test_changes_that_never_end_cost_little_and_each_mistake_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "_MOST", 20.0)  # on a machine that does other things too
    tests = {test.result: test for test in wrong(graded(tmp_path, LOOPS, "logistic"))}
    assert set(tests) == {"z", "dw3", "db"}
    assert tests["z"].text == "the sign is wrong: `z - W[j] * x[j]` stands where `z + W[j] * x[j]` is right"
    assert tests["dw3"].text.startswith("the factor `d['x'][2]` is missing: `'dw3': dz`")
    assert tests["db"].text.startswith("the term `d['x'][2]` is too much")
    assert [tests[name].line for name in ("z", "dw3", "db")] == [7, 14, 14]


HELPED = """
import numpy as np

def slope(a):
    return a * (1 + a)

def forward_propagation(x, y, W):
    z = np.dot(W[:3], x) + W[3]
    p = 1 / (1 + np.exp(-z))
    return {"z": z, "p": p, "loss": -y * np.log(p) - (1 - y) * np.log(1 - p), "x": x, "y": y, "slope": slope(p)}

def backward_propagation(L, W, d):
    dz = ((1 - d["y"]) / (1 - d["p"]) - d["y"] / d["p"]) * d["slope"]
    return [*(dz * d["x"]), dz]
"""


def test_a_mistake_in_what_another_function_leaves_is_found_there(tmp_path: Path) -> None:
    """A process is started twice: a second."""
    tests = wrong(graded(tmp_path, HELPED, "logistic", "backward_propagation"))
    assert {test.line for test in tests} == {5}
    assert all(test.text.endswith(": `1 + a` stands where `1 - a` is right") for test in tests)
