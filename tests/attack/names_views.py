"""Texts in plots, in notebooks and in the words of a command line; and what students' files make a grader say."""

import csv
import io
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, Outcome
from names_checks import html, read, xml
from names_texts import CODE, COMMON, PAGES, TEXTS, among, argument_texts, path_texts

OPTIONS = {
    "fit decay --data rows.csv": "--start --fix --bounds --sigma --sigma-x --method --backend --delimiter --decimal "
    "--thousands --group-by --share --starts --seed --config",
    "train decay --data rows.csv --epochs 1": "--optimizer --lr --gamma --schedule --batch-size --validation --patience "
    "--tol --init --backend --resume --clip-norm",
    "predict decay --data rows.csv": "--weights",
    "gradcheck decay": "--weights --points --backend",
    "truth decay": "--kinds --dtype --module --backend",
    "show decay": "--format --weights --row",
    "build decay.py --check": "--backend --with --precision --functions --config",
    "new made": "--kind --formula --start --data",
    "grade decay.py": "--model",
    "grade decay.py --model decay": "--function --forbid --seconds --memory",
    "report decay --data rows.csv": "--optimizer --rows --weights",
    "draw decay": "--out --weights",
    "explain": "",
    "cache": "",
    "": "",
}
"""Commands, and options of theirs that take a text; a text is given to a command itself too."""
STUDENT = """
import numpy as np


def forward_propagation(x, y, W):
    level = W[0] * np.exp(-W[1] * x[0])
    return {{"level": level, "loss": (level - y) ** 2 / 2, "x": x, "y": y}}


def backward_propagation(L, W, d):
    {line}
"""


def cases() -> Iterator[Case]:
    """Options, plots, notebooks, students."""
    yield from _options()
    yield from _plots()
    yield from _notebooks()
    yield from _students()


def _options() -> Iterator[Case]:
    texts = list(argument_texts().items())
    at = 0
    for line, options in OPTIONS.items():
        for option in ["", *options.split()]:
            name, text = texts[at * 37 % len(texts)]
            words = [*line.split(), f"{option}={text}" if option else text]
            yield Case(f"option, {line.partition(' ')[0]} {option or 'word'} {at}: {name}", words, project=True)
            at += 1
    for at, (name, text) in enumerate(COMMON.items()):
        for word in (text, f"--{text}") if at % 2 else ("--unknown", text):
            yield Case(
                f"option, none {at} {word == text}: {name}",
                ["fit", "decay", "--data", "rows.csv", word, text],
                project=True,
                codes=(2,),
            )


def _plots() -> Iterator[Case]:
    for at, (name, text) in enumerate(TEXTS.items()):
        if len(text) < 10_000 and name not in CODE and at % 2:
            what = ("title", "label", "weight")[at % 3]
            yield Case(f"plot, {what}: {name}", call=partial(_plotted, what, text), check=_check_plot, codes=(0, 2))
    for text in ("$5 to $6", "k [µm²/s]", "50 %", "$x_1^2$", "a$", "a & b < c"):
        check = partial(_check_plot_shows, text)
        yield Case(f"good plot: {text!a}", call=partial(_plotted, "label", text), codes=(0,), check=check)


def _plotted(what: str, text: str, folder: Path) -> None:
    from symgraph.show import plots

    if what == "title":
        plots.save(folder / "p.svg", plots.losses, [3.0, 2.0, 1.0], title=text)
    elif what == "label":
        plots.save(folder / "p.svg", plots.losses, {text: [3.0, 2.0, 1.0], "other": [2.0, 1.0, 0.5]})
    else:
        plots.save(folder / "p.svg", plots.gradient_norms, {text: np.array([3.0, 2.0, 1.0])})


