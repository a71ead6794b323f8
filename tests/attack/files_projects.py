"""Files of a project: settings, manifests, generated modules, C files and specs that are odd, broken or hostile."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from cases import PAYLOAD, Case, Outcome
from files_checks import PREDICT, Prepare, Rows, clear_or_done, ended, is_predicted, is_refused, unclear, written
from files_mutations import BINARY, TEXT, mutated
from victim import SETTINGS, SPEC, built

ROWS: Rows = [(t / 4, 0.0) for t in range(12)]
USE = (*PREDICT, "rows.csv", "--quiet")
LOCK, MODULE, C = "generated/symgraph.lock.json", "generated/decay.py", "generated/decay.c"
DEEP, MANY = "[" * 100_000, "\n".join(f"k{i} = {i}" for i in range(60_000))
RIGHT_SETTINGS: dict[str, str | bytes] = {
    "CRLF": SETTINGS.replace("\n", "\r\n"),
    "comments": "# \u00fc\n" + SETTINGS + "# end",
    "dotted": "tool.symgraph.models = ['decay.py']\n",
    "inline": "tool = {symgraph = {models = ['decay.py']}}\n",
    "other tools": '[tool.other]\nx = 1\n[project]\nname = "a"\n' + SETTINGS,
    "quoted keys": SETTINGS.replace("[tool.symgraph]", '["tool"."symgraph"]'),
    "nothing": "",
}
WRONG_SETTINGS: dict[str, str | bytes] = {
    "brackets": "a = " + "[" * 3_000,
    "closed brackets": "a = " + "[" * 3_000 + "]" * 3_000,
    "100,000 brackets": "a = " + DEEP,
    "braces": "a = " + "{a=" * 3_000,
    "a deep table": "[a" + ".a" * 20_000 + "]",
    "a key twice": SETTINGS + 'models = ["decay.py"]\n',
    "a table twice": SETTINGS * 2,
    "NUL": SETTINGS.encode() + b"\0",
    "no UTF-8": SETTINGS.encode() + b"# \xff\xfe",
    "UTF-16": SETTINGS.encode("utf-16"),
    "a mark of byte order": "\ufeff" + SETTINGS,
    "a lone CR": SETTINGS.replace("\n", "\r"),
    "an integer of 100,000 digits": SETTINGS + "x = " + "9" * 100_000,
    "tool is a number": "tool = 5",
    "symgraph is a list": "tool.symgraph = []",
    "a quote without an end": SETTINGS + 'x = "abc',
    "ESC": SETTINGS + "x = \x1b[31m",
    "ESC in a key": SETTINGS + '"\\u001b[31m" = 5',
    "directions in a key": SETTINGS + '"\u202e" = 5',
    "an unknown key": SETTINGS + "modells = 5",
    "a key of 1 MB": SETTINGS + "x" * 1_000_000 + " = 1",
}
UNSURE = ("a mark of byte order", "a lone CR", "tool is a number", "a deep table", "a key of 1 MB")
UNSURE += ("an integer of 100,000 digits", "closed brackets")
VALUES = {
    "models": (
        "5",
        "'decay.py'",
        "[5]",
        "[[]]",
        "['']",
        "['none.py']",
        "['\\u001b[31m.py']",
        "['/dev/zero']",
        "['.']",
        "['a\\u0000b']",
        "['" + "a" * 5_000 + ".py']",
        "['..']",
        "{}",
    ),
    "out": ("5", "''", "[]", "'/dev/null'", "'rows.csv'", "'a\\u0000b'", "'\\u001b[31m'", "'" + "a/" * 3_000 + "'", "'..'"),
    "backends": ("5", "'numpy'", "[]", "['x']", "['\\u001b[31m']", "[5]", "['numpy', 'numpy']"),
    "standalone": ("5", "'yes'", "[]"),
    "float": ("2", "{}"),
    "functions": ("5", "['x']", "[[]]"),
    "workspace": ("1",),
    "with": ("5", "['x']", "['\\u001b[31m']"),
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of each kind of file of a project."""
    yield from _settings(rng)
    yield from _manifests(rng)
    yield from _modules(rng)
    yield from _specs()


