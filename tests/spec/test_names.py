"""symgraph.spec.names: which names a spec may use, and what the refusal of the others says."""

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.errors import SpecError
from symgraph.spec.names import RESERVED, check_model_name, check_name

FREE = "a w1 y_hat lambda None math é 字 v d A_b9 v1x dx_ w X x y v0 v17 tape cotangent grad"
KINDS = ("feature", "target", "weight", "node", "output")


@pytest.mark.parametrize("kind", KINDS)
def test_identifiers_are_names_even_if_python_or_textbooks_use_them_and_the_loss_alone_is_the_node_called_so(kind: str) -> None:
    for name in FREE.split() + ([] if kind in RESERVED["loss"] else ["loss"]):
        assert check_name(name, kind, "demo") == name
    if kind in RESERVED["loss"]:
        with pytest.raises(
            SpecError, match=f"model demo: {kind} name 'loss' is reserved: the tape calls .*; use loss1 or loss_"
        ):
            check_name("loss", kind, "demo")


@pytest.mark.parametrize(("name", "reason"), [
    *((name, "is no identifier; use letters, digits and underscores")
      for name in ("", "1a", "a b", "a-b", "a.b", " a", "a\n", 3, None, "a(", "½")),
    ("d_t", "is reserved: .*what generated text calls a cotangent; drop the prefix"),
    ("_a", "is reserved: .*names with a leading underscore belong to the generated module"),
    ("__init__", "is reserved: .*leading underscore"),
    ("\N{LATIN SMALL LIGATURE FI}", "changes when Python reads it; write it as 'fi'"),
])  # fmt: skip
def test_names_that_are_none_or_that_generated_text_makes_up_or_reads_as_others_are_refused(name: object, reason: str) -> None:
    with pytest.raises(SpecError, match=f"model demo: node name {re.escape(repr(name))} {reason}"):
        check_name(name, "node", "demo")


@given(st.text(max_size=8))
def test_every_text_is_either_kept_as_it_is_or_refused(text: str) -> None:
    try:
        kept, words = check_name(text, "node", "demo"), ""
    except SpecError as error:
        kept, words = None, str(error)
    assert (kept == text and text.isidentifier()) if kept is not None else repr(text) in words


@pytest.mark.parametrize(("name", "said"), [
    *((name, "cannot name a Python module; use letters, digits and underscores")
      for name in ("", "two words", "a-b", "1st", 5, *keyword.kwlist[:3])),
    *((name, f"{name}.py would hide the module of that name; choose another, such as {name}_model")
      for name in ("symgraph", "numpy", "sympy", "mpmath", "jinja2", "typer")),
    *((name, f"{name}.py would hide the module of Python's standard library; choose another, such as {name}_model")
      for name in ("math", "random", "statistics", "__future__")),
])  # fmt: skip
def test_a_model_name_that_no_module_can_have_or_whose_file_would_hide_one_is_refused(name: object, said: str) -> None:
    assert check_model_name("w") == "w"
    with pytest.raises(SpecError, match=said):
        check_model_name(name)
