"""The sources of the runtime, which later stand in one file: what they import, and that no name is taken twice."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import symgraph.runtime

MODULES = sorted(Path(symgraph.runtime.__file__).parent.glob("*.py"))
OPTIONAL = {("namespaces.py", "array_api_compat"), ("constraints.py", "scipy.optimize")}
"""Imports that the runtime does without where they are missing."""
TABLE = "symgraph.module_functions"
FRONTS = {"array_api_binding.py", "compiled_binding.py", "native_careful.py"}
"""Modules that no file on its own needs, and that read the table of functions."""


def imported(tree: ast.Module) -> set[str]:
    """The modules that a source imports, wherever it does."""
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_runtime_imports_numpy_the_standard_library_and_itself_and_no_name_stands_at_the_top_of_two_modules() -> None:
    defined: Counter[str] = Counter()
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        defined.update(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
        assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        targets = [one for node in assigned for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
        names = [part for one in targets for part in ast.walk(one) if isinstance(part, ast.Name)]  # of tuples, too
        defined.update(one.id for one in names if isinstance(one.ctx, ast.Store) and one.id != "__all__")
        for name in imported(tree):
            top = name.partition(".")[0]
            known = name.startswith("symgraph.runtime.") or top == "numpy" or top in sys.stdlib_module_names
            assert known or (path.name, name) in OPTIONAL or (path.name in FRONTS and name == TABLE), (path.name, name)
    assert [name for name, times in defined.items() if times > 1] == []


def test_mypy_knows_the_signatures_of_a_bound_module(tmp_path: Path) -> None:
    names = ("forward", "value_and_grad", "predict", "unpack")
    text = "import nine_weights as m\n" + "".join(f"reveal_type(m.{name})\n" for name in names)
    (tmp_path / "use.py").write_text(text, encoding="utf-8")
    environment = {"MYPYPATH": str(Path(__file__).parents[2] / "generated"), "PATH": "/usr/bin"}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "use.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    tape, both, *_ = run.stdout.splitlines()
    assert "-> tuple[" in tape  # with its fields
    assert "fallback=nine_weights.Tape" in tape
    assert "sample_weight" in both
    assert both.count("-> tuple[float, ") == 1
