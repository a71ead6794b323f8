"""Formulas as texts: hostile ones are refused at a column or stay within limits, honest ones have the right numbers."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from cases import PAYLOAD, Case, Outcome
from names_checks import hints, python, read, refused
from names_docs import written
from names_texts import COMMON, argument_texts

ROWS = "t,y,x,z\n" + "".join(f"{at / 4},{2 * 0.7 ** (at / 4):.6f},{at % 5 + 1},{at % 3 + 0.5}\n" for at in range(12))
REFUSED = {
    "import": f"__import__('os').system({PAYLOAD!r})",
    "exec": f'exec("{PAYLOAD}")',
    "eval": "eval(t)",
    "open": "open(t)",
    "keyword": "lambda*t",
    "attribute": "t.__class__",
    "attributes": "().__class__.__bases__[0].__subclasses__()",
    "attribute of a number": "(1).real",
    "attribute of a function": "exp.__globals__",
    "method": "a.subs(a, 1)",
    "index": "t[0]",
    "slice": "t[0:1]",
    "lambda": "(lambda: 1)()",
    "walrus": "(b := t)",
    "comprehension": "sum(i for i in t)",
    "list": "[t]",
    "dict": "{1: t}",
    "set": "{t}",
    "tuple": "(t, a)",
    "string": "'t'",
    "bytes": "b't'",
    "f-string": "f'{t}'",
    "concatenation": "t 't'",
    "star": "Max(*t)",
    "stars": "Max(**t)",
    "keyword argument": "exp(x=t)",
    "evaluate": "exp(t, evaluate=False)",
    "if": "a if t else b",
    "and": "a and t",
    "not": "not t",
    "comparison": "t < 1",
    "chain": "0 < t < 1",
    "equals": "a == t",
    "assignment": "a = t",
    "statement": f"a; {PAYLOAD}",
    "statement in a line": f"a\n{PAYLOAD}",
    "comment": "a*t # comment",
    "await": "await t",
    "yield": "(yield t)",
    "ellipsis": "...",
    "none": "None*t",
    "true": "True*t",
    "complex": "1j*t",
    "remainder": "a % t",
    "floor division": "a // t",
    "matrix product": "a @ t",
    "xor": "a ^ t",
    "shift": "a << t",
    "bits": "a | t",
    "invert": "~t",
    "decorator": "@t",
    "backslash": "a \\ t",
    "dollar": "$a*t",
    "backquote open": "a*`t",
    "backquotes empty": "a*``",
    "backquotes of none": "a*`no such column`",
    "two tildes": "a ~ t",
    "no brackets": "exp t",
    "open bracket": "exp(t",
    "closed bracket": "a*t)",
    "empty brackets": "()",
    "empty call": "exp()",
    "comma": "exp(t,)" + ",",
    "too many arguments": "exp(t, t, t)",
    "call of a call": "exp(t)(t)",
    "call of a column": "t(a)",
    "unknown function": "nosuch(t)",
    "case of a function": "EXP(a*t)",
    "class": "Symbol('a')",
    "sympify": "sympify('a')",
    "Function": "Function('f')(t)",
    "Lambda": "Lambda(a, a)(t)",
    "S": "S(a)",
    "diff": "diff(a*t, t)",
    "Integral": "Integral(t, t)",
    "Piecewise": "Piecewise((a, t))",
    "two operators": "a */ t",
    "operator first": "* a",
    "operator last": "a *",
    "juxtaposition": "2 t",
    "number and name": "2t",
    "comma as a point": "0,5*t",
    "two points": "1.2.3*t",
    "hexadecimal": "0xfg*t",
    "exponent": "1e*t",
    "digits of other scripts": "\u0661*a*t",
    "superscript": "a*t\u00b2",
    "times": "a\u00d7t",
    "dot": "a\u00b7t",
    "minus of typography": "a \u2212 t",
    "division slash": "a\u2215t",
    "root": "\u221at",
    "blank of no width": "a\u200b*t",
    "quotes of typography": "\u201ct\u201d",
    "fullwidth": "\uff41\uff0a\uff54",
    "fullwidth call": "\uff45xec(t)",
    "mathematical letters": "\U0001d41e\U0001d431\U0001d429(t)*__import__(t)",
    "tower": "9**9**9*a*t",
    "tower of a sum": "(1+1)**(2**40)*t",
    "tower in an exponent": "a*t**(9**9**9)",
    "negative tower": "2**-(9**9**9)*t",
    "tower, of fractions": "(1/3)**(9**8)*t*a",
    "huge number": "1e999*t",
    "huge integer": "9" * 400 + "*a*t",
    "integer of 10,000 digits": "9" * 10_000 + "*a*t",
    "tiny number": "1e-999*t",
    "not finite": "nan*t*a/0",
    "division by zero": "a/0*t",
    "remainder by zero": "Mod(a*t, 1 - 1)",
    "remainder by what is too small": "Mod(a*t, 10**-400)",
    "zero to minus one": "0**-1*t",
    "log of zero": "log(0)*t",
    "brackets 200 deep open": "(" * 200 + "t",
    "factorial": "factorial(99999)*t",
    "binomial": "binomial(99999, 50000)*t",
    "gamma of a huge number": "gamma(1e9)*a*t",
    "target on both sides": "y*a",
    "y on the right": "a*t + y",
}
"""Right sides that are no formulas of the language, or whose numbers no double holds."""
LIMITED = {
    "brackets 990 deep": "(" * 990 + "t" + ")" * 990,
    "calls 300 deep": "exp(" * 300 + "t" + ")" * 300,
    "calls 390 deep": "sin(" * 390 + "a*t" + ")" * 390,
    "signs": "-" * 1900 + "t",
    "signs, even": "+-" * 900 + "t",
    "powers in a tower": "t" + "**2" * 60,
    "powers of powers": "a**t" + "**t" * 400,
    "10,000 terms": " + ".join(f"{at}*t" for at in range(10_000)),
    "10,000 terms of one weight": "a*t + " + " + ".join(f"t*{at}.5" for at in range(10_000)),
    "200 weights": " + ".join(f"w{at}*t" for at in range(200)),
    "900 factors": "*".join(["t"] * 900),
    "Max of 40": "Max(" + ", ".join(f"a*t - {at}" for at in range(40)) + ")",
    "Max of 40 weights": "Max(" + ", ".join(f"c{at}*t" for at in range(40)) + ")",
    "Min in Max in Min": "Min(t, Max(a, " * 12 + "t" + "))" * 12,
    "Max of 200": "Max(" + ", ".join(f"a*t-{at}" for at in range(200)) + ")",
    "expansion": "(a + t + b + 1)**60",
    "expansion of products": "*".join(f"(a + t + {at})" for at in range(100)),
    "quotients": "1/(" * 200 + "a + t" + ")" * 200,
    "nested roots": "sqrt(1 + " * 100 + "a*t" + ")" * 100,
    "trigonometric sums": "sin(" + " + ".join(f"a*t*{at}" for at in range(1, 190)) + ")",
    "blank megabyte": "a*t" + " " * 10**6,
    "name of a megabyte": "a" * 10**6 + "*t",
    "zeros": "0" * 10**5 + "1.5*a*t",
    "digits": "0." + "1" * 10**5 + "*a*t",
    "commas": "Max(" + "," * 1900 + ")",
    "tildes": "~" * 1900,
    "backquotes": "`" * 1901,
    "power of a sum to a thousand": "(a + t)**1000",
    "rational power": "(a*t)**(1/1000003)",
    "polynomial of 140": " + ".join(f"c{at % 30}*t**{at}" for at in range(140)),
    "erf of erf": "erf(" * 60 + "a*t" + ")" * 60,
    "Mod": "Mod(a*t, 10**300) + Mod(t, 1e-300)*a",
    "besselj of a huge order": "besselj(10**6, a*t)",
    "polygamma of a huge order": "polygamma(10**5, a + t)",
    "cos of a huge number": "cos(10**300)*a*t",
    "exp of a huge number": "exp(10**6)*a*t",
    "log of a huge number": "log(7**700)*a*t",
    "root of a huge number": "sqrt(10**301 + 1)*a*t",
    "atan of many": " + ".join(f"atan({at}*a*t)" for at in range(100)),
}
"""Right sides that cost much: read or refused within the limits."""
HONEST: dict[str, tuple[str, Callable[..., object]]] = {
    "decay": ("a*exp(-b*t)", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "blanks": ("  a *  exp( - b*t )  ", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "tabs": ("a\t*\texp(-b*t)", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "power right to left": ("a*x**2**0.5 + b", lambda t, x, z, a, b: a * x ** (2**0.5) + b),
    "minus before a power": ("-x**2*a + b*t", lambda t, x, z, a, b: -(x**2) * a + b * t),
    "power of a minus": ("a*x**-z + b", lambda t, x, z, a, b: a * x**-z + b),
    "quotients from the left": ("a/x/z*b", lambda t, x, z, a, b: a / x / z * b),
    "numbers": ("a*1000.5e-3 + b*.5*t + 5.*x", lambda t, x, z, a, b: a * 1.0005 + b * 0.5 * t + 5 * x),
    "pi": ("a*sin(pi*t) + b", lambda t, x, z, a, b: a * np.sin(np.pi * t) + b),
    "functions": ("a*tanh(t) + b*log(x) + sqrt(z)", lambda t, x, z, a, b: a * np.tanh(t) + b * np.log(x) + np.sqrt(z)),
    "Max": ("Max(a*t, b*x, z)", lambda t, x, z, a, b: np.maximum(np.maximum(a * t, b * x), z)),
    "brackets": ("((((a))))*(((t)) + (b))", lambda t, x, z, a, b: a * (t + b)),
    "brackets 60 deep": ("(" * 60 + "a*t + b" + ")" * 60, lambda t, x, z, a, b: a * t + b),
    "60 terms": ("a*t + b + " + " + ".join(["x*z"] * 60), lambda t, x, z, a, b: a * t + b + 60 * x * z),
    "double minus": ("a*t - -b", lambda t, x, z, a, b: a * t + b),
    "Greek": ("\u03b1*exp(-\u03b2*t)", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "names of C": ("double*exp(-int*t)", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "backquotes": ("a*exp(-b*`t`)", lambda t, x, z, a, b: a * np.exp(-b * t)),
    "large power": ("a*(x/9)**80 + b", lambda t, x, z, a, b: a * (x / 9) ** 80 + b),
    "small numbers": ("a*1e-300*t*1e300 + b", lambda t, x, z, a, b: a * t + b),
    "relu": ("a*relu(t - 1) + b", lambda t, x, z, a, b: a * np.maximum(t - 1, 0) + b),
}
"""Right sides of two weights, in the order in which they are named, and what they are worth."""


def cases(rng: random.Random) -> Iterator[Case]:
    """Formulas for the command line and in Python."""
    for name, text in REFUSED.items():
        yield _fit(f"refused: {name}", f"y ~ {text}", refused("column" if "," not in name else ""))
    for name, text in LIMITED.items():
        yield Case(f"formula, limits: {name}", call=partial(_modelled, f"y ~ {text}"), prepare=_rows, seconds=10.0)
    for at, (name, text) in enumerate(argument_texts().items()):
        if not text.isidentifier() and name != "option" and at % 2:
            formula = (f"{text} ~ a*t", f"y ~ a*t + {text}", text)[at // 2 % 3]
            yield _fit(f"text {at // 2 % 3}: {name}", formula, refused())
    for name, text in {**COMMON, "tower": "9**9**9*t", "code": f"exec({PAYLOAD!r})", "attribute": "t.real"}.items():
        yield _fit(f"sigma: {name}", "y ~ a*exp(-k*t)", refused(), "--sigma", text)
    for name, (text, value) in HONEST.items():
        yield Case(f"formula, honest: {name}", call=partial(_right, text, value), prepare=_rows, codes=(0,))
        words = ["new", "made", "--formula", f"y ~ {text}", "--data", "rows.csv"]
        yield Case(f"formula, new: {name}", words, prepare=_rows, codes=(0,), check=partial(_check_new, text))
    for at in range(12):
        yield Case(f"formula, noise {at}", call=partial(_modelled, f"y ~ {_noise(rng)}"), prepare=_rows, seconds=10.0)
    derived = {**{name: REFUSED[name] for name in list(REFUSED)[:30]}, "tower": "9**9**9", "honest": "a/k"}
    yield Case("formula, derived", call=partial(_derived, derived), prepare=_rows, codes=(0,))


def _rows(folder: Path) -> None:
    (folder / "rows.csv").write_text(ROWS)


def _fit(name: str, formula: str, check: Callable[[Path, Outcome], str], *more: str) -> Case:
    return Case(
        f"formula, {name}", ["fit", formula, "--data", "rows.csv", *more], prepare=_rows, check=check, codes=(2,), seconds=10.0
    )


_SIGNS = "a b t x exp sin log Max ( ) ( ) + - * / ** , ~ 1 2.5 1e3 ` . _ [ ] : = ' # pi"


def _noise(rng: random.Random) -> str:
    """Return a formula with words and signs in any order."""
    return " ".join(rng.choice(_SIGNS.split()) for _ in range(rng.randint(3, 14)))


def _modelled(formula: str, folder: Path) -> None:
    from symgraph import Model
    from symgraph.compiler.generate import generate

    model = Model.from_formula(formula, ("t", "y", "x", "z"))
    if len(formula) < 2100:
        generate(model, ("numpy",))


def _right(text: str, value: Callable[..., object], folder: Path) -> None:
    """Compute with the module of a formula, and raise where it differs."""
    import symgraph

    model = symgraph.Model.from_formula(f"y ~ {text}", ("t", "y", "x", "z"))
    written(model, ("numpy",), folder)
    module = symgraph.load(folder / "formula.py", backend="numpy")
    table = np.genfromtxt(folder / "rows.csv", delimiter=",", names=True)
    right = value(table["t"], table["x"], table["z"], 1.25, 0.75)
    np.testing.assert_allclose(module.predict([1.25, 0.75], table), right, rtol=1e-13)


def _check_new(text: str, folder: Path, outcome: Outcome) -> str:
    return python(read(folder / "made.py"), "made.py") or hints(outcome, "made.py")


def _derived(texts: dict[str, str], folder: Path) -> None:
    """Ask a fit for quantities that are given as texts: all but one are refused."""
    import symgraph

    table = np.genfromtxt(folder / "rows.csv", delimiter=",", names=True)
    result = symgraph.fit(symgraph.Model.from_formula("y ~ a*exp(-k*t)", table.dtype.names), table)
    for name, text in texts.items():
        try:
            told = result.derived(text).value
        except symgraph.SymgraphError as error:
            told = error
        if name == "honest":
            assert abs(told - result.values["a"] / result.values["k"]) < 1e-9, told
        else:
            assert isinstance(told, symgraph.SymgraphError), (name, told)
            assert len(str(told)) < 3000, name
