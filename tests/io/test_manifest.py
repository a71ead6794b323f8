"""symgraph.io.manifest: the lock file of an output folder."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from symgraph.errors import BuildError
from symgraph.io.manifest import FILE, Entry, Manifest, Origin, digest, digest_of, manifest_text, read_manifest

ENTRIES = {
    "b.py": Entry("specs/b.py", "b", "numpy", "sha256:2", "sha256:22"),
    "a.py": Entry("specs/a.py", "a", "numpy", "sha256:1", "sha256:11"),
}


def test_what_is_written_reads_back_sorted_by_file(tmp_path: Path) -> None:
    text = manifest_text(Manifest(ENTRIES))
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert read_manifest(tmp_path) == Manifest(ENTRIES)
    assert [*read_manifest(tmp_path).entries] == ["a.py", "b.py"]
    assert text == manifest_text(Manifest(dict(reversed(ENTRIES.items()))))
    assert text.endswith("}\n")
    document = json.loads(text)
    assert list(document["outputs"]) == ["a.py", "b.py"]
    facts = {"backend": "numpy", "model": "a", "model_hash": "sha256:1", "spec": "specs/a.py", "text_hash": "sha256:11"}
    assert document["outputs"]["a.py"] == facts


def test_what_a_module_has_on_request_is_listed_and_reads_back(tmp_path: Path) -> None:
    entry = Entry("specs/c.py", "c", "numpy", "sha256:3", "sha256:33", extras="error-bound")
    text = manifest_text(Manifest({"c.py": entry}))
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert json.loads(text)["outputs"]["c.py"]["extras"] == "error-bound"
    assert "precision" not in text
    assert read_manifest(tmp_path) == Manifest({"c.py": entry})


def test_a_folder_without_a_manifest_or_with_one_of_an_earlier_version_has_no_entries(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "no such folder"):
        assert read_manifest(folder) == Manifest()
    (tmp_path / FILE).write_text('{"outputs": {}}', encoding="utf-8")  # says nothing of specs
    assert read_manifest(tmp_path) == Manifest()


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
    "no text": "\udcff",
}


@pytest.mark.parametrize("kind", NONE_OF_OURS)
def test_another_file_of_that_name_is_refused_with_what_to_do(tmp_path: Path, kind: str) -> None:
    (tmp_path / FILE).write_bytes(NONE_OF_OURS[kind].encode("utf-8", "surrogateescape"))
    with pytest.raises(BuildError, match=r"symgraph\.lock\.json is no manifest of symgraph .*; delete it and build again"):
        read_manifest(tmp_path)


def test_a_manifest_that_cannot_be_read_is_a_build_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).touch()
    monkeypatch.setattr(Path, "open", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(BuildError, match=r"cannot be read: Permission denied"):
        read_manifest(tmp_path)


def test_where_specs_come_from_is_kept_as_long_as_a_file_names_them(tmp_path: Path) -> None:
    origins = {"specs/a.py": Origin("..", {"specs/a.py": "sha256:5", "data.csv": ""}), "gone.py": Origin("..", {})}
    (tmp_path / FILE).write_text(manifest_text(Manifest(ENTRIES, origins)), encoding="utf-8")
    assert read_manifest(tmp_path).origins == {"specs/a.py": origins["specs/a.py"]}


def test_a_digest_does_not_depend_on_line_ends(tmp_path: Path) -> None:
    assert digest(b"a\r\nb\n") == digest(b"a\nb\n") != digest(b"a\nb")
    (tmp_path / "a.txt").write_bytes(b"a\r\n")
    assert digest_of(tmp_path / "a.txt") == digest(b"a\n")
    assert digest_of(tmp_path / "none.txt") == digest_of(tmp_path) == ""
