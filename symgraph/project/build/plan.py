"""The plan of a build."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symgraph.options import PLAIN, Options

ALL = ("numpy", "scalar", "c")
"""Backends of a build that names none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of a build.

    Attributes:
        specs: paths or dotted modules.
        root: the project's folder, to which the headers' paths are relative.
        out: folder for the modules.
        backends: names of backends.
        options: the options of the modules beyond plain ones.
        named: whether somebody named the backends. Else a model that the scalar backend or C refuses gets no file of these, and
            one whose C file is long or does not compile gets it without a run; notes say so.
        whole: whether these are all specs of the folder, so that other files in the manifest are left over.
        libraries: whether C files are compiled into the cache folder, from which
            ``symgraph.project.native.compiled.load`` takes them.
        chooses: whether the build chooses the precision of each model, see ``build.made``; else it is that of the options.
    """

    specs: Sequence[str]
    root: Path
    out: Path
    backends: Sequence[str]
    options: Options = PLAIN
    named: bool = True
    whole: bool = False
    libraries: bool = False
    chooses: bool = False
