"""symgraph.compiler.backends.names: the user's own names, made to fit into Python and into a line."""

import builtins
import keyword
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.compiler.backends.layout import columns
from symgraph.compiler.backends.names import LONGEST, python_names
from symgraph.compiler.generate import generate
from symgraph.spec.model import Model

NAMES = st.lists(
    st.from_regex(r"[a-z字][a-z0-9_]{0,70}", fullmatch=True) | st.sampled_from(["class", "np", "max", "class_"]),
    unique=True,
    max_size=8,
)


def test_names_stay_but_for_an_underscore_where_the_module_needs_them() -> None:
    # what a notebook or an interactive Python adds, such as exit, is not taken
    free, taken = "f1 w_hat exp tanh é license exit display", "lambda None np math sum max Tape Array"
    for name in free.split():
        assert python_names([name]) == {name: name}
    for name in taken.split():
        assert python_names([name]) == {name: f"{name}_"}
    assert python_names(["w", "x"], ("w", "x", "y")) == {"w": "w_", "x": "x_"}
    assert python_names(["class", "class_", "class__"]) == {"class": "class___", "class_": "class_", "class__": "class__"}


def test_long_names_keep_beginning_and_end() -> None:
    one, other = "population_density_" * 4 + "urban", "population_density_" * 4 + "rural"
    short = python_names([one, other])
    assert re.fullmatch(r"population_density_populati\w*_urban", short[one])
    assert short[one] != short[other]
    assert python_names([one]) == {one: short[one]}


def test_a_derivative_of_several_names_lists_nodes_before_weights() -> None:
    model = Model("shift")
    y, (a, b) = model.target("y"), model.weights("a b")
    model.loss((model.output("y_hat", model.node("moved", a + 1) + b) - y) ** 2)
    (scalar,) = generate(model, ("scalar",))
    assert "    d_y_hat = 2.0 * v0  # also d_moved, d_a, d_b\n" in scalar.text


@given(NAMES)
@settings(max_examples=20)
def test_every_identifier_is_unique_usable_and_short(names: list[str]) -> None:
    result = python_names(names)
    assert list(result) == names
    assert len(set(result.values())) == len(names)
    for identifier in result.values():
        assert identifier.isidentifier()
        assert not keyword.iskeyword(identifier)
        assert not hasattr(builtins, identifier) or identifier in ("exit", "quit", "help", "license", "credits", "copyright")
        assert columns(identifier.rstrip("_")) <= LONGEST
