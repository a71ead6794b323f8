"""``symgraph show``: print the formulas of a model, or its graph."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from symgraph.cli.current import models_of
from symgraph.cli.terminal import ConfigFile, Json, ModelOrSpec, Quiet, note, print_json

if TYPE_CHECKING:
    from symgraph.spec.model import Model


Format = Literal["text", "latex"]
"""Formats in which formulas are printed."""


def show(
    model: ModelOrSpec,
    format: Annotated[Format, typer.Option(help="How formulas are printed.")] = "text",  # noqa: A002  the option's name
    graph: Annotated[bool, typer.Option("--graph", help="Print the graph's text, forward and backward, instead.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Print the formula of every node, of the loss and of every partial derivative."""
    from symgraph.errors import OptionError

    if graph and format == "latex":
        raise OptionError("--graph and --format latex exclude each other: the graph has a text of its own; give one")
    models = models_of(model, config)
    for one in models:
        if one.loss_expr is None and not graph:
            note(f"{one.name} has no loss, and so no partial derivatives", quiet=quiet)
    if json:
        found = [{"graph": _graph(one)} if graph else {"formulas": dict(_formulas(one, format))} for one in models]
        print_json({"models": [{"model": one.name, **content} for one, content in zip(models, found, strict=True)]})
        return
    for number, one in enumerate(models):
        if number:
            print()
        if len(models) > 1 and not graph:
            print(f"{'%' if format == 'latex' else '#'} {one.name}")
        print(_graph(one) if graph else _lines(_formulas(one, format), format), end="")


def _graph(model: "Model") -> str:
    from symgraph.generate import differentiated
    from symgraph.ir.text import to_text

    return to_text(differentiated(model))


def _lines(rows: list[tuple[str, str]], style: Format) -> str:
    if style == "latex":
        from symgraph.spec.latex import aligned

        return f"\\begin{{align*}}\n{aligned(rows)}\n\\end{{align*}}\n"
    return "".join(f"{name} = {formula}\n" for name, formula in rows)


def _formulas(model: "Model", style: Format) -> list[tuple[str, str]]:
    from symgraph.spec.latex import latex_name, latex_of

    latex = style == "latex"
    frozen = model.freeze()
    text, named = (latex_of, latex_name) if latex else (str, str)
    rows = [(text(node.symbol), text(node.expr)) for node in frozen.nodes]
    if model.loss_expr is not None:
        rows.append((named("loss"), text(model.loss_expr)))
        partials = model.partials()
        for weight in frozen.weight_inputs:
            name = text(weight.symbol)
            left = rf"\frac{{\partial\,\mathrm{{loss}}}}{{\partial {name}}}" if latex else f"d loss / d {name}"
            rows.append((left, text(partials[weight.name])))
    if model.penalty_expr is not None:
        rows.append((named("penalty"), text(model.penalty_expr)))
    return rows
