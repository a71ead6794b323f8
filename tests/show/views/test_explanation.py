"""Lines of generated files explained: each statement has its node, and forms that differ from the spec have their reason."""

from functools import lru_cache

import pytest
from corpus import CORPUS
from sympy import log

from symgraph import Model
from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import OptionError
from symgraph.options import PLAIN, options_of
from symgraph.show.views.explanation import Explanation, explain_line
from symgraph.show.views.provenance import provenance


@lru_cache(maxsize=2)
def of_corpus(name: str) -> Model:
    return CORPUS[name]()


def explained(name: str, start: str, backend: str = "numpy", edit: tuple[str, str] = ("", "")) -> Explanation:
    """Explain the first line of a model's file that begins with a text."""
    model = of_corpus(name)
    artifact = provenance(model, backend, spec="model.py", options=PLAIN).artifacts[0]
    text = artifact.text.replace(*edit) if edit[0] else artifact.text
    lines = text.splitlines()
    after = next(at for at, line in enumerate(lines) if "import" in line or "#include" in line)  # behind the docstring
    own = (at for at, line in enumerate(lines, 1) if line.strip().startswith(start) and (at > after or at < 3))
    return explain_line(model, backend, artifact.name, text, next(own), spec="model.py")


def explained_in(model: Model, backend: str, artifact: Artifact, start: str) -> Explanation:
    """Explain the first line of a file that begins with a text."""
    number = next(at for at, line in enumerate(artifact.text.splitlines(), 1) if line.strip().startswith(start))
    return explain_line(model, backend, artifact.name, artifact.text, number, spec="model.py")


def said(found: Explanation, about: str) -> list[str]:
    return [text for word, text in found.facts if word == about]


def test_a_statement_says_what_it_computes_and_passes_limits_gradients_and_comments_are_explained() -> None:
    found = explained("nine_weights", "t = ")
    assert found.computes
    assert said(found, "in") == ["_forward: Compute every node; the loss only if y is given."]
    assert (said(found, "node"), said(found, "form")) == (["t = w1*f1 + w2*f2"], ["as the spec has it"])
    found = explained("nine_weights", "d_exp_1 = ")
    assert [form.partition(":")[0] for form in said(found, "form")] == ["differentiate", "limit"]
    assert said(found, "remark") == ["limited to the largest number, since 0 * inf is nan"]
    found = explained("nine_weights", "d_w9 = ")
    assert said(found, "node") == ["d_w9 = d loss / d w9"]
    assert said(found, "formula") == ["d loss / d w9 = -2*(y - y_hat)*sigmoid"]
    assert said(found, "form")[0].startswith("dots: ")
    found = explained("nine_weights", "# 1/(1 + exp(-v))")
    assert said(found, "computes") == ["abs(sin(w3 * f3) * (w4 * f4 + w5 * f5) + w8)"]
    found = explained("nine_weights", "sigmoid_3 = ")
    assert said(found, "node") == ["part of sigmoid = sigmoid(w8 + (w4*f4 + w5*f5)*sin(w3*f3))"]
    assert said(found, "computes") == ["sin(w3 * f3)"]
    (form,) = said(found, "form")
    assert form.startswith("tangents: Exact: the sine and the cosine of a doubled value are computed from its tangent")
    assert "(compiler/passes/tangents.py)" in form
    found = explained("nine_weights", "sigmoid = ")
    assert said(found, "computes") == ["sigmoid(sin(w3 * f3) * (w4 * f4 + w5 * f5) + w8)"]
    assert said(found, "form")[0].startswith("expand: Exact: ops with a stable form are replaced by it")


def test_a_rule_of_the_table_is_named_with_what_it_gains() -> None:
    model = Model("entropy")
    x, y, a = model.feature("x"), model.target("y"), model.weight("a")
    model.loss((y - model.output("y_hat", log(1 + a * x))) ** 2)
    (artifact,) = generate(model, ("numpy",), spec="model.py")
    (rule,) = said(explained_in(model, "numpy", artifact, "y_hat = np."), "rule")
    assert rule.startswith("log(1 + x)")
    assert "(compiler/rewrite/table.py)" in rule


