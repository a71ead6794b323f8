"""Hostile and honest descriptions of models, in all that is written of a model."""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import sympy as sp
from cases import Case, Outcome
from names_checks import c, code_of_c, controls, dot, first, html, latex, mermaid, python, read, refused, skeleton, xml
from names_texts import CODE, HONEST, PAGES, TEXTS, among

BACKENDS = ("numpy", "scalar", "array_api")


def cases() -> Iterator[Case]:
    """Each text as the doc of a model: in Python, in C, in pictures and pages; some of them in reports and worksheets."""
    for at, (name, text) in enumerate({**TEXTS, **HONEST}.items()):
        honest = name in HONEST
        codes = (0,) if honest else (0, 2)
        if name in CODE or (name not in PAGES and at % 3 == 0):
            yield Case(
                f"doc, Python: {name}", call=partial(_python, text), codes=codes, check=partial(_check_python, text, honest)
            )
        if name in CODE or (name not in PAGES and at % 3 == 1):
            yield Case(f"doc, C: {name}", call=partial(_c, text), codes=codes, check=partial(_check_c, text, honest))
        if name in PAGES or (name not in CODE and at % 3 == 2):
            check = partial(check_pages, text if honest else "")
            yield Case(f"doc, pages: {name}", call=partial(_pages, text), codes=codes, check=check)
    chosen = among("script ends", "docstring ends")
    for name, text in {**chosen, "units": HONEST["units"]}.items():
        shown = text if name in HONEST else ""
        prepare = partial(_spec, text)
        yield Case(
            f"doc, report: {name}",
            ["report", "decay.py", "--data", "rows.csv", "-o", "page.html", "-q"],
            prepare=prepare,
            check=partial(_check_report, shown),
        )
        yield Case(
            f"doc, worksheet: {name}",
            ["worksheet", "decay.py", "-o", "week", "--solution", "solved.py"],
            prepare=prepare,
            check=partial(_check_worksheet, shown),
        )
    for name, value in {"number": 5, "bytes": b"a", "list": ["a"], "none": None}.items():
        yield Case(f"doc: {name}", call=partial(_of_another_type, value), codes=(2,), check=refused("doc"))


def decay(doc: Any = "", name: str = "decay") -> Any:
    """Return the model of the project with another doc."""
    from symgraph import Model

    model = Model(name, doc=doc)
    t, y = model.feature("t", domain=(0, 5)), model.target("y")
    a, k = model.weights("a k", init=1.0)
    model.residual(model.output("level", a * sp.exp(-k * t)) - y)
    return model


def written(model: Any, backends: tuple[str, ...], folder: Path, spec: str = "decay.py") -> None:
    """Write the modules of a model."""
    from symgraph.compiler.generate import generate

    for file in generate(model, backends, spec=spec):
        (folder / file.name).write_text(file.text)


def _python(doc: str, folder: Path) -> None:
    written(decay(doc), BACKENDS, folder)


def _c(doc: str, folder: Path) -> None:
    written(decay(doc), ("c",), folder)


@cache
def _plain() -> dict[str, str]:
    from symgraph.compiler.generate import generate

    return {file.name: file.text for file in generate(decay("Plain."), [*BACKENDS, "c"], spec="decay.py")}


def _check_python(doc: str, honest: bool, folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return ""
    for name in ("decay.py", "decay_scalar.py", "decay_array_api.py"):
        text = read(folder / name)
        told = python(text, name)
        if not told and skeleton(text) != skeleton(_plain()[name]):
            told = f"{name} does something else than with a plain doc"
        if not told and honest and not text_of(text).startswith(doc):
            told = f"the docstring of {name} begins with {text_of(text)[:60]!r}"
        if told:
            return told
    return ""


def text_of(text: str) -> str:
    """Return the docstring of a module in one line."""
    import ast

    return " ".join((ast.get_docstring(ast.parse(text)) or "").split())


def _check_c(doc: str, honest: bool, folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return ""
    for name in ("decay.c", "decay.h"):
        text = read(folder / name)
        told = c(folder, name) if name == "decay.c" else controls(text, name)
        if not told and code_of_c(text) != code_of_c(_plain()[name]):
            told = f"{name} has other code than with a plain doc"
        if not told and honest and doc not in " ".join(text.replace("\n// ", " ").split()):
            told = f"{name} does not repeat the doc"
        if told:
            return told
    return ""


def _pages(doc: str, folder: Path) -> None:
    draw_all(decay(doc), folder, {"a": 2.0, "k": 0.5}, {"t": 1.0, "y": 1.5})


def draw_all(model: Any, folder: Path, w: Any, row: Any) -> None:
    """Write all pictures and pages of a model."""
    from symgraph.show.views.derivation import derivation
    from symgraph.show.views.derivation_texts import derivation_latex, derivation_markdown, derivation_page, derivation_text

    drawing = model.draw(w, row)
    for suffix in ("svg", "dot", "mmd"):
        drawing.save(folder / f"graph.{suffix}")
    steps = derivation(model)
    (folder / "steps.txt").write_text(derivation_text(steps))
    (folder / "steps.md").write_text(derivation_markdown(steps))
    (folder / "steps.tex").write_text(derivation_latex(steps))
    (folder / "steps.html").write_text(derivation_page(steps))
    (folder / "notebook.html").write_text(model._repr_html_())
    (folder / "notebook.tex").write_text(model._repr_latex_() or "")


def check_pages(shown: str, folder: Path, outcome: Outcome) -> str:
    """Tell what is wrong with what `draw_all` has written."""
    if outcome.code:
        return ""
    return first(
        xml(read(folder / "graph.svg"), shown, "graph.svg"),
        dot(read(folder / "graph.dot")),
        mermaid(read(folder / "graph.mmd")),
        controls(read(folder / "steps.txt"), "steps.txt"),
        controls(read(folder / "steps.md"), "steps.md"),
        latex(read(folder / "steps.tex"), "steps.tex"),
        html(read(folder / "steps.html"), "", "steps.html"),
        html(read(folder / "notebook.html"), shown, "notebook.html"),
        latex(read(folder / "notebook.tex"), "notebook.tex"),
    )


def _spec(doc: str, folder: Path) -> None:
    from victim import SPEC, write_sources

    write_sources(folder)
    (folder / "decay.py").write_text(SPEC.replace('Model("decay")', f'Model("decay", doc={doc!a})'))


def _check_report(shown: str, folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code else html(read(folder / "page.html"), shown, "page.html", scripts=True)


def _check_worksheet(shown: str, folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return ""
    sheet = read(folder / "week" / "README.md")
    missed = "README.md does not repeat the doc" if shown and shown not in sheet else ""
    texts = [
        python(read(folder / path), path)
        for path in ("week/functions.py", "week/test_functions.py", "week/spec.py", "solved.py")
    ]
    return first(controls(sheet, "README.md"), missed, *(one for one in texts if "calls open" not in one))


def _of_another_type(value: Any, folder: Path) -> None:
    decay(value)


@cache
def warm() -> None:
    """Fill the caches of SymPy, which each process of a case would fill again."""
    _plain()
    decay().draw({"a": 2.0, "k": 0.5}, {"t": 1.0, "y": 1.5})
