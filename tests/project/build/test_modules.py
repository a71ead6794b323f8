"""symgraph.compile: a model's module without a file."""

import math
import subprocess
import sys
import traceback

import pytest
import sympy
from built import artifacts
from zoo import ZOO

import symgraph
from symgraph import Model
from symgraph.compiler.derive.op_graphs import fragment
from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import OptionError, VerificationError
from symgraph.project.build import modules


@pytest.mark.parametrize("backend", ["numpy", "scalar"])
def test_the_text_is_verified_before_it_is_handed_out(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    def forged(*arguments: object, **options: object) -> tuple[Artifact, ...]:
        made = generate(*arguments, **options)
        # a factor of the derivative by a
        return tuple(Artifact(one.name, one.text.replace("-2.0", "-2.001"), one.backend) for one in made)

    monkeypatch.setattr(modules, "generate", forged)
    with pytest.raises(VerificationError, match="model line"):
        symgraph.compile(ZOO["line"](), backend=backend)


def test_an_unknown_backend_and_what_is_no_model_are_refused_as_such() -> None:
    with pytest.raises(OptionError, match="backend 'no_such_backend' is unknown; known are auto, native, numpy, scalar, c"):
        symgraph.compile(ZOO["line"](), backend="no_such_backend")
    with pytest.raises(OptionError, match=r"compile needs a symgraph\.Model, not 3"):
        symgraph.compile(3)


def test_two_models_of_one_name_keep_apart() -> None:
    first = symgraph.compile(ZOO["line"](), "numpy")
    other = symgraph.Model("line")
    a, b = other.weights("a b")
    other.loss(a**2 + b**2)
    assert symgraph.compile(other, "numpy").FEATURES == ()
    # the first one still works: it holds nothing that the second one replaced
    assert first.forward([1.0, 2.0], 3.0).y_hat == 5.0


def test_a_model_may_be_written_and_compiled_where_sympy_does_not_evaluate() -> None:
    fragment.cache_clear()  # rows of the op table that are lowered there are to be those that are lowered elsewhere
    with sympy.evaluate(False):
        model = Model("plain")
        x, y = model.features("x1:3"), model.target("y")
        w = model.weights("w1:4")
        h = model.node("h", sympy.tanh(sympy.Add(w[0] * x[0], w[1] * x[1], w[2])))
        model.loss((y - model.output("y_hat", w[0] * h)) ** 2)
        (inside,) = generate(model)
        symgraph.compile(model, "numpy")  # verified
    fragment.cache_clear()
    (outside,) = generate(model)
    assert inside == outside


def test_symgraph_may_be_imported_where_sympy_does_not_evaluate() -> None:
    script = """
import sympy
with sympy.evaluate(False):
    from symgraph import Model, compile
    model = Model("inside")
    x, a = model.feature("x"), model.weight("a")
    model.loss((sympy.tanh(a * x) + sympy.erf(a)) ** 2)
    print(compile(model).loss([0.5], [1.0]))
"""
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert float(printed) == pytest.approx((math.tanh(0.5) + math.erf(0.5)) ** 2, rel=1e-15, abs=0.0)


def test_a_traceback_shows_the_generated_line() -> None:
    module = modules.load_artifact(artifacts("line")[0])
    with pytest.raises(ValueError, match="w has shape") as raised:
        module.predict([1.0, 2.0, 3.0], [1.0])
    shown = "".join(traceback.format_exception(raised.value))
    assert "return self._of_each(" in shown  # a line of the binding
    assert "w has shape (3,), line needs (2,): a, b" in shown