@pytest.mark.parametrize("backend", ["numpy", "scalar", "c"])
def test_statements_of_the_penalty_are_not_said_to_be_the_loss_and_their_graph_is_named(backend: str) -> None:
    model = Model("ridge")
    x, y, a = model.feature("x"), model.target("y"), model.weight("a")
    model.loss((y - a * x) ** 2)
    model.penalty(3 * log(1 + a**2) + a)
    found = provenance(model, backend, spec="model.py", options=PLAIN)
    statements = [origin() for _, origin in found.statements()]
    assert {one.node for one in statements if not one.traced and not one.back} == {"penalty"}
    text = next(one.text for one in statements if one.node == "penalty" and one.named)
    explanation = explained_in(model, backend, next(one for one in found.artifacts if text in one.text), text)
    assert said(explanation, "node") == ["penalty = a + 3*log(a**2 + 1)"]
    assert said(explanation, "form")[0].startswith("of a graph of its own (a penalty")


@pytest.mark.parametrize("backend", ["scalar", "c"])
def test_statements_of_other_backends_are_explained(backend: str) -> None:
    found = explained("nine_weights", "d_y_hat = " if backend == "scalar" else "const double d_y_hat = ", backend)
    assert said(found, "node") == ["d_y_hat = d loss / d y_hat"]
    assert said(found, "remark") == [f"also d_tanh{'_' if backend == 'c' else ''}"]  # at the end of a line


@pytest.mark.parametrize(("start", "text"), [
    ("# @generated", "the header"), ("import numpy", "an import"), ("METADATA", "facts about the model"),
    ("tanh_1: Array", "a field: the value that _forward calls tanh_1"), ("w1, w2", "names for the inputs"),
    ("largest =", "an input or a value"), ("_model = bind", "binds the lines above"), ("grad = ", "the public function grad"),
    ("return Tape", "the results"),
])  # fmt: skip
def test_plumbing_says_what_it_is(start: str, text: str) -> None:
    found = explained("nine_weights", start)
    assert not found.computes
    assert said(found, "is")[0].startswith(text)


def test_a_line_of_an_edited_file_is_found_where_the_spec_has_it_and_refused_where_it_has_it_not() -> None:
    found = explained("nine_weights", "exp = ", edit=("import numpy as np\n", "import numpy as np\n\n# mine\n"))
    assert said(found, "node") == ["exp = exp(w6 + t**2)"]
    with pytest.raises(OptionError, match=r"nine_weights\.py:\d+ is not in what its spec gives now: t = 2\.0 \* w1"):
        explained("nine_weights", "t = ", edit=("t = w1", "t = 2.0 * w1"))
    artifact = provenance(of_corpus("nine_weights"), "numpy", spec="model.py", options=PLAIN).artifacts[0]
    lines = artifact.text.splitlines()
    equal = [at for at, line in enumerate(lines, 1) if line.strip().startswith("d_tanh_1 = ")]
    assert len(equal) > 1  # in two functions
    for number in equal:
        told = [
            explain_line(of_corpus("nine_weights"), "numpy", artifact.name, text, at, spec="model.py").facts
            for text, at in ((artifact.text, number), ("# mine\n" + artifact.text, number + 1))
        ]
        assert told[0] == told[1]
    with pytest.raises(OptionError, match=r"x\.py has 1 lines; there is no line 2"):
        explain_line(CORPUS["energy"](), "numpy", "x.py", "text\n", 2, spec="model.py")


@pytest.mark.parametrize("backend", ["numpy", "scalar", "c"])
@pytest.mark.parametrize("name", ["pieces", "penalty", "softmax", "net_relu"])
def test_every_statement_of_a_text_has_a_value(name: str, backend: str) -> None:
    found = provenance(CORPUS[name](), backend, spec="model.py", options=options_of(()))
    lines = {line.split("  # ")[0].split("  // ")[0].strip() for one in found.artifacts for line in one.text.splitlines()}
    statements = [(text, origin()) for text, origin in found.statements()]
    assert len(statements) >= 3
    assert {text.split("\n")[0] for text, _ in statements} <= lines
    assert all(one.value for _, one in statements)
