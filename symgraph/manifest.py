"""The manifest of an output folder: which file was built from which spec, with digests of both."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from symgraph.errors import BuildError

FILE = "symgraph.lock.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One generated file.

    Attributes:
        output: its name in the output folder.
        spec: where its model is written.
        model: the model's name.
        backend: the backend that wrote it.
        model_hash: digest of the canonical model.
        text_hash: digest of the file's bytes.
        extras: what the module has on request, separated by commas; the file leaves out what a plain module lacks.
        precision: of its arithmetic; "" for that of its inputs, which the file leaves out.
    """

    output: str
    spec: str
    model: str
    backend: str
    model_hash: str
    text_hash: str
    extras: str = ""
    precision: str = ""


def read_manifest(folder: Path) -> tuple[Entry, ...]:
    """Read the manifest of a folder; empty where there is none.

    Raises:
        BuildError: the file is there but cannot be read or is none of ours.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Entry(output, **facts) for output, facts in document["outputs"].items())
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BuildError(f"{path} is no manifest of symgraph ({error}); delete it and build again") from error


def manifest_text(entries: Iterable[Entry]) -> str:
    """The manifest as JSON, sorted by file name."""
    outputs: dict[str, Mapping[str, str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.output):
        facts = {key: value for key, value in asdict(entry).items() if key != "output" and value}
        outputs[entry.output] = facts
    return json.dumps({"outputs": outputs}, indent=2, sort_keys=True) + "\n"
