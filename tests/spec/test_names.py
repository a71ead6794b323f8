"""symgraph.spec.names: which names a spec may use, and what the refusal of the others says."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.errors import SpecError
from symgraph.spec.names import RESERVED, check_model_name, check_name

FREE = "a w1 y_hat lambda None math é 字 v d A_b9 v1x dx_ w X x y v0 v17 tape cotangent grad"
KINDS = ("feature", "target", "weight", "node", "output")


@pytest.mark.parametrize("kind", KINDS)
def test_identifiers_are_names_even_if_python_or_numpy_or_textbooks_use_them(kind: str) -> None:
    for name in FREE.split():
        assert check_name(name, kind, "demo") == name


@pytest.mark.parametrize("name", ["", "1a", "a b", "a-b", "a.b", " a", "a\n", 3, None, "a(", "½"])
def test_what_is_no_identifier_is_refused_with_the_rule(name: object) -> None:
    with pytest.raises(SpecError, match=r"model demo: node name .* is no identifier; use letters, digits and underscores"):
        check_name(name, "node", "demo")


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
        ("d_t", "name 'd_t' is reserved: .*what generated text calls a cotangent; drop the prefix"),
        ("_a", "name '_a' is reserved: .*names with a leading underscore belong to the generated module"),
        ("__init__", "name '__init__' is reserved: .*leading underscore"),
        ("\N{LATIN SMALL LIGATURE FI}", "changes when Python reads it; write it as 'fi'"),
    ],
)
def test_names_that_generated_text_makes_up_or_reads_as_others_are_refused(name: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
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


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st", 5, *keyword.kwlist[:3]])
def test_a_model_name_that_no_module_can_have_is_refused(name: object) -> None:
    assert check_model_name("w") == "w"
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
