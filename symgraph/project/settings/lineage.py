"""Spec that a generated file was built from, and whether it has changed since, found without running it."""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from symgraph.errors import ModuleError
from symgraph.project.settings.manifest import FILE, Entry, Origin, digest_of, read_manifest

_TEXT_HASH = re.compile(r"^(?://|#) text sha256:([0-9a-f]{64})\n", re.MULTILINE)
"""Line of a generated file's header that has the digest of all other lines."""


class StaleModuleWarning(UserWarning):
    """Warning that a generated module is used although it, or a file that its spec reads, has changed since its build."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Spec of a generated file, and signs that the file is older.

    Attributes:
        spec: the spec's file.
        root: the folder of the spec's project.
        doubt: the reason why the file may be older than its spec, as a sentence; "" if nothing has changed since it was built.
    """

    spec: Path
    root: Path
    doubt: str


def lineage_of(path: Path, model_hash: str) -> Lineage | None:
    """Look up a generated file in the manifest beside it, and compare the files that its spec was read from with the record.

    Args:
        path: the generated file.
        model_hash: the digest of the model that the file states.

    Returns:
        Its spec; None where that is not known, or the spec is not there, as on a machine that has the module alone.

    Raises:
        BuildError: the manifest cannot be read.
    """
    known = _origin_of(path)
    if known is None:
        return None
    entry, origin, root = known
    spec = root / entry.spec
    if not spec.is_file():
        return None
    changed = next((name for name, known in origin.sources.items() if digest_of(root / name) != known), None)
    doubt = ""
    if changed is not None:
        reader = "" if changed == entry.spec else f", which {entry.spec} reads,"
        doubt = f"{changed}{reader} has changed since {path.name} was built"
    elif entry.model_hash != model_hash:
        doubt = f"{path.name} is not of the version of {entry.spec} that {FILE} states"
    return Lineage(spec, root, doubt)


def missing_spec(path: Path) -> Path | None:
    """Return the spec that the manifest beside a generated file names for it if it is not there, else None."""
    known = _origin_of(path)
    spec = None if known is None else known[2] / known[0].spec
    return None if spec is None or spec.is_file() else spec


def _origin_of(path: Path) -> tuple[Entry, Origin, Path] | None:
    """Return what the manifest beside a generated file has about it and its spec, with the root of the spec's project."""
    manifest = read_manifest(path.parent)
    entry = manifest.entries.get(path.name)
    origin = None if entry is None else manifest.origins.get(entry.spec)
    return None if entry is None or origin is None else (entry, origin, (path.parent / origin.root).resolve())


def require_unedited(*paths: Path) -> None:
    """Refuse generated files of one model that are to compute the same if one was edited by hand since it was built.

    Raises:
        ModuleError: one was, or cannot be read.
    """
    for path in paths:
        if is_edited(path):
            others = " and ".join(other.name for other in paths if other != path)
            raise ModuleError(
                f"{path.name} was edited by hand, and {others} beside it was not; `symgraph build --force` writes both"
            )


def is_edited(path: Path) -> bool:
    """Tell if a generated file was edited by hand since it was built.

    Raises:
        ModuleError: it cannot be read.
    """
    try:
        return is_edited_text(path.read_bytes().decode(errors="replace"))
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=16)  # each run of a training asks
def is_edited_text(text: str) -> bool:
    """Tell if the text of a generated file is not that of which its header has the digest; line ends of CRLF count as LF."""
    text = text.replace("\r\n", "\n")
    line = _TEXT_HASH.search(text)
    return line is not None and sha256((text[: line.start()] + text[line.end() :]).encode()).hexdigest() != line[1]


def warn_if_edited(path: Path, stacklevel: int = 3) -> None:
    """Warn of a generated file that was edited by hand: it computes what the edit says, and not what its spec does."""
    if is_edited(path):
        said = f"{path.name} was edited by hand since it was built, and computes what the edit says, not its spec"
        warnings.warn(f"{said}; `symgraph build --force` writes it anew", StaleModuleWarning, stacklevel=stacklevel)