def _settings(rng: random.Random) -> Iterator[Case]:
    for name, content in RIGHT_SETTINGS.items():
        given = {"project": True, "prepare": _of("pyproject.toml", content), "codes": (0,)}
        yield Case(f"settings: {name}", USE, **given, check=is_predicted(ROWS))
    for name, content in WRONG_SETTINGS.items():
        unsure = name in UNSURE
        check = clear_or_done() if unsure else is_refused("pyproject.toml")
        yield Case(f"settings: {name}", USE, project=True, prepare=_of("pyproject.toml", content), check=check, seconds=5)
        if name in ("brackets", "NUL", "ESC in a key"):
            words = (*USE, "--config", "other.toml")
            check = is_refused("other.toml")
            yield Case(f"settings: {name}, by --config", words, project=True, prepare=_of("other.toml", content), check=check)
    yield Case(
        "settings: 60,000 keys",
        USE,
        project=True,
        prepare=_of("pyproject.toml", SETTINGS + MANY),
        seconds=5,
        check=clear_or_done(),
    )
    for key, values in VALUES.items():
        for value in values:
            text = "\n".join(line for line in SETTINGS.splitlines() if not line.startswith(key)) + f"\n{key} = {value}\n"
            given = {"project": True, "prepare": _of("pyproject.toml", text), "check": clear_or_done(), "seconds": 8}
            words = ("build", "--check") if key in ("models", "out") else USE
            yield Case(f"settings: {key} = {value[:24]}", words, **given)
    for kind, content in mutated(SETTINGS.encode(), rng, 22, TEXT):
        yield Case(f"settings: {kind}", USE, project=True, prepare=_of("pyproject.toml", content), check=clear_or_done())


def _of(name: str, content: str | bytes) -> Prepare:
    return written({name: content.encode() if isinstance(content, str) else content})


