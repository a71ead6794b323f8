"""Languages in which formulas are written: plain text, LaTeX, and MathML that browsers render without scripts."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, get_args

Language = Literal["text", "latex", "mathml"]
"""Names of the languages."""


def _parts_of(text: str) -> tuple[str, str, list[str]]:
    """Take a name apart: y_hat is a letter with an accent, w1 one with an index.

    One with an underscore at an end, or two together, one like log_x or of many words stays whole.
    """
    head, *indices = text.split("_")
    words = [index for index in indices if len(index) > 1 and not index.isdigit() and index not in _ACCENTS]
    if not all((head, *indices)) or (indices and head in _FUNCTIONS) or len("_".join(words)) > _LONG:
        return text, "", []
    accent = indices.pop(0) if indices and indices[0] in _ACCENTS else ""
    found = re.fullmatch(r"(\D+)(\d+)", head)
    if found:
        head, indices = found[1], [found[2], *indices]
    return head, accent, indices


_ACCENTS: Mapping[str, str] = MappingProxyType({"hat": "^", "bar": "¯", "tilde": "~"})
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi",
     "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
     "Upsilon", "Phi", "Psi", "Omega"}
)  # fmt: skip
"""Letters that LaTeX and HTML know by these names."""
_FUNCTIONS = frozenset({"log", "ln", "exp", "logit", "sqrt", "max", "min"})
"""Functions that begin names of their values; with an index they would read as others, as a logarithm to a base."""
_LONG = 12
"""Most signs of the words of an index; they are small, and smaller in exponents."""
_LATEX_FUNCTIONS = frozenset({"sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "exp", "max", "min"})

_FORMS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "accented": ("{0}_{1}", r"\{1}{{{0}}}", '<mover accent="true">{0}<mo stretchy="false">{2}</mo></mover>'),
        "indexed": ("{0}_{1}", "{0}_{{{1}}}", "<msub>{0}<mrow>{1}</mrow></msub>"),
        "indices": ("_", " ", '<mspace width="0.2em"/>'),
        "cotangent": ("d_{0}", "d_{{{0}}}", "<msub><mi>d</mi><mrow>{0}</mrow></msub>"),
        "number": ("{0}", "{0}", "<mn>{0}</mn>"),
        "scientific": (
            "{0}e{1}",
            r"{0} \cdot 10^{{{1}}}",
            "<mrow><mn>{0}</mn><mo>·</mo><msup><mn>10</mn><mrow>{2}<mn>{3}</mn></mrow></msup></mrow>",
        ),
        "bracket": ("({0})", r"\left({0}\right)", "<mrow><mo>(</mo>{0}<mo>)</mo></mrow>"),
        "+": (" + ", " + ", "<mo>+</mo>"),
        "-": (" - ", " - ", "<mo>&#x2212;</mo>"),
        "negative": ("-{0}", "-{0}", '<mo form="prefix">&#x2212;</mo>{0}'),
        "times": ("*", r" \, ", '<mspace width="0.22em"/>'),
        "times a word": ("*", r" \cdot ", "<mo>⋅</mo>"),
        "over": ("{0}/{1}", r"\frac{{{0}}}{{{1}}}", "<mfrac><mrow>{0}</mrow><mrow>{1}</mrow></mfrac>"),
        "power": ("{0}**{1}", "{0}^{{{1}}}", "<msup><mrow>{0}</mrow><mrow>{1}</mrow></msup>"),
        "root": ("sqrt({0})", r"\sqrt{{{0}}}", "<msqrt>{0}</msqrt>"),
        "arguments": (", ", ", ", "<mo>,</mo>"),
        "call": ("{0}({1})", r"{0}\left({1}\right)", "<mrow><mi>{0}</mi><mrow><mo>(</mo>{1}<mo>)</mo></mrow></mrow>"),
        "exp": ("exp({0})", "e^{{{0}}}", "<msup><mi>e</mi><mrow>{0}</mrow></msup>"),
        "Abs": ("Abs({0})", r"\left\lvert {0}\right\rvert", "<mrow><mo>|</mo>{0}<mo>|</mo></mrow>"),
        "floor": ("floor({0})", r"\left\lfloor{0}\right\rfloor", "<mrow><mo>⌊</mo>{0}<mo>⌋</mo></mrow>"),
        "words": ("({0})", r"\text{{{0}}}", "<mtext>{0}</mtext>"),
        "case": ("{0} if {1}", r"{0} & \text{{if }} {1}", "<mtr><mtd>{0}</mtd><mtd><mtext>if&#160;</mtext>{1}</mtd></mtr>"),
        "other": ("{0}", r"{0} & \text{{otherwise}}", "<mtr><mtd>{0}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"),
        "rows": (" else ", r" \\ ", ""),
        "cases": (
            "({0})",
            r"\begin{{cases}} {0} \end{{cases}}",
            # a brace is as high as its cases only in fonts that have one for mathematics
            '<mrow><mtable style="border-left: 1px solid; border-radius: .5em; padding-left: .3em; text-align: left">'
            "{0}</mtable></mrow>",
        ),
        "<": ("<", "<", "<mo>&lt;</mo>"),
        ">": (">", ">", "<mo>&gt;</mo>"),
        "<=": ("<=", r"\le", "<mo>≤</mo>"),
        ">=": (">=", r"\ge", "<mo>≥</mo>"),
        "!=": ("!=", r"\ne", "<mo>≠</mo>"),
        "==": ("==", "=", "<mo>=</mo>"),
        "and": ("and", r"\land", "<mtext>&#160;and&#160;</mtext>"),
        "or": ("or", r"\lor", "<mtext>&#160;or&#160;</mtext>"),
        "related": ("{0} {1} {2}", "{0} {1} {2}", "{0}{1}{2}"),
        "derivative": (
            "d {0} / d {1}",
            r"\frac{{\partial\,{0}}}{{\partial {1}}}",
            "<mfrac><mrow><mi>∂</mi>{0}</mrow><mrow><mi>∂</mi>{1}</mrow></mfrac>",
        ),
    }
)
"""Spelling of each form of written parts, and of each sign, in plain text, LaTeX and MathML."""


class Style:
    """A language of formulas; each method writes one form of parts that are written already.

    Args:
        language: its name.

    Attributes:
        fractions: whether quotients are two-dimensional, so that numerator, denominator and exponent need no brackets.
    """

    def __init__(self, language: Language) -> None:
        self._language, self._column = language, ("text", "latex", "mathml").index(language)
        self.fractions = language != "text"

    def form(self, form: str, *parts: str) -> str:
        """Write a sign, or one of the other forms of the table, such as a quotient, of its parts."""
        return _FORMS[form][self._column].format(*parts)

    def name(self, name: str) -> str:
        """Write the name of an input or a node."""
        if self._language == "text":
            return name
        base, accent, indices = _parts_of(name)
        text = self._letters(base)
        text = self.form("accented", text, accent, _ACCENTS[accent]) if accent else text
        below = self.form("indices").join(map(self._letters, indices))
        return self.form("indexed", text, below) if below else text

    def _letters(self, text: str) -> str:
        """Write letters or digits: words upright in LaTeX, so that they do not read as products."""
        if self._language == "latex":
            known = rf"\{text}" if text in _GREEK else rf"\mathrm{{{_escaped(text)}}}"
            return text if text not in _GREEK and (len(text) == 1 or text.isdigit()) else known
        kind = "mn" if text.isdigit() else "mi"
        return f"<{kind}>{f'&{text};' if text in _GREEK else escape(text)}</{kind}>"

    def cotangent(self, name: str) -> str:
        """Write the name of a cotangent."""
        return self.form("cotangent", self.name(name))

    def number(self, text: str) -> str:
        """Write a number that is not negative, as Python writes it."""
        digits, found, exponent = text.partition("e")
        if not found or self._language == "text":
            return self.form("number", text)
        power = int(exponent)
        return self.form("scientific", digits, str(power), "<mo>&#x2212;</mo>" if power < 0 else "", str(abs(power)))

    def times(self, factors: Sequence[str]) -> str:
        """Write a product."""
        text = factors[0]
        for pair in pairwise(factors):  # words side by side would read as one
            word = any(re.match(r"\\mathrm|<mi>\w\w", one) for one in pair)
            text += self.form("times a word" if word else "times") + pair[1]
        return text

    def power(self, base: str, exponent: str) -> str:
        """Write a power."""
        apart = self._language == "latex" and ("_{" in base or base.startswith(r"\hat"))
        return self.form("power", f"{{{base}}}" if apart else base, exponent)

    def call(self, function: str, args: Sequence[str]) -> str:
        """Write the value of a function."""
        listed = self.form("arguments").join(args)
        if function in ("exp", "Abs", "floor"):
            return self.form(function, listed)
        latex = rf"\{function}" if function in _LATEX_FUNCTIONS else rf"\operatorname{{{_escaped(function)}}}"
        return self.form("call", {"text": function, "latex": latex, "mathml": escape(function)}[self._language], listed)

    def cases(self, branches: Sequence[tuple[str, str]]) -> str:
        """Write values with their conditions, "" for what holds otherwise."""
        rows = [self.form("case" if when else "other", value, when) for value, when in branches]
        rows += ["undefined"] if self._language == "text" and branches[-1][1] else []
        return self.form("cases", self.form("rows").join(rows))

    def related(self, left: str, sign: str, right: str) -> str:
        """Write a comparison, or two conditions that "and" or "or" joins."""
        return self.form("related", left, self.form(sign), right)


STYLES: Mapping[Language, Style] = MappingProxyType({one: Style(one) for one in get_args(Language)})
"""Every language of formulas."""


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")
