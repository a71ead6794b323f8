"""symgraph.project.settings.manifest: the lock file of an output folder."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from symgraph.errors import BuildError
from symgraph.project.settings.manifest import FILE, Entry, Manifest, Origin, digest, digest_of, manifest_text, read_manifest

ENTRIES = {
    "b.py": Entry("specs/b.py", "b", "numpy", "sha256:2", "sha256:22"),
    "a.py": Entry("specs/a.py", "a", "numpy", "sha256:1", "sha256:11"),
}


def test_what_is_written_reads_back_sorted_by_file(tmp_path: Path) -> None:
    asked = Entry("specs/c.py", "c", "numpy", "sha256:3", "sha256:33", extras="error-bound")
    origins = {"specs/a.py": Origin("..", {"specs/a.py": "sha256:5", "data.csv": ""}), "gone.py": Origin("..", {})}
    text = manifest_text(Manifest({**ENTRIES, "c.py": asked}, origins))
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    # where specs come from is kept as long as a file names them
    assert read_manifest(tmp_path) == Manifest({**ENTRIES, "c.py": asked}, {"specs/a.py": origins["specs/a.py"]})
    assert [*read_manifest(tmp_path).entries] == ["a.py", "b.py", "c.py"]
    assert manifest_text(Manifest(ENTRIES)) == manifest_text(Manifest(dict(reversed(ENTRIES.items()))))
    assert text.endswith("}\n")
    assert "precision" not in text
    outputs = json.loads(text)["outputs"]
    assert list(outputs) == ["a.py", "b.py", "c.py"]
    facts = {"backend": "numpy", "model": "a", "model_hash": "sha256:1", "spec": "specs/a.py", "text_hash": "sha256:11"}
    assert (outputs["a.py"], outputs["c.py"]["extras"]) == (facts, "error-bound")


def test_no_manifest_or_an_old_one_has_no_entries_or_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, tmp_path / "no such folder"):
        assert read_manifest(folder) == Manifest()
    (tmp_path / FILE).write_text('{"outputs": {}}', encoding="utf-8")  # says nothing of specs
    assert read_manifest(tmp_path) == Manifest()
    monkeypatch.setattr(Path, "open", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(BuildError, match=r"cannot be read: Permission denied"):
        read_manifest(tmp_path)


NONE_OF_OURS = {
    "nothing": "",
    "no JSON": "not json",
    "too deep": "[" * 100_000,
    "a list": "[]",
    "no outputs": "{}",
    "outputs in a list": '{"outputs": []}',
    "an output without facts": '{"outputs": {"a.py": {}}}',
    "an unknown fact": '{"outputs": {"a.py": {"hue": 1}}}',
    "specs in a list": '{"outputs": {}, "specs": []}',
    "a spec without sources": '{"outputs": {}, "specs": {"a.py": {"root": "."}}}',
    "a source elsewhere": '{"outputs": {}, "specs": {"a.py": {"root": ".", "sources": {"../a.py": ""}}}}',
    "outputs twice": '{"outputs": {}, "outputs": {}}',
    "no text": "\udcff",
}


@pytest.mark.parametrize("kind", NONE_OF_OURS)
def test_another_file_of_that_name_is_refused_with_what_to_do(tmp_path: Path, kind: str) -> None:
    (tmp_path / FILE).write_bytes(NONE_OF_OURS[kind].encode("utf-8", "surrogateescape"))
    with pytest.raises(BuildError, match=r"symgraph\.lock\.json is no manifest of symgraph .*; delete it and build again"):
        read_manifest(tmp_path)


def test_a_digest_does_not_depend_on_line_ends(tmp_path: Path) -> None:
    assert digest(b"a\r\nb\n") == digest(b"a\nb\n") != digest(b"a\nb")
    (tmp_path / "a.txt").write_bytes(b"a\r\n")
    assert digest_of(tmp_path / "a.txt") == digest(b"a\n")
    assert digest_of(tmp_path / "none.txt") == digest_of(tmp_path) == ""
