"""``symgraph explain``: lines of files of a project."""

import json
import shutil
from pathlib import Path

from command_line import LINE, Project, Run, refused


def number_of(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    behind = next(at for at, line in enumerate(lines) if "import" in line)  # the docstring has formulas too
    return next(at for at, line in enumerate(lines, 1) if at > behind and line.strip().startswith(start))


def test_a_line_of_a_built_module_is_explained_also_in_json(command: Run, built: Project) -> None:
    path = built.module
    done = command(f"explain {path}:{number_of(path, 'y_hat = ')}")
    assert (done.code, done.err) == (0, "")
    first, *facts = done.out.splitlines()
    assert first.startswith(f"{path}:")
    assert "  node      y_hat = top*exp(-rate*time)" in facts
    document = json.loads(command(f"explain {path}:{number_of(path, 'd_rate = ')} --json").out)
    assert document["computes"]
    facts_of = {fact["about"]: fact["text"] for fact in document["facts"]}
    assert facts_of["formula"] == "d loss / d rate = 2*(y - y_hat)*y_hat*time"


def test_a_file_without_a_manifest_is_explained_and_an_edited_or_old_one_told(command: Run, built: Project) -> None:
    path = Path("decay.py")
    for file in (built.module, built.path("models.py")):
        shutil.copy(file, file.name)
    done = command(f"explain decay.py:{number_of(path, 'import numpy')}")
    assert (done.code, done.err, "an import" in done.out) == (0, "", True)
    path.write_text(path.read_text().replace("import numpy as np\n", "import numpy as np\n# mine\n"), encoding="utf-8")
    done = command(f"explain decay.py:{number_of(path, 'y_hat = ')}")
    said = "decay.py was edited by hand since it was built; only lines that its spec gives are explained\n"
    assert (done.code, done.err) == (0, said)
    refused(command(f"explain decay.py:{number_of(path, '# mine')} -q"), "is not in what its spec gives now: # mine")
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build line.py").code == 0
    Path("line.py").write_text(LINE.replace("a * x + b", "a * x - b"), encoding="utf-8")
    done = command(f"explain generated/line.py:{number_of(Path('generated/line.py'), 'METADATA')}")
    assert (done.code, done.err) == (0, "generated/line.py is older than its spec; `symgraph build` brings it up to date\n")
