"""Files of an output folder: how each differs from what a build would write, which a build must leave alone; the report."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from symgraph.compiler.backends.header import FileHeader, read_header
from symgraph.errors import BuildError
from symgraph.judge.verification_report import VerificationReport
from symgraph.project.settings.manifest import Entry, Manifest
from symgraph.spec.model import Model

State = Literal[
    "written", "unchanged", "missing", "spec changed", "options changed", "generator changed", "edited by hand",
    "of another spec", "stale", "orphan",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Output:
    """File of a build.

    Attributes:
        path: its path.
        state: "written" or "unchanged" after a build; after a check "unchanged", "missing", what has changed since it was built
            ("spec changed", "options changed", "generator changed", "edited by hand"), "of another spec" (that of a model of
            the same name) or, of the manifest, "stale"; after both "orphan" (the manifest lists it, but no spec makes it any
            more).
    """

    path: Path
    state: State


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Findings of a build or a check.

    Attributes:
        outputs: every file, the manifest last.
        verifications: the verification report of each model, by name; empty after a check.
        libraries: the libraries that the C files were compiled into, if that was asked for.
        unverified: for each file whose text was never verified against its spec, by name, the reason.
        models: the models of the specs.
    """

    outputs: tuple[Output, ...]
    verifications: dict[str, VerificationReport]
    libraries: tuple[Path, ...] = ()
    unverified: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Model, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell if every file is as a build leaves it."""
        return all(output.state in ("written", "unchanged") for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Wanted:
    """File that a build is to write.

    Attributes:
        text: its text.
        entry: its entry in the manifest.
        sources: the digests of the files that its spec was read from.
    """

    text: str
    entry: Entry
    sources: Mapping[str, str]

    def unverified(self, reason: str) -> "Wanted":
        """Return the same file with the reason why its text was not verified against the spec, or "" if it was."""
        return replace(self, entry=replace(self.entry, unverified=reason))


def state_of(path: Path, wanted: Wanted, manifest: Manifest, lives: Callable[[str], bool]) -> State:
    """Say how a file differs from what a build would write; line ends in CRLF are no difference.

    Args:
        path: its path.
        wanted: the file that a build would write there.
        manifest: the manifest of the folder.
        lives: tells if a spec exists and is not known to have given the file up.

    Raises:
        BuildError: it cannot be read.
    """
    if not os.path.lexists(path):
        return "missing"
    found = read_text(path)
    if found == wanted.text:
        return "unchanged"
    header = None if found is None or path.is_symlink() else read_header(found)
    if header is None or header.edited:
        return "edited by hand"
    if header.spec != wanted.entry.spec and lives(header.spec):
        return "of another spec"
    return _reason(header, wanted, manifest, path.name)


def _reason(header: FileHeader, wanted: Wanted, manifest: Manifest, name: str) -> State:
    """Return the reason why a build would write another text than an earlier one did."""
    entry = wanted.entry
    if (header.model, header.spec) != (entry.model_hash, entry.spec):
        return "spec changed"
    known = manifest.entries.get(name)
    if known is not None and (known.extras, known.precision) != (entry.extras, entry.precision):
        return "options changed"
    origin = manifest.origins.get(entry.spec)
    if origin is not None and origin.sources != wanted.sources:
        return "spec changed"  # in parts that the model's digest leaves out, such as its line of documentation
    return "generator changed"


def spec_of(path: Path) -> str | None:
    """Return the spec that a file says it was built from; None if it is no generated file, or not there.

    Raises:
        BuildError: it cannot be read.
    """
    found = read_text(path) if os.path.lexists(path) else None
    header = None if found is None else read_header(found)
    return None if header is None else header.spec


def read_text(path: Path) -> str | None:
    """Return a file's text, with plain line ends; None if it is not text.

    Raises:
        BuildError: it cannot be read.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        return None  # a pipe, say, from which reading may never end
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        return None
