"""Texts in files of weights, as names of files, and in settings and manifests."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cases import Case, Outcome
from names_checks import first, hints, html, python, read, refused, xml
from names_texts import COMMON, TEXTS, path_texts


def cases() -> Iterator[Case]:
    """All texts as keys and values of weights files, as names of files, in settings and manifests."""
    yield from _weights()
    yield from _paths()
    yield from _settings()


def _weights() -> Iterator[Case]:
    predict = ["predict", "decay", "--weights", "hostile.json", "--data", "rows.csv"]
    show = ["show", "decay", "--derivation", "--weights", "hostile.json", "--data", "rows.csv", "--json"]
    for at, (name, text) in enumerate(TEXTS.items()):
        if at % 2 or name in COMMON:
            what = ("model", "format", "key", "hash", "key", "dtype")[at % 6]
            yield Case(
                f"weights, {what}: {name}",
                predict if at % 4 else show,
                project=True,
                prepare=partial(_hostile_weights, what, text),
                codes=(2,) if what in ("key", "format") else (0, 2),
            )


def _hostile_weights(what: str, text: str, folder: Path) -> None:
    saved = json.loads(read(folder / "weights.json"))
    if what == "key":
        saved["weights"] = {"a": 1.0, text: 2.0}
    else:
        saved["model_hash" if what == "hash" else what] = text
    (folder / "hostile.json").write_text(json.dumps(saved))


def _paths() -> Iterator[Case]:
    for at, (name, text) in enumerate(path_texts().items()):
        shell = text.isprintable() and "\udc9b" not in text and "\udcff" not in text
        named = [text] if shell else []
        data = partial(_data, text)
        everywhere = name in ("colour", "newline", "return", "override", "line separator", "byte", "call of a shell")
        if at % 4 == 0 or everywhere:
            yield Case(f"path, new in: {name}", ["new", "peak", f"--dir={text}"], check=partial(_check_hints, named))
        if at % 4 == 1 or everywhere:
            words = ["draw", f"./{text}.py", f"--out={text}.svg"]
            yield Case(f"path, draw: {name}", words, prepare=partial(_specs, text), check=partial(_check_draw, f"{text}.svg"))
        if at % 4 == 2 or everywhere:
            words = ["fit", "decay", "--data", f"./{text}.csv", f"--save=./{text}.json"]
            yield Case(f"path, fit: {name}", words, project=True, prepare=data, check=partial(_check_hints, named))
        if at % 8 == 3:
            words = ["predict", "decay", "--data", f"./{text}.csv", "--weights", "weights.json", f"--out=./{text}.out"]
            yield Case(f"path, predict: {name}", words, project=True, prepare=data)
        if at % 8 == 7 or everywhere:
            words = ["fit", "decay", "--data", f"./{text}.csv", "--data", "rows.csv", "--share", "k", "--json"]
            yield Case(f"path, label: {name}", words, project=True, prepare=data, check=_check_json)
        if at % 6 == 0:
            yield Case(f"path, no spec: {name}", ["show", f"./{text}.py"], codes=(2,), check=refused())
        elif at % 6 == 3:
            words = ["fit", "decay", "--data", f"{text}.csv"]
            yield Case(f"path, no data: {name}", words, project=True, codes=(2,), check=refused())
        if at % 12 == 0:
            words = ["build", f"./{text}.py", "--backend", "numpy,c"]
            yield Case(f"path, build: {name}", words, prepare=partial(_specs, text), check=partial(_check_build, []))
    for at, text in enumerate(("a b", "it's", "\u03b1\u03b2", "50%", "a (1)", "$5", "#1")):
        fit = ["fit", "decay", "--data", f"{text}.csv", "--save", f"{text}.json"]
        check = partial(_check_hints, [f"{text}.json"])
        yield Case(f"good path, fit: {text!a}", fit, project=True, prepare=partial(_data, text), codes=(0,), check=check)
        if at % 2:
            words, check = ["build", f"{text}/decay.py", "-q"], partial(_check_build, [])
        else:
            words = ["draw", f"{text}/decay.py", "-o", f"{text}.svg"]
            check = partial(_check_draw, f"{text}.svg")
        yield Case(f"good path, {words[0]}: {text!a}", words, prepare=partial(_in_a_folder, text), codes=(0,), check=check)
    words = ["report", "a b/decay.py", "--data", "a b/rows.csv", "-o", "a b.html"]
    check = partial(_check_page, "a b.html")
    yield Case("good path, report", words, prepare=partial(_in_a_folder, "a b"), codes=(0,), check=check)


def _check_hints(named: list[str], folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code == 2 else hints(outcome, *named)


def _check_draw(name: str, folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code == 2 else xml(read(folder / name), "", "the picture")


def _check_page(name: str, folder: Path, outcome: Outcome) -> str:
    return html(read(folder / name), "", "the page", scripts=True) or hints(outcome)


def _check_json(folder: Path, outcome: Outcome) -> str:
    if outcome.code != 2:
        json.loads(outcome.out)
    return ""


def _check_build(named: list[str], folder: Path, outcome: Outcome) -> str:
    from names_checks import c

    if outcome.code == 2:
        return ""
    made = folder / "generated"
    told = first(python(read(made / "decay.py"), "decay.py"), c(made, "decay.c"), hints(outcome, *named))
    if not told:
        json.loads(read(made / "symgraph.lock.json"))
    return told


def _specs(text: str, folder: Path) -> None:
    from victim import SPEC

    (folder / f"{text}.py").write_text(SPEC)


def _data(text: str, folder: Path) -> None:
    (folder / f"{text}.csv").write_bytes((folder / "rows.csv").read_bytes())


def _in_a_folder(text: str, folder: Path) -> None:
    from victim import ROWS, SPEC

    (folder / text).mkdir()
    (folder / text / "decay.py").write_text(SPEC)
    (folder / text / "rows.csv").write_text(ROWS)


def _settings() -> Iterator[Case]:
    lines = {
        "models": "models = [{0}]",
        "out": "out = {0}",
        "backends": "backends = [{0}]",
        "with": "with = [{0}]",
        "functions": "functions = [{0}]",
        "float": "float = {0}",
        "key": "{0} = 1",
    }
    for at, (name, text) in enumerate(COMMON.items()):
        if "\udcff" in text:
            continue
        for kind in list(lines)[at % 2 :: 2]:
            settings = (
                "[tool.symgraph]\n" + ("" if kind == "models" else 'models = ["decay.py"]\n') + lines[kind].format(_toml(text))
            )
            strict = kind in ("backends", "with", "functions", "float", "key")
            yield Case(
                f"settings, {kind}: {name}",
                ["build", "--check"],
                project=True,
                prepare=partial(_write_settings, settings),
                codes=(2,) if strict else (0, 1, 2),
                check=refused() if strict else lambda folder, outcome: "",
                changes=["pyproject.toml"],
            )
    for at, (name, text) in enumerate(COMMON.items()):
        for where in ("output", "spec", "model", "backend", "source")[at % 2 :: 2]:
            words = ["build", "--check"]
            yield Case(f"manifest, {where}: {name}", words, project=True, prepare=partial(_manifest, where, text))


def _toml(text: str) -> str:
    """Return a text as a string of TOML."""
    return '"' + "".join(sign if sign.isalnum() and sign.isascii() else f"\\U{ord(sign):08X}" for sign in text) + '"'


def _write_settings(settings: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(settings)


def _manifest(where: str, text: str, folder: Path) -> None:
    path = folder / "generated" / "symgraph.lock.json"
    lock = json.loads(read(path))
    if where == "output":
        lock["outputs"][text] = {**lock["outputs"]["decay.c"], "spec": text}
    elif where in ("spec", "model", "backend"):
        lock["outputs"]["decay.py"][where] = text
    else:
        lock["specs"]["decay.py"]["sources"][text] = "sha256:0"
    path.write_text(json.dumps(lock))
