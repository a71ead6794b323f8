"""Lines that commands print about formulas."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgraph.cli.terminal import note, note_next

if TYPE_CHECKING:
    from symgraph.io.data_files import DataFile
    from symgraph.spec.model import Model


def note_names(model: "Model", *, quiet: bool) -> None:
    """Say on stderr which names of a formula are features, and which weights."""
    names = [", ".join(one.name for one in some) or "none" for some in (model.feature_inputs, model.weight_inputs)]
    note(f"{model.doc}: features {names[0]}; weights {names[1]}", quiet=quiet)


def note_spec(formula: str, files: "Sequence[DataFile]", start: str, *, quiet: bool) -> None:
    """Name the command that writes a formula as a spec, which has room for more."""
    data = ("--data", files[0].path) if files[0].path is not None else ()
    begin = ("--start", start) if start and "[" not in start else ()
    note_next("new", "NAME", "--formula", " ".join(formula.split()), *data, *begin, quiet=quiet)