def _manifests(rng: random.Random) -> Iterator[Case]:
    """Manifests, beside modules that are as they were: predictions are right, or there is one error."""
    whole = (built() / LOCK).read_bytes()
    text = whole.decode()
    changed: dict[str, str | bytes] = {
        "nothing": "",
        "null": "null",
        "a list": "[]",
        "an empty dict": "{}",
        "brackets": DEEP,
        "deep": text.replace('"..": ', DEEP).replace('"root": ".."', '"root": ' + DEEP),
        "NUL": bytes(500),
        "UTF-16": text.encode("utf-16"),
        "NUL in a path": text.replace('"decay.py": "sha', '"decay\\u0000.py": "sha'),
        "NUL in a root": text.replace('"root": ".."', '"root": "\\u0000"'),
        "NUL in a spec": text.replace('"spec": "decay.py"', '"spec": "\\u0000"'),
        "ESC in a path": text.replace('"decay.py": "sha', '"\\u001b[31m.py": "sha'),
        "ESC in a spec": text.replace('"spec": "decay.py"', '"spec": "\\u001b[31m"'),
        "a surrogate in a path": text.replace('"decay.py": "sha', '"\\udcff\\ud800.py": "sha'),
        "/dev/zero as a source": text.replace('"decay.py": "sha', '"/dev/zero": "x", "decay.py": "sha'),
        "a FIFO as a source": text.replace('"decay.py": "sha', '"fifo": "x", "decay.py": "sha'),
        "a folder as a source": text.replace('"decay.py": "sha', '"generated": "x", "decay.py": "sha'),
        "a path of 5,000 signs": text.replace('"decay.py": "sha', f'"{"a" * 5000}": "sha'),
        "60,000 sources": text.replace(
            '"decay.py": "sha', "".join(f'"s{i}": "x",' for i in range(60_000)) + '"decay.py": "sha'
        ),
        "root is a number": text.replace('"root": ".."', '"root": 5'),
        "root is /": text.replace('"root": ".."', '"root": "/"'),
        "no root": text.replace('"root": ".."', '"x": 1'),
        "digests are numbers": text.replace('"sha256:', '"5'),
        "outputs are a list": text.replace('"outputs": {', '"outputs": [], "x": {'),
        "specs are text": text.replace('"specs": {', '"specs": "x", "x": {'),
        "a backend with ESC": text.replace('"scalar"', '"\\u001b[31m"'),
        "a backend as a list": text.replace('"numpy"', '["numpy"]'),
        "a model with ESC": text.replace('"model": "decay"', '"model": "\\u001b[31m"'),
        "60,000 outputs": text.replace('"outputs": {', '"outputs": {' + "".join(f'"f{i}.py": {{}},' for i in range(60_000))),
        "an output twice": text.replace('"outputs": {', '"outputs": {"decay.py": 5,'),
        "an output outside": text.replace('"decay.h"', '"../rows.csv"'),
        "an output with ESC": text.replace('"decay.h"', '"\\u001b[31m\\u202e.py"'),
    }
    for name, content in changed.items():

        def prepare(folder: Path, content: str | bytes = content, name: str = name) -> None:
            if name == "a FIFO as a source":
                os.mkfifo(folder / "fifo")
            _of(LOCK, content)(folder)

        given = {"project": True, "prepare": prepare, "changes": ("generated/*",), "seconds": 3}
        yield Case(f"manifest: {name}", USE, **given, check=_predicted_or_refused)
        if name in (
            "NUL in a path",
            "ESC in a spec",
            "an output with ESC",
            "an output outside",
            "brackets",
            "60,000 outputs",
            "a surrogate in a path",
            "outputs are a list",
        ):
            yield Case(
                f"manifest: {name}, build --check", ("build", "--check"), **given | {"seconds": 8}, check=clear_or_done()
            )
    words = ("build", "--quiet")
    outside = _of(LOCK, changed["an output outside"])
    yield Case(
        "manifest: an output outside, build",
        words,
        project=True,
        prepare=outside,
        changes=("generated/*",),
        check=clear_or_done(),
    )
    for kind, content in mutated(whole, rng, 22, TEXT):
        given = {"project": True, "prepare": _of(LOCK, content), "changes": ("generated/*",)}
        yield Case(f"manifest: {kind}", USE, **given, check=_predicted_or_refused)


def _predicted_or_refused(folder: Path, outcome: Outcome) -> str:
    return unclear(outcome, ()) if outcome.code == 2 else is_predicted(ROWS)(folder, outcome)


