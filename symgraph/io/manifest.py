"""The manifest of an output folder: which file was built from which spec, and digests of all that they were made of."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from symgraph.errors import BuildError

FILE = "symgraph.lock.json"
NOT_RUN = "its text was not run"
NOT_VERIFIED = "it was built with --no-verify"


@dataclass(frozen=True, slots=True)
class Entry:
    """One generated file.

    Attributes:
        output: its name in the output folder.
        spec: where its model is written.
        model: the model's name.
        backend: the backend that wrote it.
        model_hash: digest of the canonical model.
        text_hash: digest of the file's text.
        extras: what the module has on request, separated by commas; the file leaves out what a plain module lacks.
        runtime: digest of the runtime that it was verified with, or brings along; "" for modules of other backends.
        precision: of its arithmetic; "" for that of its inputs, which the file leaves out.
        unverified: the reason why its text was not held against the spec; "" if it was.
    """

    output: str
    spec: str
    model: str
    backend: str
    model_hash: str
    text_hash: str
    extras: str = ""
    runtime: str = ""
    precision: str = ""
    unverified: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The files that a spec was read from.

    Attributes:
        root: the project's folder, as a path from the output folder.
        sources: the digest of each file that the spec read, itself included, by its path below the root; "" for one that was
            not there.
    """

    root: str
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of an output folder.

    Attributes:
        entries: the generated files, by name.
        origins: where specs come from, by the name that the entries give them; a spec outside the project has none.
    """

    entries: tuple[Entry, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder; it is empty where there is none.

    Raises:
        BuildError: the file is there but cannot be read or is none of ours.
    """
    path = folder / FILE
    if not path.is_file():
        return Manifest()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(Entry(output, **facts) for output, facts in document["outputs"].items())
        specs = document.get("specs", {})  # a manifest of an earlier version has none
        origins = {spec: Origin(str(facts["root"]), dict(facts["sources"])) for spec, facts in specs.items()}
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BuildError(f"{path} is no manifest of symgraph ({error}); delete it and build again") from error
    return Manifest(entries, origins)


def manifest_text(manifest: Manifest) -> str:
    """Return the manifest as JSON, sorted by file name; specs that no entry names are left out."""
    outputs: dict[str, Mapping[str, str]] = {}
    for entry in manifest.entries:
        outputs[entry.output] = {key: value for key, value in asdict(entry).items() if key != "output" and value}
    named = {facts["spec"] for facts in outputs.values()}
    specs = {spec: asdict(origin) for spec, origin in manifest.origins.items() if spec in named}
    return json.dumps({"outputs": outputs, "specs": specs}, indent=2, sort_keys=True) + "\n"


def digest(content: bytes) -> str:
    """Return the digest of a file's content; a checkout that ends lines in CRLF has that of the original."""
    same = content.replace(b"\r\n", b"\n")
    return f"sha256:{sha256(same).hexdigest()}"


def digest_of(path: Path) -> str:
    """Return the digest of a file; "" where there is none that can be read."""
    try:
        return digest(path.read_bytes()) if path.is_file() else ""
    except OSError:
        return ""
