"""JSON documents that name their format."""

from pathlib import Path

import pytest

from symgraph.io.documents import read_document


def test_a_document_of_the_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"format": "notes 1", "one": 1.5}', encoding="utf-8")
    assert read_document(tmp_path / "d.json", "notes 1") == {"format": "notes 1", "one": 1.5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b"[" * 100_000, "maximum recursion depth"),
        (b"[1]", "it does not say 'notes 1' as its format"),
        (b'{"one": 1}', "it does not say 'notes 1' as its format"),
        (b'{"format": "notes 2"}', "it does not say 'notes 1' as its format"),
        (b"\xff\xfe", "it is not UTF-8 text"),
    ],
)
def test_another_file_is_refused_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "d.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_document(tmp_path / "d.json", "notes 1")


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "d.json", "notes 1")
