"""What a student's process writes is taken for an answer only if it has the form of one."""

import json
from typing import Any

import pytest

from symgraph.use.classroom.answers import Outcome, bytes_of, outcome_of, printable

READINGS = {
    "forward_propagation": ([["z", "loss"]], {"L": "loss"}),
    "backward_propagation": ([["a", "b"]], {"da": "a"}),
    "gradient_checking": ([["a", "b"], ["difference"]], {}),
    "adam": ([["W", "m", "v"]], {}),
    "gradient": ([["a", "b"]], {}),
}
GIVEN = {"W": [1.0, 2.0]}
SIDES = {"base": 1.0, "several": 0, "up": [[1e-5, 2.0], None], "down": [None, [1e-5, None]]}
CHECK = {"check": {"a": 1.0}, "found": None, "own": {"b": "is None"}, "steps": SIDES, "slopes": [1.0, None]}


def read(found: Any, role: str = "forward_propagation", calls: int = 1) -> Outcome:
    request = {"role": role, "readings": READINGS, "calls": [GIVEN] * calls}
    return outcome_of(found if isinstance(found, bytes) else json.dumps(found).encode(), [None, request])


@pytest.mark.parametrize(
    ("role", "answer"),
    [
        ("forward_propagation", {"z": 1, "loss": float("inf"), "": "returns None"}),
        ("backward_propagation", {"a": 1.0, "own": {"values": {"z": 2.0}, "partials": {"a": "is missing"}}}),
        ("gradient", {"a": 1.0, "b": 2.0, "own": {"loss": 1.0, "a": 1.0}}),
        ("gradient_checking", CHECK),
        ("adam", {"W": [1.0, 2.0], "m": "is of type str"}),
    ],
)
def test_an_answer_of_each_role_is_read(role: str, answer: dict[str, Any]) -> None:
    found = read({"place": 1, "calls": [answer], "prints": 3, "remarks": {"nan": 4, "modifies": ["W", 2]}}, role)
    assert found.calls == [answer]
    assert (found.prints, dict(found.remarks)) == (3, {"nan": 4, "modifies": ["W", 2]})


@pytest.mark.parametrize(
    "found",
    [
        b"", b"null", b"[1]", b"7", b"{", b"\xff\x00", b"[" * 10**5, b'{"place": ' + b"9" * 5000 + b"}",
        {}, {"place": 2}, {"place": -1}, {"place": True}, {"place": 1, "more": 1},
        {"place": 1, "calls": {}}, {"place": 1, "calls": [{}, {}]},
        {"place": 1, "calls": [[]]}, {"place": 1, "calls": [{"w": 1.0}]}, {"place": 1, "calls": [{"z": [1.0]}]},
        {"place": 1, "calls": [{"z": True}]}, {"place": 1, "calls": [{"z": 10**400}]}, {"place": 1, "calls": [{"z": None}]},
        {"place": 1, "line": "7"}, {"place": 1, "line": 1e9}, {"place": 1, "fault": 7}, {"place": 1, "remarks": {"odd": 1}},
        {"place": 1, "remarks": {"modifies": ["W"]}}, {"place": 0, "functions": {"a b": 1}}, {"place": 0, "functions": [1]},
        {"place": 0, "calls": []}, {"place": 1, "lines": {"z": -1}},
        ("gradient_checking", {**CHECK, "slopes": [1.0]}),
        ("gradient_checking", {**CHECK, "steps": {**SIDES, "up": [[1e-5], None]}}),
        ("gradient_checking", {**CHECK, "steps": {**SIDES, "several": -1}}),
        ("gradient_checking", {**CHECK, "steps": {**SIDES, "up": [[float("nan"), 1.0], None]}}),
        ("gradient_checking", {**CHECK, "steps": {**SIDES, "up": [[float("inf"), 1.0], None]}}),
        ("gradient_checking", {key: CHECK[key] for key in ("check", "found")}),
        ("adam", {"W": [1.0]}),
        ("adam", {"u": [1.0, 2.0]}),
        ("backward_propagation", {"a": 1.0, "own": {"values": {"z": "no"}, "partials": {}}}),
        ("gradient", {"a": 1.0, "own": {"loss": "no"}}),
    ],
    ids=lambda found: str(found)[:30],
)  # fmt: skip
def test_anything_else_and_parts_that_do_not_fit_a_role_are_no_answer(found: Any) -> None:
    role, answer = (found[0], {"place": 1, "calls": [found[1]]}) if isinstance(found, tuple) else ("forward_propagation", found)
    with pytest.raises(ValueError):  # noqa: PT011  the reason is nobody's to read: it is the student's own doing
        read(answer, role)


def test_texts_are_cut_and_can_be_printed() -> None:
    fault = read({"place": 1, "fault": "\ud800\x1b[2J\n" + "x" * 1000}).fault
    assert fault.startswith("\\ud800\\x1b[2J\\nxxx")
    assert len(fault) < 400
    assert printable("f\u00fcr \u2603") == "f\u00fcr \u2603"


def test_an_answer_may_be_as_long_as_its_results_need() -> None:
    request = {"role": "gradient", "readings": READINGS, "calls": [GIVEN] * 5}
    many = {**READINGS, "gradient": ([[f"w{n}" for n in range(2000)]], {})}
    assert 2**16 < bytes_of(request) < 2**18
    assert bytes_of({**request, "readings": many}) > 5 * 2000 * 30  # a number has some 25 signs, and its name a few
    assert bytes_of(None) < 2**20
