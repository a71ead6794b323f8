"""The command line, ``symgraph COMMAND``.

Data go to stdout, progress and notes to stderr. Exit codes: 0 fine, 1 a check says no, 2 usage or bad input. A traceback means
a bug of symgraph. Each command's module imports what it needs when the command runs, so that ``--help`` stays quick.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NoReturn

import typer

from symgraph.cli.terminal import UsageError, abandon_output
from symgraph.errors import SymgraphError, VerificationError

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "new": ("symgraph.cli.new:new", "Write a small commented spec."),
        "build": ("symgraph.cli.build:build", "Generate, verify and write modules."),
        "gradcheck": ("symgraph.cli.gradcheck:gradcheck", "Check a module's derivatives."),
        "truth": ("symgraph.cli.truth:truth", "Judge a module by its spec."),
        "train": ("symgraph.cli.train:train", "Train on the rows of a file."),
        "fit": ("symgraph.cli.fit:fit", "Fit a model or a formula to a file."),
        "predict": ("symgraph.cli.predict:predict", "Compute predictions for a file."),
        "show": ("symgraph.cli.show:show", "Print formulas, or the graph."),
        "grade": ("symgraph.cli.grade:grade", "Judge a student's functions."),
        "worksheet": ("symgraph.cli.worksheet:worksheet", "Write exercises for a class."),
        "cache": ("symgraph.cli.cache:cache", "Show or clear compiled code."),
    }
)
"""Every command in the order of ``--help``: the function that runs it, whose parameters are its options, and its line there."""

app = typer.Typer(
    help="Write a model and its loss in SymPy; build, check and train its NumPy module.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, (_function, _line) in COMMANDS.items():
    _module, _, _attribute = _function.partition(":")
    app.command(_name, short_help=_line)(getattr(import_module(_module), _attribute))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("symgraph-codegen"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # its callback has acted on it
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; errors of the user's become one line and exit code 2, a failed verification exit code 1."""
    try:
        sys.exit(app(standalone_mode=False))
    except VerificationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)  # a check said no
    except SymgraphError as error:
        _refuse(str(error))
    except UsageError as error:
        text = error.format_message().rstrip(".")
        command = error.ctx.command_path if error.ctx is not None else "symgraph"
        _refuse(f"{text[:1].lower()}{text[1:]}; see `{command} --help`")
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        abandon_output()  # its reader (head, say) has gone
        sys.exit(1)


def _refuse(text: str) -> NoReturn:
    print(f"error: {text}", file=sys.stderr)
    sys.exit(2)
