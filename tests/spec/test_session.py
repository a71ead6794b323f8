"""Mistakes in a user's own code, at a prompt or in a notebook, are answered below the error by what to write."""

import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.special
import sympy

import symgraph
from symgraph.spec.equivalents import equivalent
from symgraph.spec.habits import answer
from symgraph.spec.session import listen


@pytest.fixture
def names(monkeypatch: Any) -> Any:
    """The names of a session in which a model has been declared, at Python's prompt."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    listen.cache_clear()
    model = symgraph.Model("m")
    (x, z), (a, b) = model.features("x z"), model.weights("a b")
    known = {"np": np, "sp": sympy, "math": math, "special": scipy.special, "model": model, "symgraph": symgraph}
    yield {**known, "x": x, "z": z, "a": a, "b": b, "t": sympy.Symbol("t")}
    listen.cache_clear()


TRUTH = "x > 0 is decided row by row, not here; write Piecewise((..., x > 0), (..., True)) instead of if"

ANSWERED = {
    "np.exp(a)": "np.exp takes numbers, and a is a symbol; write sympy.exp(a)",
    "np.exp(a*x)": "np.exp takes numbers, and a*x is a formula; write sympy.exp(a*x)",
    "np.exp(x**2)": "np.exp takes numbers, not formulas; write sympy.exp(...)",  # a power has an attribute exp
    "np.exp(sp.exp(a*x))": "np.exp takes numbers, not formulas; write sympy.exp(...)",
    "np.log1p(a*x)": "write symgraph.log1p(a*x)",
    "np.log10(a*x)": "write sympy.log(a*x, 10)",
    "np.hypot(a*x, 1)": "write symgraph.hypot(...)",
    "np.logaddexp(a*x, 0)": "np.logaddexp takes numbers, not formulas; write symgraph.logaddexp(...)",
    "np.rint(a*x)": "np.rint takes numbers, and a*x is a formula; use the functions of SymPy and symgraph instead",
    "np.sinc(x)": "is a formula for one row, not an array",
    "np.linalg.norm([a, x])": "write sympy.sqrt(a**2 + x**2)",
    "special.expit(a*x)": "expit takes numbers, not formulas; write symgraph.sigmoid(...)",
    "math.exp(a*x)": "a*x is a formula, not a number; use SymPy's functions instead of those of math",
    "float(x)": "x is a formula, not a number",
    "round(a*x)": "use SymPy's floor",
    "a if x > 0 else b": TRUTH,
    "np.where(x > 0, a, b)": TRUTH,
    "np.maximum(x, 0)": "write sympy.Max(x, 0)",
    "np.maximum(a*x, 0)": "Piecewise((..., a*x >= 0), (..., True))",
    "a if math.pi*a*x > 0 else b": "is decided row by row",
    "(a*x).exp()": "a*x is a formula, which has no exp; write sympy.exp(a*x)",
    "(a*x)[0]": "a symbol is one number of a row",
    "x.target()": "declarations are of the model",
    "sp.Max([a, x])": "write Max(a, b) instead of Max([a, b])",
}

LEFT_ALONE = {
    "sp.exp(t) if t > 0 else 1": "TypeError: cannot determine truth value of Relational: t > 0",
    "np.exp(t)": "TypeError: loop of ufunc does not support argument 0 of type Symbol which has no callable exp method",
    "np.exp(np.array([None]))": "TypeError: loop of ufunc does not support argument 0 of type NoneType",
    "x; np.exp(np.array([None]))": "TypeError: loop of ufunc does not support argument 0 of type NoneType",
    "float(t)": "TypeError: Cannot convert expression to float",
    "t ^ 2": "TypeError: unsupported operand type(s) for ^: 'Symbol' and 'int'",
    "model.fature": "AttributeError: 'Model' object has no attribute 'fature'",
    "1/0": "ZeroDivisionError: division by zero",
    "undefined": "NameError: name 'undefined' is not defined",
}


def raised(line: str, names: dict[str, object]) -> BaseException:
    """Run a line as Python's prompt does, and return its error."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  of any kind
        exec(compile(line, "<stdin>", "single"), names)
    first = caught.tb.tb_next  # without the line above
    return caught.value.with_traceback(first)


def shown(error: BaseException, capsys: Any) -> str:
    sys.excepthook(type(error), error, error.__traceback__)
    return capsys.readouterr().err


