"""Texts that are no names, given for names in a spec, and what a command says of them."""

from collections.abc import Iterator

from cases import Case
from names_checks import refused
from names_texts import COMMON, TEXTS, among

SPEC = """import sympy as sp
from symgraph import Model

model = Model({name})
t, y = model.feature("t", domain=(0, 5)), model.target("y")
a, k = model.weights("a k", init=1.0)
level = model.node("level", a * sp.exp(-k * t))
{line}
model.residual(model.output("y_hat", level) - y)
"""
ROLES = {
    "feature": "level += model.feature({0})",
    "features": "level += sum(model.features([{0}, 'b']))",
    "weight": "level += model.weight({0})",
    "weights": "level += sum(model.weights([{0}, 'b']))",
    "constant": "level += model.constant({0}, 1.0)",
    "node": "level = model.node({0}, level + 1)",
    "positive": "level += model.positive({0})",
    "unit_interval": "level += model.unit_interval({0})",
    "simplex": "level += model.simplex({0}, 3)[0]",
    "constraint": "model.constraint({0}, a + k, upper=9)",
    "outputs": "model.outputs([{0}, 'o2'], [level, a])",
    "targets": "model.targets([{0}, 'b'])",
    "complex": "model.complex_output({0}, level + sp.I)",
    "rk4": "model.rk4(lambda s, t: (-s[0],), {{{0}: level}}, (0, 1), steps=2)",
    "function": "level += model.function({0}, 'math:sin', partials=['math:cos'])(t)",
    "callable": "level += model.function('f', {0}, partials=['math:cos'])(t)",
    "partial": "level += model.function('f', 'math:sin', partials=[{0}])(t)",
    "loss": "model.loss({0})",
    "robust": "model.residual(level - y, loss={0})",
    "likelihood": "model.likelihood({0})",
    "bounds": "level += model.weight('b', bounds=({0}, 1))",
    "init": "level += model.weight('b', init={0})",
    "domain": "level += model.feature('b', domain=({0}, 1))",
    "values": "model.target('z', values=({0}, 1))",
    "symbol": "level = model.node('inner', level + sp.Symbol({0}))",
    "formula": "model = Model.from_formula('y ~ a + ' + {0}, ('x', 'y'))",
}
"""Lines of a spec that take a text."""
EVERYWHERE = among("docstring ends in a line")


def cases() -> Iterator[Case]:
    """Each text as the name of a model and in one role in turn; some of them in all roles; things that are no texts."""
    for at, (name, text) in enumerate(TEXTS.items()):
        if at % 3 == 0:
            yield _case(f"model: {name}", _spec(name=ascii(text)), not text.isidentifier())
        else:
            role = list(ROLES)[at % len(ROLES)]
            yield _case(f"{role}: {name}", _spec(ROLES[role].format(ascii(text))), not text.isidentifier())
    for name, text in EVERYWHERE.items():
        for role, line in ROLES.items():
            yield _case(f"{role}, each: {name}", _spec(line.format(ascii(text))), True)
    for at, role in enumerate(list(ROLES)[:12]):
        for name, value in (
            {"none": "None", "number": "5", "bytes": "b'a'", "object": "sp.sqrt"}.items()
            if at % 4 == 1 or role == "simplex"
            else ()
        ):
            yield _case(f"{role}: {name}", _spec(ROLES[role].format(value)), True)
    for name, text in _NOTATIONS.items():
        yield _case(f"notation: {name}", _spec(f"level += sum(model.weights({text!r}))"), True)
    for name, text in COMMON.items():
        yield _case(f"own error: {name}", _spec(f"raise ValueError({text!a})"), True)
    for name, line in _STATEMENTS.items():
        yield _case(f"own line: {name}", _spec(line), name != "no bytes of text")


_NOTATIONS = {
    "many": "v1:5000001",
    "backwards": "v9:1",
    "code": "v(__import__('os'))",
    "no end": "v(1:",
    "twice": "v v",
    "commas": ",,,",
    "letters": "a:\U0010ffff",
    "empty ranges": "v:0",
}
_STATEMENTS = {
    "a name of 100,000 signs": "a" * 100_000,
    "brackets": "(" * 300,
    "minus": "-" * 50_000 + "1",
    "nul": "a = '\x00'",
    "form feed and brackets": "\x0c)))",
    "exits": "raise SystemExit('\\x1b[31m bye')",
    "a group": "raise ExceptionGroup('\\x1b[31m', [ValueError('\\u202e')])",
    "an error without a text": "class E(Exception):\n    def __str__(self): raise ValueError('\\x1b[31m')\nraise E",
    "an error's long name": "raise type('E' * 100_000, (Exception,), {})('a')",
    "an error's name of controls": "raise type('E\\x1b[31m\\n', (Exception,), {})('a')",
    "an error with notes": "e = ValueError('a'); e.add_note('\\x1b[31m\\n' * 50); raise e",
    "a syntax error": "model.feature('\u202e' 5)",
    "no bytes of text": "# \udcff\udcfe",
}


def _spec(line: str = "", name: str = "'decay'") -> bytes:
    return SPEC.format(name=name, line=line).encode(errors="surrogateescape")


def _case(name: str, spec: bytes, strict: bool) -> Case:
    """Return the case of a command that reads a spec; where it is strict, the spec must be refused, and its file be named."""
    return Case(
        f"spec, {name}",
        ["show", "spec.py"],
        prepare=lambda folder: (folder / "spec.py").write_bytes(spec),
        check=refused("spec.py") if strict else lambda folder, outcome: "",
        codes=(2,) if strict else (0, 2),
        seconds=2.0,
    )
