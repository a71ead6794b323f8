"""symgraph.backends.names: the user's own names, made to fit into Python and into a line."""

import builtins
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.backends.layout import columns
from symgraph.backends.names import LONGEST, Numbering, python_names

NAMES = st.lists(
    st.from_regex(r"[a-z字][a-z0-9_]{0,70}", fullmatch=True) | st.sampled_from(["class", "np", "max", "class_"]), unique=True
)


def test_ordinary_names_stay() -> None:
    names = ["f1", "w_hat", "exp", "tanh", "é"]
    assert python_names(names) == {name: name for name in names}


@pytest.mark.parametrize("name", ["lambda", "None", "np", "math", "sum", "max", "Tape", "Array"])
def test_names_that_the_module_needs_get_an_underscore(name: str) -> None:
    assert python_names([name])[name] == f"{name}_"
    assert python_names(["w", "x"], ("w", "x", "y")) == {"w": "w_", "x": "x_"}


@pytest.mark.parametrize("name", ["license", "exit", "display"])
def test_what_a_notebook_or_an_interactive_python_adds_is_not_taken(name: str) -> None:
    assert python_names([name]) == {name: name}


def test_no_two_names_become_one() -> None:
    assert python_names(["class", "class_", "class__"]) == {"class": "class___", "class_": "class_", "class__": "class__"}


def test_long_names_keep_beginning_and_end() -> None:
    one, other = "population_density_" * 4 + "urban", "population_density_" * 4 + "rural"
    short = python_names([one, other])
    assert short[one].startswith("population_density_populati")
    assert short[one].endswith("_urban")
    assert short[one] != short[other]
    assert python_names([one]) == {one: short[one]}


@given(NAMES)
def test_every_identifier_is_unique_usable_and_short(names: list[str]) -> None:
    result = python_names(names)
    assert list(result) == names
    assert len(set(result.values())) == len(names)
    for identifier in result.values():
        assert identifier.isidentifier()
        assert not keyword.iskeyword(identifier)
        assert not hasattr(builtins, identifier) or identifier in ("exit", "quit", "help", "license", "credits", "copyright")
        assert columns(identifier.rstrip("_")) <= LONGEST


def test_unnamed_values_are_numbered() -> None:
    numbering = Numbering()
    assert [numbering.fresh() for _ in range(3)] == ["v0", "v1", "v2"]
