"""The choice of quick tests by what they cost, and its file."""

import costs
import pytest
from costs import in_share, kept, renewed, slow_among, step


@pytest.mark.parametrize(
    ("seconds", "wanted"), [(0.0, 0.0), (0.099, 0.0), (0.1, 0.1), (0.199, 0.1), (0.2, 0.2), (0.9, 0.8), (100.0, 51.2)]
)
def test_costs_are_kept_in_steps_of_two(seconds: float, wanted: float) -> None:
    assert step(seconds) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("old", "seconds", "wanted"),
    [
        *((0.2, 0.15, 0.2), (0.2, 0.5, 0.2), (0.2, 0.13, 0.1), (0.2, 0.6, 0.4)),
        *((0.0, 0.13, 0.0), (0.0, 0.15, 0.1), (0.1, 0.01, 0.0)),
    ],
)
def test_a_step_is_left_by_a_cost_well_outside_it(old: float, seconds: float, wanted: float) -> None:
    assert kept(old, seconds) == pytest.approx(wanted)


CASES = {"x": 0.4, "y": 0.2, "z": 3.0, "w": 0.8}


def test_a_dear_test_is_slow_unless_it_is_the_cheapest_case_or_finds_a_fault() -> None:
    found = {"a::one": 0.2, "a::dear": 0.4, "b::two[x]": 0.1, "b::two[y]": 0.2}
    found |= {f"a::two[{case}]": cost for case, cost in CASES.items()}
    assert slow_among(found, {"a::two[z]"}) == {"a::two[x]", "a::two[w]", "b::two[y]", "a::dear"}


def test_shares_make_up_the_whole_and_each_has_some_cases_of_a_function_of_many() -> None:
    names = [f"a::test_all[{case}]" for case in range(200)]
    assert all(sum(in_share(name, k, 10) for k in range(10)) == 1 for name in names)
    assert all(any(in_share(name, k, 10) for name in names) for k in range(10))


def test_the_file_is_in_order_and_names_tests_that_there_are() -> None:
    known = costs.read()
    assert list(known) == sorted(known)
    assert all(cost >= costs.LEAST for cost in known.values())
    files = {name.partition("::")[0] for name in known}
    assert sorted(file for file in files if not (costs.FILE.parent.parent / file).exists()) == []


def test_costs_of_tests_that_are_gone_are_not_kept() -> None:
    old = {"a.py::test_gone": 0.4, "a.py::test_slow": 0.8, "b.py::test_not_collected": 0.1, "a.py::test_now_cheap": 0.2}
    there = {"a.py::test_slow", "a.py::test_now_cheap", "a.py::test_new"}
    found = {"a.py::test_now_cheap": 0.01, "a.py::test_new": 0.3}
    assert renewed(old, found, there) == {"a.py::test_slow": 0.8, "b.py::test_not_collected": 0.1, "a.py::test_new": 0.2}
