"""``symgraph show``: print the formulas of a model, its graph, or the derivation of its gradient."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from symgraph.cli import shared
from symgraph.cli.current import models_of, one_model
from symgraph.cli.outputs import JSON, TEXT, check_writable, write_out
from symgraph.cli.points import point_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import json_text, note
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.judge.reference import Point
    from symgraph.spec.model import Model


Format = Literal["text", "markdown", "latex", "html"]
"""Formats of a derivation, and of formulas the first and the third."""


def show(
    model: shared.ModelOrSpec,
    format: Annotated[Format, typer.Option(help="Format: text or latex for formulas, any for a derivation.")] = "text",  # noqa: A002  the option's name
    graph: Annotated[bool, typer.Option("--graph", help="Print the graph's text, forward and backward, instead.")] = False,
    derivation: Annotated[bool, typer.Option("--derivation", help="Print each step from the loss to the gradient.")] = False,
    data: shared.DataFile = None,
    weights: shared.WeightsFile = None,
    row: shared.Row = None,
    out: Annotated[Path | None, option("FILE", "Write to this file, not to stdout.", "--out", "-o")] = None,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Print the formula of every node, of the loss and of every partial derivative.

    --derivation writes out the chain rule for each weight, node by node; with --weights (and --data, --row) it shows the
    numbers of each step.
    """
    if graph and (derivation or format != "text"):
        other = "--derivation" if derivation else f"--format {format}"
        raise OptionError(f"--graph and {other} exclude each other: the graph has a text of its own; give one")
    if not derivation and format in ("markdown", "html"):
        raise OptionError(f"--format {format} is for --derivation; formulas are written as text or latex")
    if not derivation and not (data is None and weights is None and row is None):
        raise OptionError(
            "--data, --weights and --row are for --derivation, whose steps have numbers; add it, or leave them out"
        )
    check_writable("--out", out, JSON if json else TEXT, data, weights)
    if derivation:
        one = one_model(model, config)
        point, _ = point_of(one, weights, data, row, quiet=quiet)
        write_out(out, [_derivation(one, format, point, json=json)])
        return
    models = models_of(model, config)
    for one in models:
        if one.loss_expr is None and not graph:
            note(f"{one.name} has no loss, and so no partial derivatives", quiet=quiet)
    write_out(out, [_json(models, format, graph=graph) if json else _text(models, format, graph=graph)])


def _json(models: "list[Model]", format: Format, *, graph: bool) -> str:  # noqa: A002  the option's name
    found = [{"graph": _graph(one)} if graph else {"formulas": dict(_formulas(one, format))} for one in models]
    return json_text({"models": [{"model": one.name, **content} for one, content in zip(models, found, strict=True)]}) + "\n"


def _text(models: "list[Model]", format: Format, *, graph: bool) -> str:  # noqa: A002  the option's name
    parts = []
    for one in models:
        title = f"{'%' if format == 'latex' else '#'} {one.name}\n" if len(models) > 1 and not graph else ""
        parts.append(title + (_graph(one) if graph else _lines(_formulas(one, format), format)))
    return "\n".join(parts)


def _derivation(model: "Model", format: Format, point: "Point | None", *, json: bool) -> str:  # noqa: A002  the option's name
    from symgraph.show.views.derivation import derivation
    from symgraph.show.views.derivation_texts import TEXTS, derivation_data

    derived = derivation(model, point)
    return json_text(derivation_data(derived)) + "\n" if json else TEXTS[format](derived)


def _graph(model: "Model") -> str:
    from symgraph.compiler.generate import differentiated
    from symgraph.compiler.ir.text import to_text

    return to_text(differentiated(model))


def _lines(rows: list[tuple[str, str]], style: Format) -> str:
    if style == "latex":
        from symgraph.show.views.model import aligned

        return f"\\begin{{align*}}\n{aligned(rows)}\n\\end{{align*}}\n"
    return "".join(f"{name} = {formula}\n" for name, formula in rows)


def _formulas(model: "Model", style: Format) -> list[tuple[str, str]]:
    from symgraph.show.views.densities import textbook
    from symgraph.show.views.formulas import brief
    from symgraph.show.views.model import formulas
    from symgraph.show.views.shallow import shallow
    from symgraph.show.views.styles import STYLES

    language = STYLES["latex" if style == "latex" else "text"]
    model = shallow(textbook(model.freeze()))
    rows, partials = formulas(model, language), {} if model.loss_expr is None else model.partials()
    loss = language.name("loss")
    more = "; --derivation has them step by step"
    slopes = [
        (language.form("derivative", loss, language.name(name)), brief(one, language, more)) for name, one in partials.items()
    ]
    ends = len(rows) - (model.penalty_expr is not None)  # the penalty has no part in these
    return [*rows[:ends], *slopes, *rows[ends:]]