@pytest.mark.parametrize("line", ANSWERED)
def test_a_habit_of_numeric_code_is_answered_at_the_prompt(line: str, names: dict[str, object], capsys: Any) -> None:
    text = shown(raised(line, names), capsys)
    assert 'File "<stdin>", line 1' in text
    assert ANSWERED[line] in text.splitlines()[-1], text


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_other_errors_are_shown_as_ever(line: str, names: dict[str, object], capsys: Any) -> None:
    error = raised(line, names)
    text = shown(error, capsys)
    assert LEFT_ALONE[line] in text
    sys.excepthook = sys.__excepthook__
    assert shown(error, capsys) == text
    assert not hasattr(error, "__notes__")


def test_the_function_that_showed_errors_before_shows_them_still(names: dict[str, object], monkeypatch: Any) -> None:
    seen: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(error))
    listen.cache_clear()
    symgraph.Model("other").feature("u")
    hook = sys.excepthook
    symgraph.Model("another").feature("u")
    assert sys.excepthook is hook
    error = raised("np.exp(a*x)", names)
    hook(type(error), error, error.__traceback__)
    hook(type(error), error, error.__traceback__)
    assert seen == [error, error]
    assert error.__notes__ == ["symgraph: np.exp takes numbers, and a*x is a formula; write sympy.exp(a*x)"]


def test_an_error_in_a_function_of_the_users_is_answered_but_none_of_ours_and_no_long_formula_is_written_out(
    names: dict[str, object],
) -> None:
    exec("def relu(v):\n    return v if v > 0 else 0\n", names)
    assert "a*x > 0 is decided row by row" in answer(raised("relu(a*x)", names))
    exec("def rates(state, time):\n    return -a*np.sqrt(state[0])\n", names)
    assert "write sympy.sqrt(" in answer(raised("model.rk4(rates, {'u': a*x}, (0, 1), 1)", names))
    ours = {**names, "__name__": "symgraph.spec.steps"}
    exec("def relu(v):\n    return v if v > 0 else 0\n", ours)
    names["relu"] = ours["relu"]
    assert answer(raised("relu(a*x)", names)) == ""
    said = answer(raised("np.log(sum(a*x**i for i in range(30)))", names))
    assert said == "np.log takes numbers, and ... is a formula; write sympy.log(...)"
    names["deep"] = names["x"]
    exec("for i in range(1010): deep = sp.Pow(deep, 2, evaluate=False)", names)
    assert answer(raised("np.log(deep)", names)) == said


def test_ipython_writes_the_answer_below_the_error(names: dict[str, object], monkeypatch: Any, capsys: Any) -> None:
    registered: list[Any] = []
    shell = SimpleNamespace(events=SimpleNamespace(register=lambda *row: registered.append(row)))
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]  # of IPython itself
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    hook = sys.excepthook
    listen.cache_clear()
    symgraph.Model("other").feature("u")
    assert sys.excepthook is hook
    [(event, after_cell)] = registered
    assert event == "post_run_cell"
    after_cell(None)
    assert capsys.readouterr() == ("", "")
    for line in ("np.exp(a*x)", "1/0"):
        monkeypatch.setattr(sys, "last_value", raised(line, names), raising=False)  # as IPython does
        after_cell(None)
        after_cell(None)
    assert capsys.readouterr().err == "symgraph: np.exp takes numbers, and a*x is a formula; write sympy.exp(a*x)\n"


TWO = ("arctan2", "fmax", "fmod", "iv", "jv", "kv", "maximum", "hypot", "minimum", "logaddexp", "remainder", "xlogy", "yv")


@pytest.mark.parametrize("name", ["exp", "tanh", "expit", "gammaln", "log2", "exp2", "psi", "heaviside", "dawsn", "exp1", *TWO])
def test_a_model_takes_what_is_to_be_written(name: str) -> None:
    model = symgraph.Model("m")
    w = model.weight("w", domain=(1, 2))
    text = equivalent(name, "1, w" if name in TWO else "w")
    model.output("y_hat", eval(text, {"sympy": sympy, "symgraph": symgraph, "w": w}))


@pytest.mark.slow  # it starts IPython, which need not be installed
def test_ipython_itself_writes_the_answer_below_the_error(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    (tmp_path / "spec.py").write_text("import symgraph\nx = symgraph.Model('m').feature('x')\nif 2*x > 0:\n    pass\n")
    first = "import numpy as np, symgraph\nx = symgraph.Model('m').feature('x')\nnp.exp(2*x)"
    cells = (first, "1/0", "x + 1", f"%run {(tmp_path / 'spec.py').as_posix()}")
    text = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in {cells}:
    shell.run_cell(cell)
"""
    environment = os.environ | {"IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, env=environment)
    numpy, truth = done.stderr.splitlines()
    assert numpy == "symgraph: np.exp takes numbers, and 2*x is a formula; write sympy.exp(2*x)"
    assert truth.startswith("symgraph: 2*x > 0 is decided row by row, not here; write Piecewise((..., 2*x > 0), (..., True))")
