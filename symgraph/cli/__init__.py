"""The command line, ``symgraph COMMAND``.

Data go to stdout, progress and notes to stderr. Exit codes: 0 fine, 1 a check says no, 2 usage or bad input. A traceback means
a bug of symgraph. Each command's module imports what is heavy when the command runs, so that ``--help`` stays quick.
"""

import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from pkgutil import resolve_name
from time import gmtime
from types import MappingProxyType
from typing import Any

import typer
import typer.core

from symgraph.cli.streams import shown_streams
from symgraph.cli.terminal import UsageError
from symgraph.errors import SymgraphError, VerificationError, did_you_mean

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "new": ("Write a small commented spec.", "symgraph new peak --kind curve"),
        "build": ("Generate, verify and write modules.", "symgraph build models.py"),
        "gradcheck": ("Check a module's derivatives.", "symgraph gradcheck decay --data rows.csv --weights weights.json"),
        "truth": ("Judge a module by its spec.", "symgraph truth decay --points 200 --plot errors.svg"),
        "train": ("Train on the rows of a file.", "symgraph train decay --data rows.csv --optimizer adam,sgd --plot loss.svg"),
        "fit": ("Fit a model or a formula to a file.", 'symgraph fit "y ~ a*exp(-k*time)" --data rows.csv --plot fit.svg'),
        "predict": ("Compute predictions for a file.", "symgraph predict decay --data rows.csv --weights weights.json"),
        "show": ("Print formulas, graph or derivation.", "symgraph show decay --derivation"),
        "explain": ("Explain a line of a generated file.", "symgraph explain generated/decay.py:42"),
        "draw": ("Draw a model's graph.", "symgraph draw decay --data rows.csv --weights weights.json -o graph.svg"),
        "report": ("Write a page about a model on its data.", "symgraph report decay --data rows.csv -o report.html"),
        "grade": ("Judge a student's functions.", "symgraph grade student.py --model decay.py"),
        "worksheet": ("Write exercises for a class.", "symgraph worksheet decay.py -o week3/"),
        "wheel": ("Write a wheel of models.", "symgraph wheel decay.py --version 1.2"),
        "cache": ("Show or clear compiled code.", "symgraph cache"),
    }
)
"""Every command in the order of ``--help``: its line there, and the example with which its own help ends.

A function of the same name in a file of the same name runs it; its parameters are the command's options."""


_LINES = 4
"""Lines of an error."""


class _Command(typer.core.TyperCommand):
    """A command that refuses a list given in two options, of which the second would silently take the place of the first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as typer does, after a look at how often each option is given; one number replaces another, as usual."""
        for one, times in Counter(self.make_parser(ctx).parse_args(args=[*args])[2]).items():
            if times > 1 and "," in (one.metavar or "") and not one.multiple:
                ctx.fail(f"{one.opts[0]} is given {times} times; write all after one {one.opts[0]}, such as {one.metavar}")
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="Write a model and its loss in SymPy; build, check and train its NumPy module.",
    suggest_commands=False,  # ours is the same for every unknown name
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="\b\nExample:\n  symgraph new peak",
)
for _name, (_line, _example) in COMMANDS.items():
    _decorate = app.command(_name, cls=_Command, short_help=_line, epilog=f"\b\nExample:\n  {_example}")
    _decorate(resolve_name(f"symgraph.cli.{_name}:{_name}"))


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
    """Run the command line; errors of the user's and the system's become one line and exit code 2, a failed verification 1."""
    warnings.formatwarning = _warning_line
    _ignore_wrong_date()
    with shown_streams():
        code = _answered(lambda: app(standalone_mode=False))
        sys.exit(_answered(sys.stdout.flush) or code)


def _ignore_wrong_date() -> None:
    """Leave out SOURCE_DATE_EPOCH if it is no time: no result of ours depends on it, and NumPy and Matplotlib fail by it."""
    try:
        gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    except (ValueError, OverflowError, OSError):
        del os.environ["SOURCE_DATE_EPOCH"]


def _answered(call: Callable[[], int | None]) -> int:
    """Return an exit code: that of a call, or of the error in which it ends, which is printed."""
    try:
        return call() or 0
    except VerificationError as error:
        _refused(str(error))
        return 1  # a check said no
    except SymgraphError as error:
        return _refused(str(error))
    except UsageError as error:
        text = _with_hint(error)
        command = error.ctx.command_path if error.ctx is not None else "symgraph"
        return _refused(f"{text[:1].lower()}{text[1:]}; see `{command} --help`")
    except typer.Abort:
        return 130
    except BrokenPipeError:  # the reader of stdout (head, say) has gone
        return 1
    except OSError as error:
        if error.strerror is None:  # no word of the system's
            raise
        return _refused(": ".join(map(str, (*filter(None, (error.filename,)), error.strerror))))
    except MemoryError:
        return _refused("there is not enough memory for this")


def _warning_line(message: Any, category: type[Warning], filename: str, lineno: int, line: str | None = None) -> str:
    """Return a warning as one line, with its place unless that is in our own files."""
    del line
    own = Path(filename).is_relative_to(Path(__file__).parent.parent) and category.__module__.startswith("symgraph.")
    return f"warning: {'' if own else f'{filename}:{lineno}: '}{message}\n"


def _with_hint(error: Any) -> str:
    """Return what is wrong with a command line, with the command, option or choice that was probably meant."""
    text, context = str(error.format_message()).rstrip("."), error.ctx
    if hasattr(error, "possibilities") and context is not None:
        options = [name for one in context.command.params for name in one.opts] + ["--help"]
        return f"no such option: {error.option_name}{did_you_mean(error.option_name, options, 0.75)}"
    if command := re.fullmatch(r"No such command '(.*)'", text):
        return f"{text}{did_you_mean(command[1], COMMANDS)}"
    if choice := re.search(r"'([^']*)' is not one of (.*)", text):
        choices = re.findall(r"'([^']*)'", choice[2])
        return f"{text}{did_you_mean(choice[1], choices)}"
    return text


def _refused(text: str) -> int:
    """Print an error, the first lines of one that repeats many of somebody else's, and return the exit code."""
    lines = text.splitlines()
    print(f"error: {text if len(lines) <= _LINES else chr(10).join([*lines[: _LINES - 1], '[...]'])}", file=sys.stderr)
    return 2
