"""``symgraph explain``: lines of files of a project."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import LINE, Project, Run


def number_of(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    behind = next(at for at, line in enumerate(lines) if "import" in line)  # the docstring has formulas too
    return next(at for at, line in enumerate(lines, 1) if at > behind and line.strip().startswith(start))


def test_a_line_of_a_built_module_is_explained(command: Run, built: Project) -> None:
    path = built.path("generated") / "decay.py"
    done = command("explain", f"{path}:{number_of(path, 'y_hat = ')}")
    assert (done.code, done.err) == (0, "")
    first, *facts = done.out.splitlines()
    assert first.startswith(f"{path}:")
    assert "  node      y_hat = top*exp(-rate*time)" in facts


def test_json_has_the_facts(command: Run, built: Project) -> None:
    path = built.path("generated") / "decay.py"
    document = json.loads(command("explain", f"{path}:{number_of(path, 'd_rate = ')}", "--json").out)
    assert document["computes"]
    facts = {fact["about"]: fact["text"] for fact in document["facts"]}
    assert facts["formula"] == "d loss / d rate = 2*(y - y_hat)*y_hat*time"


def test_a_packaged_file_of_another_backend_is_explained_without_a_manifest(command: Run, built: Project) -> None:
    shutil.copy(built.path("generated") / "decay.py", "decay.py")
    shutil.copy(built.path("models.py"), "models.py")
    done = command("explain", f"decay.py:{number_of(Path('decay.py'), 'import numpy')}")
    assert (done.code, done.err) == (0, "")
    assert "an import" in done.out


def test_an_edited_file_is_said_to_be_so(command: Run, built: Project) -> None:
    text = (built.path("generated") / "decay.py").read_text(encoding="utf-8")
    Path("decay.py").write_text(text.replace("import numpy as np\n", "import numpy as np\n# mine\n"), encoding="utf-8")
    shutil.copy(built.path("models.py"), "models.py")
    done = command("explain", f"decay.py:{number_of(Path('decay.py'), 'y_hat = ')}")
    assert done.code == 0
    assert done.err == "decay.py was edited by hand since it was built; only lines that its spec gives are explained\n"
    refused = command("explain", f"decay.py:{number_of(Path('decay.py'), '# mine')}", "-q")
    assert (refused.code, refused.out) == (2, "")
    assert "is not in what its spec gives now: # mine" in refused.err


def test_a_file_older_than_its_spec_is_said_to_be_so(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build", "line.py").code == 0
    Path("line.py").write_text(LINE.replace("a * x + b", "a * x - b"), encoding="utf-8")
    path = Path("generated") / "line.py"
    done = command("explain", f"{path}:{number_of(path, 'METADATA')}")
    assert done.code == 0
    assert done.err == "generated/line.py is older than its spec; `symgraph build` brings it up to date\n"


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("generated/decay.py", "names no line; give FILE:LINE"),
        ("generated/decay.py:0", "there is no line 0"),
        ("generated/decay.py:100000", "there is no line 100000"),
        ("models.py:3", "is no file that symgraph has generated"),
        ("missing.py:3", "cannot be read"),
    ],
)
def test_what_is_no_line_of_a_generated_file_is_refused(command: Run, built: Project, place: str, fault: str) -> None:
    done = command("explain", f"{built.root}/{place}")
    assert (done.code, done.out) == (2, "")
    assert fault in done.err