def _modules(rng: random.Random) -> Iterator[Case]:
    """Modules and C files, which are code: they end in one error, or compute what is right."""
    text = (built() / MODULE).read_text()
    crlf = {"generated/decay.py": text.replace("\n", "\r\n").encode()}
    yield Case("module: CRLF", USE, project=True, prepare=written(crlf), codes=(0,), check=is_predicted(ROWS))
    wrong: dict[str, str | bytes] = {
        "nothing": "",
        "NUL": bytes(1000),
        "a NUL inside": text.replace("ABI = 2", "ABI = 2\0"),
        "UTF-16": text.encode("utf-16"),
        "no UTF-8": text.encode() + b"# \xff",
        "half": text[: len(text) // 2],
        "a spec": SPEC,
        "C": (built() / C).read_bytes(),
        "ABI 1": text.replace("ABI = 2", "ABI = 1"),
        "ABI of ESC": text.replace("ABI = 2", "ABI = '\\x1b[31m'"),
        "ABI of 400 digits": text.replace("ABI = 2", "ABI = 10**400"),
        "ABI of 5,000 digits": text.replace("ABI = 2", "ABI = 10**5000"),
        "ABI is missing": text.replace("ABI = 2", "X = 2"),
        "brackets": "x = " + "(" * 5_000,
        "a sum of 100,000 terms": "x = 1" + "+1" * 100_000,
        "minus 100,000 times": "x = " + "-" * 100_000 + "1",
        "an error with ESC": "raise ValueError('\\x1b[31m' * 100)",
        "an error of 1 MB": "raise ValueError('x' * 10**6)",
        "an error of no text": "class E(Exception):\n    def __str__(self): raise E\nraise E",
        "exit 0": "raise SystemExit(0)",
        "exit by text": "raise SystemExit('\\x1b[31m')",
        "an interrupt": "raise KeyboardInterrupt",
        "no end of calls": "def f(): f()\nf()",
        "a syntax error with ESC": "x = '\x1b[31m' $ 5",
        "a syntax error on a line of 1 MB": "x = '" + "y" * 1_000_000 + "' $",
        "prints": "print('\\x1b[31m' * 10)\nraise ImportError('none')",
        "features of ESC": text.replace('FEATURES = ("t",)', 'FEATURES = ("\\x1b[31m",)'),
        "a model of a list": text.replace('MODEL = "decay"', "MODEL = []"),
        "no metadata": text.replace("METADATA: Mapping[str, Any] = {", "METADATA = None; X = {"),
    }
    words = ("predict", "generated/other.py", "--weights", "a=1,k=1", "--data", "rows.csv")
    for name, content in wrong.items():
        given = {"project": True, "prepare": _of("generated/other.py", content), "seconds": 6}
        given |= {"codes": (2, 130)} if name == "an interrupt" else {}
        unsure = name in ("an interrupt", "features of ESC", "a model of a list")
        yield Case(f"module: {name}", words, **given, check=(clear_or_done if unsure else is_refused)())
    code = (built() / C).read_bytes()
    broken = {
        "nothing": b"",
        "NUL": bytes(1000),
        "includes itself": code + b'\n#include "decay.c"\n',
        "includes /etc/passwd": b'#include "/etc/passwd"\n' + code,
        "an error with ESC": code + b'\n#error "\x1b[31m\x07"\n',
        "half": code[: len(code) // 2],
    }
    for name, content in (broken | dict(mutated(code, rng, 11, BINARY))).items():
        given = {"project": True, "prepare": _of(C, content), "changes": ("generated/*",)}
        yield Case(f"c: {name}", USE, **given, check=_predicted_or_refused)
        if name in ("includes itself", "an error with ESC", "half"):
            yield Case(f"c: {name}, native", (*USE, "--backend", "native"), **given, check=_predicted_or_refused)


RIGHT_SPECS: dict[str, bytes] = {
    "CRLF": SPEC.replace("\n", "\r\n").encode(),
    "CR": SPEC.replace("\n", "\r").encode(),
    "a mark of byte order": b"\xef\xbb\xbf" + SPEC.encode(),
    "no last end of line": SPEC.rstrip().encode(),
    "Latin-1 that says so": ("# coding: latin-1\n# größe\n" + SPEC).encode("latin-1"),
    "form feeds": SPEC.replace("\n\n", "\n\f\n").encode(),
    "names of other scripts": SPEC.replace("a, k", "ж, k").replace("a *", "ж *").replace("a k", "ж k").encode(),
    "a comment of 1 MB": SPEC.encode() + b"# " + b"x" * 1_000_000,
}
WRONG_SPECS: dict[str, str | bytes] = {
    "nothing": "",
    "NUL": bytes(1000),
    "a NUL inside": SPEC + "\0",
    "UTF-16": SPEC.encode("utf-16"),
    "no UTF-8": SPEC.encode() + b"# \xff",
    "an unknown coding": "# coding: xyz\n" + SPEC,
    "a coding of ESC": "# coding: \x1b\n" + SPEC,
    "no model": "x = 5",
    "half": SPEC[:-40],
    "brackets": "x = " + "(" * 5_000,
    "closed brackets": "x = " + "(" * 150 + ")" * 150 + "\ny = " + "[" * 300,
    "a sum of 100,000 terms": "x = 1" + "+1" * 100_000,
    "a line of 1 MB": "x = '" + "y" * 1_000_000 + "' $",
    "a syntax error with ESC": "x = '\x1b[31m\u202e' $ 5",
    "tabs and blanks": "if 1:\n\tx = 1\n        y = 2\n",
    "an error with ESC": "raise ValueError('\\x1b[31m\\u202e')",
    "an error of 1 MB": "raise ValueError('x' * 10**6)",
    "an error of 50 lines": "raise ValueError('x\\n' * 50)",
    "an error of no text": "class E(Exception):\n    def __str__(self): raise E\nraise E",
    "exit 0": "raise SystemExit(0)",
    "exit by text": "raise SystemExit('\\x1b[31m')",
    "no end of calls": "def f(): f()\nf()",
    "a group of errors": "raise ExceptionGroup('x', [ValueError('\\x1b[31m'), KeyError(5)])",
    "a surrogate in an error": "raise ValueError('\\ud800')",
    "no memory": "x = bytearray(2**62)",
    "imports what is not there": "import none_of_this",
    "imports itself": "from odd import model",
    "a model's name with ESC": SPEC.replace('"decay"', '"\\x1b[31m"'),
    "a model's name as a path": SPEC.replace('"decay"', '"../decay"'),
    "a model's name of 300 signs": SPEC.replace('"decay"', f'"{"n" * 300}"'),
    "a model's name of 5": SPEC.replace('"decay"', "5"),
    "a formula with NaN": SPEC.replace("a * sp", "sp.nan * sp"),
    "HTML": "<html>\n</html>",
    "a notebook": json.dumps({"cells": [], "nbformat": 4}),
}
UNSURE_SPECS = ("a model's name of 300 signs", "no memory", "no UTF-8", "a coding of ESC")


def _specs() -> Iterator[Case]:
    """Specs that are odd text: what they say is shown, or told wrong in one line."""
    for name, content in RIGHT_SPECS.items():
        yield Case(f"spec: {name}", ("show", "odd.py", "--json"), prepare=_of("odd.py", content), codes=(0,), check=_shown)
    for name, content in WRONG_SPECS.items():
        check = clear_or_done("odd") if name in UNSURE_SPECS else is_refused("odd")
        given = {"prepare": _of("odd.py", content), "check": check, "seconds": 8, "project": True}
        yield Case(f"spec: {name}", ("show", "odd.py"), **given)
        if name in (
            "a syntax error with ESC",
            "an error with ESC",
            "an error of 50 lines",
            "exit by text",
            "a surrogate in an error",
            "a model's name of 300 signs",
        ):
            yield Case(f"spec: {name}, build", ("build", "odd.py"), **given)
    for name in (
        "a b.py",
        "1x.py",
        "class.py",
        "ü.py",
        "x.y.py",
        "a\nb.py",
        "\x1b[31m.py",
        "n" * 240 + ".py",
        "no_suffix",
        "-x.py",
        "numpy.py",
        "sympy.py",
    ):
        words = ("show", "--json", "--", name)
        yield Case(f"spec: the name {ascii(name)[:20]}", words, prepare=_of(name, SPEC), check=_shown_or_refused)
    text = SPEC + f"\n# {PAYLOAD}\n" + '"""' + PAYLOAD + '"""\n'
    yield Case(
        "spec: code in comments and texts", ("show", "odd.py", "--json"), prepare=_of("odd.py", text), codes=(0,), check=_shown
    )


def _shown(folder: Path, outcome: Outcome) -> str:
    del folder
    return ended(outcome, 0) or ("" if "level" in json.dumps(json.loads(outcome.out)) else "the output is not shown")


def _shown_or_refused(folder: Path, outcome: Outcome) -> str:
    return unclear(outcome, ()) if outcome.code == 2 else _shown(folder, outcome)
