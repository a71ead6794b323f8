"""Languages in which formulas are written: plain text, LaTeX, and MathML that browsers render without scripts."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

Language = Literal["text", "latex", "mathml"]
"""Names of the languages."""


class Name(NamedTuple):
    """A name taken apart: y_hat is a letter with an accent, w1 one with an index."""

    base: str
    accent: str
    indices: tuple[str, ...]


def name_of(text: str) -> Name:
    """Take a name apart; one with an underscore at an end, or two together, one like log_x or of many words stays whole."""
    head, *indices = text.split("_")
    words = [index for index in indices if len(index) > 1 and not index.isdigit() and index not in _ACCENTS]
    if not all((head, *indices)) or (indices and head in _FUNCTIONS) or len("_".join(words)) > _LONG:
        return Name(text, "", ())
    accent = indices.pop(0) if indices and indices[0] in _ACCENTS else ""
    found = re.fullmatch(r"(\D+)(\d+)", head)
    if found:
        head, indices = found[1], [found[2], *indices]
    return Name(head, accent, tuple(indices))


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
_SIGNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "<=": (r"\le", "≤"),
        ">=": (r"\ge", "≥"),
        "!=": (r"\ne", "≠"),
        "==": ("=", "="),
        "and": (r"\land", "and"),
        "or": (r"\lor", "or"),
    }
)
"""Relations and connectives of plain text in LaTeX and in MathML, where they are others there."""


class Style:
    """A language of formulas; each method writes one form of parts that are written already. This one is plain text."""

    fractions: ClassVar[bool] = False
    """Whether quotients are two-dimensional, so that numerator, denominator and exponent need no brackets."""

    def name(self, name: str) -> str:
        """Write the name of an input or a node."""
        return name

    def cotangent(self, name: str) -> str:
        """Write the name of a cotangent."""
        return f"d_{name}"

    def number(self, text: str) -> str:
        """Write a number that is not negative, as Python writes it."""
        return text

    def bracket(self, text: str) -> str:
        """Put brackets around a part."""
        return f"({text})"

    def sign(self, sign: str) -> str:
        """Write "+" or "-" between terms."""
        return f" {sign} "

    def negative(self, text: str) -> str:
        """Write minus a part."""
        return f"-{text}"

    def times(self, factors: Sequence[str]) -> str:
        """Write a product."""
        return "*".join(factors)

    def over(self, above: str, below: str) -> str:
        """Write a quotient."""
        return f"{above}/{below}"

    def power(self, base: str, exponent: str) -> str:
        """Write a power."""
        return f"{base}**{exponent}"

    def root(self, text: str) -> str:
        """Write a square root."""
        return f"sqrt({text})"

    def call(self, function: str, args: Sequence[str]) -> str:
        """Write the value of a function."""
        return f"{function}({', '.join(args)})"

    def cases(self, branches: Sequence[tuple[str, str]]) -> str:
        """Write values with their conditions, "" for what holds otherwise."""
        texts = [f"{value} if {condition}" if condition else value for value, condition in branches]
        return f"({' else '.join(texts)}{' else undefined' if branches[-1][1] else ''})"

    def related(self, left: str, sign: str, right: str) -> str:
        """Write a comparison, or two conditions that "and" or "or" joins."""
        return f"{left} {sign} {right}"

    def derivative(self, of: str, by: str) -> str:
        """Write a partial derivative of two written names."""
        return f"d {of} / d {by}"


class _Latex(Style):
    fractions = True

    def name(self, name: str) -> str:
        base, accent, indices = name_of(name)
        text = _letters(base)
        text = rf"\{accent}{{{text}}}" if accent else text
        below = " ".join(map(_letters, indices))
        return f"{text}_{{{below}}}" if below else text

    def cotangent(self, name: str) -> str:
        return f"d_{{{self.name(name)}}}"

    def number(self, text: str) -> str:
        digits, found, exponent = text.partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if found else text

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)"

    def times(self, factors: Sequence[str]) -> str:
        text = factors[0]
        for before, factor in pairwise(factors):  # words side by side would read as one
            text += (r" \cdot " if any(one.startswith(r"\mathrm") for one in (before, factor)) else r" \, ") + factor
        return text

    def over(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}" if "_{" in base or base.startswith(r"\hat") else f"{base}^{{{exponent}}}"

    def root(self, text: str) -> str:
        return rf"\sqrt{{{text}}}"

    def call(self, function: str, args: Sequence[str]) -> str:
        listed = ", ".join(args)
        match function:
            case "exp":
                return f"e^{{{listed}}}"
            case "Abs":
                return rf"\left\lvert {listed}\right\rvert"
            case "floor":
                return rf"\left\lfloor{listed}\right\rfloor"
        called = rf"\{function}" if function in _LATEX_FUNCTIONS else rf"\operatorname{{{_escaped(function)}}}"
        return rf"{called}\left({listed}\right)"

    def cases(self, branches: Sequence[tuple[str, str]]) -> str:
        rows = r" \\ ".join(
            rf"{value} & \text{{if }} {condition}" if condition else rf"{value} & \text{{otherwise}}"
            for value, condition in branches
        )
        return rf"\begin{{cases}} {rows} \end{{cases}}"

    def related(self, left: str, sign: str, right: str) -> str:
        return f"{left} {_SIGNS.get(sign, (sign,))[0]} {right}"

    def derivative(self, of: str, by: str) -> str:
        return rf"\frac{{\partial\,{of}}}{{\partial {by}}}"


class _MathML(Style):
    fractions = True

    def name(self, name: str) -> str:
        base, accent, indices = name_of(name)
        text = f"<mi>{_entity(base)}</mi>"
        text = f'<mover accent="true">{text}<mo stretchy="false">{_ACCENTS[accent]}</mo></mover>' if accent else text
        below = '<mspace width="0.2em"/>'.join(
            f"<mn>{index}</mn>" if index.isdigit() else f"<mi>{_entity(index)}</mi>" for index in indices
        )
        return f"<msub>{text}<mrow>{below}</mrow></msub>" if below else text

    def cotangent(self, name: str) -> str:
        return f"<msub><mi>d</mi><mrow>{self.name(name)}</mrow></msub>"

    def number(self, text: str) -> str:
        digits, found, exponent = text.partition("e")
        if not found:
            return f"<mn>{text}</mn>"
        power = f"{'<mo>&#x2212;</mo>' if int(exponent) < 0 else ''}<mn>{abs(int(exponent))}</mn>"
        return f"<mrow><mn>{digits}</mn><mo>·</mo><msup><mn>10</mn><mrow>{power}</mrow></msup></mrow>"

    def bracket(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def sign(self, sign: str) -> str:
        return f"<mo>{'&#x2212;' if sign == '-' else sign}</mo>"

    def negative(self, text: str) -> str:
        return f'<mo form="prefix">&#x2212;</mo>{text}'

    def times(self, factors: Sequence[str]) -> str:
        text = factors[0]
        for before, factor in pairwise(factors):  # words side by side would read as one
            word = any(re.match(r"<mi>\w\w", one) for one in (before, factor))
            text += ("<mo>⋅</mo>" if word else '<mspace width="0.22em"/>') + factor
        return text

    def over(self, above: str, below: str) -> str:
        return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return f"<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>"

    def root(self, text: str) -> str:
        return f"<msqrt>{text}</msqrt>"

    def call(self, function: str, args: Sequence[str]) -> str:
        listed = "<mo>,</mo>".join(args)
        match function:
            case "exp":
                return f"<msup><mi>e</mi><mrow>{listed}</mrow></msup>"
            case "Abs":
                return f"<mrow><mo>|</mo>{listed}<mo>|</mo></mrow>"
            case "floor":
                return f"<mrow><mo>⌊</mo>{listed}<mo>⌋</mo></mrow>"
        return f"<mrow><mi>{escape(function)}</mi>{self.bracket(listed)}</mrow>"

    def cases(self, branches: Sequence[tuple[str, str]]) -> str:
        rows = "".join(
            f"<mtr><mtd>{value}</mtd><mtd>{f'<mtext>if&#160;</mtext>{condition}' if condition else '<mtext>otherwise</mtext>'}"
            "</mtd></mtr>"
            for value, condition in branches
        )
        # a brace is as high as its cases only in fonts that have one for mathematics
        bent = "border-left: 1px solid; border-radius: .5em; padding-left: .3em; text-align: left"
        return f'<mrow><mtable style="{bent}">{rows}</mtable></mrow>'

    def related(self, left: str, sign: str, right: str) -> str:
        shown = _SIGNS.get(sign, ("", sign))[1]
        if shown.isalpha():
            return f"{left}<mtext>&#160;{shown}&#160;</mtext>{right}"
        return f"{left}<mo>{escape(shown)}</mo>{right}"

    def derivative(self, of: str, by: str) -> str:
        return self.over(f"<mi>∂</mi>{of}", f"<mi>∂</mi>{by}")


STYLES: Mapping[Language, Style] = MappingProxyType({"text": Style(), "latex": _Latex(), "mathml": _MathML()})
"""Every language of formulas."""


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")


def _letters(text: str) -> str:
    """Return letters for LaTeX: words upright, so that they do not read as products."""
    if text in _GREEK:
        return rf"\{text}"
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{_escaped(text)}}}"


def _entity(text: str) -> str:
    return f"&{text};" if text in _GREEK else escape(text)
