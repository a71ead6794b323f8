"""Identifiers that mean something to Python, NumPy, C or the text of a module: each must get through with right numbers."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, Outcome
from names_checks import c, python, read, refused
from names_docs import check_pages, draw_all, written

_WORDS = """
False None True and as assert async await break class continue def del elif else except finally for from global if import
in is lambda nonlocal not or pass raise return try while with yield match case type print open eval exec len sum abs float
int str list dict tuple object super self cls id input dir vars property max min range np numpy math sympy symgraph S N E
I pi oo nan inf Symbol sin exp sqrt gamma beta zeta Q O Any Mapping Sequence NamedTuple Array Constant Facts Lines RowSum
bind known select Tape MODEL FEATURES TARGET WEIGHTS NODES METADATA ABI OUTPUTS forward backward grad predict jacobian
residual pack unpack penalty row cotangent tape w X x Y dtype n m threads reduction sample_weight count index mro auto
char const default do double enum extern goto inline long register restrict short signed sizeof static struct switch
typedef union unsigned void volatile NULL EOF INFINITY NAN HUGE_VAL M_PI DBL_MAX FLT_MAX SIZE_MAX INT64_MAX uint64_t
size_t errno main unix linux i386 memcpy memset strlen fabs fmin fma pow log1p expm1 erf tgamma lgamma signgam y0 y1 j0 j1
jn div exit abort signal bool true false complex new delete template this namespace operator asm typeof nodes loss_ out
data result rows batch work s g r e i j k l a_ d dx da d1 t1 tmp part1 y_hat W b1e5 e1 E1 x1e1 O0 l1
"""
WORDS = tuple(_WORDS.split())
"""Words of Python, its built-in functions, NumPy, SymPy, generated modules, named tuples, C, its headers and compilers."""
_RESERVED = "_fields _replace _asdict _make _Bool _Complex __class__ __builtins__ _ __ d_a d_loss"
RESERVED = tuple(_RESERVED.split())
_UNICODE = """
\u03b1 \u03b2 \u03b3 \u03bb \u03bc \u03c0 \u03a9 \u0394x \u03c3_1 \u00f1 gr\u00f6\u00dfe
\u043a\u043b\u044e\u0447 \u53d8\u91cf \u0645\u062a\u063a\u064a\u0631 \u05de\u05e9\u05ea\u05e0\u05d4
\u00e91 x\u0302 \u0227 \uac00
\u03c6 \u03b5 \u0131 \u0130 \u00df \u1e9e \u0435 \u0441 \u043e
"""
UNICODE = tuple(_UNICODE.split())
_READ_OTHERWISE = """
\uff41 \uff58\uff11 \u00aa \u017f \ufb01 \U0001d431 \U0001d6fc \u210e \u212a \u212b \u03d5
\u00b5 \u03f5 \u1d62 \u2113 \u211d x\u00b9 x\u2081 e\u0301 \u1e9b\u0323
\u338f \u2167 \ufdfa
"""
READ_OTHERWISE = tuple(_READ_OTHERWISE.split())
"""Names that Python reads as others, or not at all."""
ROLES = ("feature", "weight", "constant", "node", "output", "target")
"""Roles that are filled in turn, so that each word fills each."""
MODULES = (
    "math",
    "string",
    "stdio",
    "numpy",
    "sys",
    "os",
    "time",
    "symgraph",
    "sympy",
    "test",
    "nul",
    "con",
    "aux",
    "decay_row",
)
"""Names of modules and headers, which a model might shadow, and of devices."""
PAGED = (
    "\u03b1",
    "gr\u00f6\u00dfe",
    "\u53d8\u91cf",
    "\u0645\u062a\u063a\u064a\u0631",
    "\u03bb_1",
    "x\u0302",
    "x__y",
    "x_1_2",
    "alpha_beta",
    "a" * 300,
)
"""Names that are written in a special way in formulas."""


def cases() -> Iterator[Case]:
    """Words in all roles, pairs that look or become alike, and names of models."""
    words = [*WORDS, *UNICODE]
    for at in range(0, len(words), 3):
        chosen = [words[(at + step * 43) % len(words)] for step in range(2 * len(ROLES))]
        name = f"words {at}: {_plain(' '.join(chosen))}"
        yield Case(name, call=partial(_of_words, chosen), codes=(0,), check=_check_of_words)
    for at, word in enumerate([*READ_OTHERWISE, *RESERVED]):
        chosen = [f"p{number}" for number in range(len(ROLES))]
        chosen[at % len(ROLES)] = word
        name = f"refused as {ROLES[at % len(ROLES)]}: {_plain(word)}"
        yield Case(name, call=partial(_of_words, chosen), codes=(2,), check=refused(ROLES[at % len(ROLES)]))
    for at, (one, other) in enumerate(_alike()):
        roles = ((1, 2), (0, 3), (4, 0), (5, 2))[at % 4]
        chosen = [f"p{number}" for number in range(len(ROLES))]
        chosen[roles[0]], chosen[roles[1]] = one, other
        name = f"alike {at}, {ROLES[roles[0]]} and {ROLES[roles[1]]}: {_plain(f'{one} {other}')}"
        yield Case(name, call=partial(_of_words, chosen), check=_check_of_words)
    for at, word in enumerate([*WORDS, *UNICODE]):
        if at % 12 == 0:
            yield Case(f"model {_plain(word)}", call=partial(_of_a_model, word), check=partial(_check_of_a_model, word))
    for word in MODULES:
        yield Case(f"model {word}, a module", call=partial(_of_a_model, word), check=partial(_check_of_a_model, word))
    for word in PAGED:
        for role in (0, 3) if word.isascii() else (1, 4):
            chosen = [f"p{number}" for number in range(len(ROLES))]
            chosen[role] = word
            name = f"pages, {ROLES[role]} {_plain(word)[:40]}"
            yield Case(name, call=partial(_pages, chosen), check=partial(check_pages, ""))


def _plain(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _alike() -> Iterator[tuple[str, str]]:
    """Yield pairs of names that Python or a reader takes for one, or that a text of a module may make one."""
    yield from (
        ("\u00b5", "\u03bc"), ("\ufb01", "fi"), ("\u212a", "K"), ("\U0001d431", "x"), ("\u00aa", "a"), ("\u017f", "s"),
        ("\u00e9", "e\u0301"), ("\u212b", "\u00c5"),
        ("\uff58", "x"), ("\u03d5", "\u03c6"), ("a", "\u0430"), ("o", "\u03bf"),
        ("e", "\u0435"), ("class", "class_"), ("class_", "class__"),
        ("w", "w_"), ("x", "x_"), ("X", "x"), ("a", "A"), ("y_hat", "y_hat_"), ("double", "double_"), ("np", "np_"),
        ("a", "a_"), ("a_b", "a__b"), ("l", "I"), ("x1", "x_1"), ("x", "x\u200d"), ("\ufb00", "ff"), ("\u210c", "H"),
        ("\u2177", "viii"), ("a1", "a\uff11"), ("lambda", "lambda_"), ("grad", "grad_"), ("p5_re", "p5_im"),
    )  # fmt: skip
    yield from combinations(("exp", "exp_", "exp__"), 2)


def model_of(words: Sequence[str], name: str = "named") -> Any:
    """Return a model whose names, in the order of ROLES, are words; of twice as many the rest are a second of each."""
    import sympy as sp

    from symgraph import Model

    words = [*words, *(f"other{number}" for number in range(2 * len(ROLES) - len(words)))]
    feature, weight, constant, node, output, target, feature_2, weight_2, constant_2, node_2, *_ = words
    model = Model(name)
    u, v, w = model.feature(feature, domain=(0, 5)), model.target(target), model.feature(feature_2, domain=(0, 1))
    p, q = model.weight(weight, init=1.0), model.weight(weight_2, init=1.0)
    inner = model.node(node, p * sp.exp(-q * u) + model.constant(constant, 0.25))
    outer = model.node(node_2, inner * w + model.constant(constant_2, 0.5))
    model.residual(model.output(output, 2 * outer) - v)
    return model


def _of_words(words: Sequence[str], folder: Path) -> None:
    """Write the modules of a model, and hold their numbers against the formula."""
    written(model_of(words), ("numpy", "scalar", "c", "array_api"), folder)
    _judge(folder, "named", words)


def _judge(folder: Path, name: str, words: Sequence[str]) -> None:
    """Compute with the modules, and raise where numbers or names differ from what the spec says."""
    import symgraph

    module = symgraph.load(folder / f"{name}.py", backend="numpy")
    X, y, w = np.array([[0.0, 1.0], [1.0, 0.5], [2.5, 0.25]]), np.array([1.0, 0.5, 2.0]), np.array([2.0, 0.75])
    t, share = X.T
    level = 2 * ((w[0] * np.exp(-w[1] * t) + 0.25) * share + 0.5)
    slopes = np.stack([2 * share * np.exp(-w[1] * t), -2 * share * t * w[0] * np.exp(-w[1] * t)], axis=1)
    np.testing.assert_allclose(module.predict(w, X), level, rtol=1e-13)
    np.testing.assert_allclose(module.grad(w, X, y), ((level - y)[:, None] * slopes).mean(axis=0), rtol=1e-12)
    scalar = symgraph.load(folder / f"{name}_scalar.py")
    grad = [0.0, 0.0]
    for row in range(3):
        loss = scalar.row(list(w), list(X[row]), y[row], grad)
        np.testing.assert_allclose(loss, (level[row] - y[row]) ** 2 / 2, rtol=1e-12)
        np.testing.assert_allclose(grad, (level[row] - y[row]) * slopes[row], rtol=1e-12)
    known = {*module.FEATURES, *module.WEIGHTS, *module.NODES, *module.CONSTANTS, module.TARGET}
    missed = {*words[:10]} - known
    assert not missed, f"{missed} are no names of the module"


def _check_of_words(folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return ""
    for name in ("named.py", "named_scalar.py", "named_array_api.py"):
        if told := python(read(folder / name), name):
            return told
    return c(folder, "named.c")


def _of_a_model(word: str, folder: Path) -> None:
    words = [f"p{number}" for number in range(len(ROLES))]
    written(model_of(words, word), ("numpy", "scalar"), folder)
    written(model_of(words, word), ("c",), folder)
    _judge(folder, word, words)


def _check_of_a_model(word: str, folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return "the error does not name the model" if _plain(word)[:3] not in outcome.err.decode() and word.isascii() else ""
    return c(folder, f"{unicodedata.normalize('NFC', word)}.c")


def _pages(words: Sequence[str], folder: Path) -> None:
    feature, weight, _, _, _, target = words
    draw_all(model_of(words), folder, {weight: 2.0, "other1": 0.5}, {feature: 1.0, "other0": 0.5, target: 1.5})