def _check_plot(folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code else xml(read(folder / "p.svg"), "", "p.svg")


def _check_plot_shows(text: str, folder: Path, outcome: Outcome) -> str:
    return xml(read(folder / "p.svg"), text, "p.svg")


def _notebooks() -> Iterator[Case]:
    for at, (name, text) in enumerate(TEXTS.items()):
        if len(text) < 10_000 and name in PAGES and at % 2:
            yield Case(f"notebook, label: {name}", call=partial(_shown, text), check=partial(_check_shown, ""), codes=(0, 2))
    for text in ("a < b", "5 µm", "A & B", "it's", 'say "a"', "\u03b1", "$x$"):
        check = partial(_check_shown, text)
        yield Case(f"good notebook: {text!a}", call=partial(_shown, text), check=check, codes=(0,))


def _shown(label: str, folder: Path) -> None:
    """Fit two data sets of which one has the label; write the result in each form."""
    import symgraph

    t = np.linspace(0, 3, 9)
    model = symgraph.Model.from_formula("y ~ a*exp(-k*t)", ("t", "y"))
    sets: dict[str, Any] = {
        label: (model, t, 2 * np.exp(-0.7 * t) + 0.01 * np.sin(9 * t)),
        "other": (model, t, 3 * np.exp(-0.7 * t) + 0.01 * np.cos(9 * t)),
    }
    result = symgraph.fit_together(sets, shared="k")
    assert f"a[{label}]" in result.values, list(result.values)
    (folder / "result.html").write_text(result._repr_html_())
    (folder / "result.json").write_text(result.to_json())
    (folder / "result.txt").write_text(str(result), errors="surrogateescape")


def _check_shown(shown: str, folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return ""
    json.loads(read(folder / "result.json"))
    return html(read(folder / "result.html"), shown and f"a[{shown}]", "result.html")


def _students() -> Iterator[Case]:
    chosen = among(
        "colour", "csi of C1", "return", "override", "surrogate", "a megabyte of escapes", "tag", "cells", "string of JSON",
        "newline", "nul",
    )  # fmt: skip
    for at, (name, text) in enumerate(chosen.items()):
        lines = {
            "raises": f"raise ValueError({text!a})",
            "returns": f"return {{{text!a}: 1.0, 'da': 1.0, 'dk': {text!a}}}",
            "key": f"return {{'da': d[{text!a}], 'dk': 0.0}}",
            "kind": f"raise type({_kind(text)!a}, (Exception,), {{}})(1)",
            "prints": f"print({text!a}); return {{'da': 0, 'dk': 0}}",
        }
        kind = list(lines)[at % len(lines)]
        for form in ("", "--json", "--csv")[at % 3 : at % 3 + 1]:
            words = ["grade", "student.py", "--model", "decay.py", "--function", "backward_propagation", *form.split(), "-q"]
            yield Case(
                f"student {kind} {form}: {name}",
                words,
                project=True,
                prepare=partial(_student, STUDENT.format(line=lines[kind]), "student"),
                codes=(0, 1),
                check=partial(_check_graded, form, "student.py"),
            )
    paths = path_texts()
    for at, name in enumerate(("csi of C1", "byte", "cells", "formula of a sheet", "override", "newline", "formula with @")):
        form = ("--csv", "--json", "")[at % 3] if "sheet" not in name and "@" not in name else "--csv"
        words = ["grade", f"./{paths[name]}.py", "student.py", "--model", "decay.py", "--function", "loss", *form.split(), "-q"]
        prepare = partial(_students_files, paths[name])
        yield Case(
            f"student's file {form}: {name}",
            words,
            project=True,
            prepare=prepare,
            check=partial(_check_graded, form, f"{paths[name]}.py"),
        )


def _kind(text: str) -> str:
    """Return a text as the name of a class, which cannot have all signs."""
    return text.replace("\x00", "").encode("ascii", "ignore").decode()[:200]


def _student(text: str, name: str, folder: Path) -> None:
    (folder / f"{name}.py").write_text(text)


def _students_files(name: str, folder: Path) -> None:
    for one in (name, "student"):
        _student("def loss(X, y, W):\n    return 0.0\n", one, folder)


def _check_graded(form: str, name: str, folder: Path, outcome: Outcome) -> str:
    if outcome.code == 2:
        return ""
    if form == "--json":
        json.loads(outcome.out)
    elif form == "--csv":
        rows = list(csv.reader(io.StringIO(outcome.out.decode())))
        if len({len(row) for row in rows}) != 1 or len(rows) < 3:
            return f"{len(rows)} rows of {sorted({len(row) for row in rows})} cells"
        if any(row[0].startswith(("=", "+", "@", "-")) for row in rows):
            return "a spreadsheet runs a cell of the table"
        if not any(name.strip("./") in row[0] for row in rows) and name.isprintable() and name.isascii():
            return f"no row of {name!r}"
    elif name not in outcome.out.decode(errors="replace") and name.isprintable():
        return f"the text does not name {name!r}"
    return ""
