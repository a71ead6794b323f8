"""symgraph.spec.names: which names a spec may use, and what the refusal of the others says."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.errors import SpecError
from symgraph.spec.names import RESERVED, check_model_name, check_name

KINDS = ("feature", "target", "weight", "node", "output")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", "w1", "y_hat", "lambda", "None", "math", "é", "字", "v", "d", "A_b9", "v1x", "dx_"])
def test_an_identifier_is_a_name_even_if_python_or_numpy_use_it(name: str, kind: str) -> None:
    assert check_name(name, kind, "demo") == name


@pytest.mark.parametrize("name", ["", "1a", "a b", "a-b", "a.b", " a", "a\n", 3, None, "a(", "½"])
def test_what_is_no_identifier_is_refused_with_the_rule(name: object) -> None:
    with pytest.raises(SpecError, match=r"model demo: node name .* is no identifier; use letters, digits and underscores"):
        check_name(name, "node", "demo")


def test_a_name_that_python_would_read_as_another_is_refused_with_that_other() -> None:
    with pytest.raises(SpecError, match="changes when Python reads it; write it as 'fi'"):
        check_name("\N{LATIN SMALL LIGATURE FI}", "weight", "demo")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["w", "X", "x", "y", "v0", "v17", "tape", "cotangent", "grad"])
def test_the_names_of_textbooks_are_free(name: str, kind: str) -> None:
    assert check_name(name, kind, "demo") == name


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_loss_is_the_node_called_loss(kind: str) -> None:
    if kind not in RESERVED["loss"]:
        assert check_name("loss", kind, "demo") == "loss"
        return
    with pytest.raises(SpecError, match=f"model demo: {kind} name 'loss' is reserved: the tape calls .*; use loss1 or loss_"):
        check_name("loss", kind, "demo")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("d_t", "what generated text calls a cotangent; drop the prefix"),
        ("_a", "names with a leading underscore belong to the generated module"),
        ("__init__", "leading underscore"),
    ],
)
def test_names_that_generated_text_makes_up_are_refused(name: str, reason: str) -> None:
    with pytest.raises(SpecError, match=f"name '{name}' is reserved: .*{reason}"):
        check_name(name, "node", "demo")


@given(st.text(max_size=8))
def test_every_text_is_either_kept_as_it_is_or_refused(text: str) -> None:
    try:
        kept = check_name(text, "node", "demo")
    except SpecError as error:
        kept, words = None, str(error)
    if kept is None:
        assert repr(text) in words
    else:
        assert kept == text
        assert text.isidentifier()


@pytest.mark.parametrize("name", ["nine_weights", "line", "x", "w"])
def test_a_model_may_have_any_name_that_a_module_can_have(name: str) -> None:
    assert check_model_name(name) == name


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st", 5, *keyword.kwlist[:3]])
def test_a_model_name_that_no_module_can_have_is_refused(name: object) -> None:
    with pytest.raises(SpecError, match="cannot name a Python module; use letters, digits and underscores"):
        check_model_name(name)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        *((name, "of that name") for name in ("symgraph", "numpy", "sympy", "mpmath", "jinja2", "typer")),
        *((name, "of Python's standard library") for name in ("math", "random", "statistics", "__future__")),
    ],
)
def test_a_model_name_whose_file_would_hide_a_module_is_refused_with_another(name: str, owner: str) -> None:
    with pytest.raises(SpecError, match=f"{name}.py would hide the module {owner}; choose another, such as {name}_model"):
        check_model_name(name)
