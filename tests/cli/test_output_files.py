"""Files that results are written to: one of another kind is not replaced, nor that of another option."""

import os
from pathlib import Path

import pytest

from symgraph.cli.outputs import JSON, PAGE, PICTURE, TEXT, WEIGHTS, Kind, check_writable, predictions
from symgraph.errors import OptionError

OWN = [
    (WEIGHTS, "w.json", b'{\n  "format": "symgraph weights 1"'),
    *((PICTURE, "p", head) for head in (b"\x89PNG\r\n", b"%PDF-1.4", b"<svg x", b'digraph "m" {', b"flowchart LR")),
    (PICTURE, "p", b'<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg '),
    (PAGE, "r.html", b"<!DOCTYPE html>\n<title>decay: a report by symgraph</title>\n"),
    (TEXT, "t.md", b"# two\ny_hat = a*x\nloss = (y_hat - y)**2\n\n# three\no = x\nd los"),
    (JSON, "j.json", b'{\n  "models": ['),
    *((predictions("u,v\n"), "p.csv", head) for head in (b"u,v\n1,2\n", b'{\n  "model": "m"')),
]
OTHERS = [b"import sympy\n", b"t,y\n0,1\n", b'{"name": "package"}', b"\x00", b"<?xml version='1.0'?><html/>"]
OTHERS += [
    b"<!DOCTYPE html>\n<title>coverage</title>\n",
    b"# Mine\n\nx = 1\n",
    b"mine\n",
    b"\\documentclass{}\n",
    b"a = b = c\n" * 200 + b"d\ne\n",
]


@pytest.mark.parametrize(("kind", "name", "head"), OWN)
def test_a_file_is_replaced_by_one_of_its_kind_alone(tmp_path: Path, kind: Kind, name: str, head: bytes) -> None:
    path = tmp_path / name
    for content in (b"", head):
        path.write_bytes(content)
        check_writable("--out", path, kind)
    for content in OTHERS:
        path.write_bytes(content)
        with pytest.raises(OptionError, match=rf"--out: .*{name} is there and no {kind.name}; choose another name"):
            check_writable("--out", path, kind)
    for source in ("spec.py", "m.c", "pyproject.toml", "symgraph.lock.json"):
        (tmp_path / source).write_bytes(head)
        (tmp_path / "link").symlink_to(source)
        for wrong in (tmp_path / source, tmp_path / "link"):
            with pytest.raises(OptionError, match=f"is there and no {kind.name}"):
                check_writable("--out", wrong, kind)
        (tmp_path / "link").unlink()


def test_one_file_under_two_names_is_one_and_a_protected_one_is_left(tmp_path: Path) -> None:
    weights = tmp_path / "w.json"
    weights.write_bytes(OWN[0][2])
    os.link(weights, tmp_path / "other.json")
    with pytest.raises(OptionError, match="the file of another option"):
        check_writable("--save-best", tmp_path / "other.json", WEIGHTS, weights)
    weights.chmod(0o444)
    with pytest.raises(OptionError, match="write-protected"):
        check_writable("--save", weights, WEIGHTS)
