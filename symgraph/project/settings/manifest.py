"""Manifest of an output folder: the spec of each file, and digests of everything it was made from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from symgraph.data.documents import parsed, text_of
from symgraph.errors import BuildError

FILE = "symgraph.lock.json"
NOT_RUN = "its text was not run"
NOT_VERIFIED = "it was built with --no-verify"


@dataclass(frozen=True, slots=True)
class Entry:
    """Generated file.

    Attributes:
        spec: the spec that defines its model.
        model: the model's name.
        backend: the backend that wrote it.
        model_hash: digest of the canonical model.
        text_hash: digest of the file's text.
        extras: the functions that the module has on request, separated by commas; left out of the file where there are none.
        runtime: digest of the runtime that it was verified with, or brings along; "" for modules of other backends.
        precision: of its arithmetic; "" for that of its inputs, which the file leaves out.
        asked: the precision that somebody asked for; "" where the build chose.
        unverified: the reason why its text was not verified against the spec; "" if it was.
    """

    spec: str
    model: str
    backend: str
    model_hash: str
    text_hash: str
    extras: str = ""
    runtime: str = ""
    precision: str = ""
    asked: str = ""
    unverified: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Files that a spec was read from.

    Attributes:
        root: the project's folder, as a path from the output folder.
        sources: the digest of each file that the spec read, itself included, by its path below the root; "" for one that was
            not there.
    """

    root: str
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of a manifest.

    Attributes:
        entries: the generated files, by their names in the output folder.
        origins: the files that each spec was read from, by the spec's name in the entries; a spec outside the project has none.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder; it is empty where there is none.

    Raises:
        BuildError: the file is there but cannot be read or is no manifest.
    """
    path = folder / FILE
    if not path.is_file():
        return Manifest()
    try:
        document = parsed(text_of(path))
        entries = {output: Entry(**_checked(facts)) for output, facts in _checked(document["outputs"], dict).items()}
        specs = _checked(document.get("specs", {}), dict)  # a manifest of an earlier version has none
        origins = {
            spec: Origin(**_checked({"root": facts["root"]}), sources=_checked(facts["sources"]))
            for spec, facts in specs.items()
        }
        _check_below([entry.spec for entry in entries.values()])
        _check_below([name for origin in origins.values() for name in origin.sources])
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BuildError(f"{path} is no manifest of symgraph ({error}); delete it and build again") from error
    return Manifest(entries, origins)


def _checked(facts: dict[str, Any], kind: type = str) -> dict[str, Any]:
    """Return facts after checking that their values are of a kind, and that their texts can be names of files.

    Raises:
        ValueError: one is not.
    """
    for name, value in facts.items():
        if not isinstance(value, kind) or "\0" in name or (isinstance(value, str) and "\0" in value):
            raise ValueError(f"{name!r} is {value!r:.80}")
    return facts


def _check_below(names: Iterable[str]) -> None:
    """Refuse names that lead out of the project: a spec runs, and a source is read, because the manifest names it."""
    for name in names:
        if Path(name).anchor or ".." in Path(name).parts:
            raise ValueError(f"{name[:80]!r} is not below the project's folder")


def manifest_text(manifest: Manifest) -> str:
    """Return the manifest as JSON, sorted by file name; specs that no entry names are left out."""
    entries = manifest.entries.items()
    outputs = {output: {key: value for key, value in asdict(entry).items() if value} for output, entry in entries}
    named = {entry.spec for entry in manifest.entries.values()}
    specs = {spec: asdict(origin) for spec, origin in manifest.origins.items() if spec in named}
    return json.dumps({"outputs": outputs, "specs": specs}, indent=2, sort_keys=True) + "\n"


def digest(content: bytes) -> str:
    """Return the digest of a file's content, the same for line ends in CRLF as for those of the original."""
    same = content.replace(b"\r\n", b"\n")
    return f"sha256:{sha256(same).hexdigest()}"


def digest_of(path: Path) -> str:
    """Return the digest of a file; "" where there is none that can be read."""
    try:
        return digest(path.read_bytes()) if path.is_file() else ""
    except OSError:
        return ""
