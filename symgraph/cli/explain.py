"""``symgraph explain``: say what a line of a generated file computes, and why it has that form."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.terminal import nearer, note, print_json
from symgraph.data.documents import text_of
from symgraph.errors import OptionError
from symgraph.options import DOUBLE, options_of
from symgraph.project.settings.manifest import Entry, read_manifest

if TYPE_CHECKING:
    from symgraph.compiler.backends.header import FileHeader
    from symgraph.project.settings.config import Config
    from symgraph.spec.model import Model


def explain(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A generated file and the number of a line.")],
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Print the node and formula that a line of a generated file computes, and the rule or pass that gave it its form.

    The command generates the model again from its spec to find the line. If the file was edited by hand or is older than its
    spec, it says so.
    """
    from symgraph.compiler.backends.header import read_header
    from symgraph.compiler.backends.source import model_hash
    from symgraph.project.settings.config import read_config
    from symgraph.show.views.explanation import explain_line

    path, number = _parsed(place)
    text = _read(path)
    header = read_header(text)
    if header is None:
        raise OptionError(f"{path} is no file that symgraph has generated; name one, such as generated/model.py:42")
    entry = read_manifest(path.parent).entries.get(path.name)
    model = _model_of(path, header, entry, read_config(file=config))
    extras = [extra for extra in entry.extras.split(",") if extra] if entry is not None else []
    options = options_of(extras, (entry.precision if entry is not None else "") or DOUBLE)
    if header.edited:
        note(
            f"{nearer(path)} was edited by hand since it was built; only lines that its spec gives are explained",
            quiet=quiet,
        )
    elif header.model != model_hash(model):
        note(f"{nearer(path)} is older than its spec; `symgraph build` brings it up to date", quiet=quiet)
    backend = entry.backend if entry is not None else _backend_of(path, model)
    found = explain_line(model, backend, path.name, text, number, spec=header.spec, options=options)
    if json:
        facts = [{"about": about, "text": said} for about, said in found.facts]
        print_json({"file": str(path), "line": number, "text": found.text, "computes": found.computes, "facts": facts})
        return
    print(f"{nearer(path)}:{number}: {found.text}")
    for about, said in found.facts:
        print(f"  {about:<9} {said}")


def _parsed(place: str) -> tuple[Path, int]:
    name, found, number = place.rpartition(":")
    if not found or not re.fullmatch("[0-9]{1,9}", number):
        raise OptionError(f"{place!r} names no line; give FILE:LINE, such as generated/model.py:42")
    return Path(name), int(number)


def _read(path: Path) -> str:
    try:
        return text_of(path)
    except (OSError, ValueError) as error:  # a pipe, which nobody may write to, or what has no end
        raise OptionError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error


def _model_of(path: Path, header: "FileHeader", entry: "Entry | None", settings: "Config") -> "Model":
    """Return the model of a generated file, from its spec."""
    from symgraph.cli.current import require_own
    from symgraph.compiler.backends.source import model_hash
    from symgraph.project.build.specs import read_spec
    from symgraph.project.settings.lineage import Lineage, lineage_of

    lineage = lineage_of(path, header.model)
    if lineage is None:
        root = next((root for root in (settings.root, path.parent) if (root / header.spec).is_file()), None)
        if root is None:
            raise OptionError(f"{path} was built from {header.spec}, not below {settings.root}; run this in its project")
        lineage = Lineage(root / header.spec, root, "")
    require_own(lineage, settings)
    models = read_spec(str(lineage.spec), lineage.root).models
    by_name = next((one for one in models if entry is not None and one.name == entry.model), None)
    found = by_name or next((one for one in models if model_hash(one) == header.model), None)
    found = found or next((one for one in models if path.name.startswith(one.name)), None)
    if found is None:
        raise OptionError(f"{path} was built from {header.spec}, where its model is gone")
    return found


def _backend_of(path: Path, model: "Model") -> str:
    from symgraph.compiler.backends import BACKENDS

    found = next((one.name for one in BACKENDS.values() if path.name in one.files(model.name)), None)
    if found is None:
        raise OptionError(f"{path} has no name of a file of the model {model.name}, and no manifest tells what it is")
    return found
