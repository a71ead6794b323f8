"""The architecture, read from the imports: layers, no cycles, a runtime without SymPy; no special model; short files."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symgraph"

LAYERS: dict[str, int] = {
    "errors": 0, "options": 0, "stages": 0,
    # the runtime
    "config": 1, "unpickle": 1, "files": 1, "cache": 1, "data": 1, "module": 1, "weights": 1, "gradcheck": 1, "training": 1,
    "compiler": 1, "compiled": 1, "compiled_functions": 1, "pieces": 1, "labels": 1, "trust": 1, "manifest": 1, "lineage": 1,
    "runtime": 1,
    # the generator
    "declared": 2, "functions": 2, "laws": 2, "names": 2, "canonical": 2, "ir": 2, "spec_checks": 2, "model": 2, "residuals": 2,
    "guards": 3, "lowering": 3, "powers": 3, "fragments": 3, "constants": 3,
    "adjoint": 4,
    "passes": 5,
    "schedule": 6,
    "emit": 7,
    "backends": 8, "header": 8, "rendering": 8, "generate": 8,
    "check.drawing": 1,  # the standard library alone: the runtime draws by these laws too
    "check.calls": 1,  # NumPy alone: gradcheck calls functions in these ways too
    "check": 9, "bench": 9, "sources": 9, "specs": 9, "memory": 9, "outputs": 9,
    "build": 9, "renewal": 9,
    "replay": 10, "cli": 10, "__main__": 10,
    "models": 10,  # specs import what users import
    "__init__": 11,  # exports public names, each loaded on first use
}  # fmt: skip
"""Every module or folder of the package; imports go to the same layer or to a lower one."""

RUNTIME = (
    "errors", "config", "unpickle", "files", "cache", "data", "module", "weights", "gradcheck", "training",
    "compiler", "compiled", "compiled_functions", "pieces", "labels", "trust", "manifest", "lineage", "check.drawing",
    "check.calls", "runtime",
)  # fmt: skip
FOREIGN = {"sympy", "flint", "jinja2", "mpmath", "typer", "rich", "scipy", "matplotlib"}
"""What the runtime must not import; matplotlib may be imported inside a function that plots."""


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name without ``symgraph.``."""
    result = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        result[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return result


MODULES = modules()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path, *, at_import_only: bool = False) -> set[str]:
    """Dotted names of everything a file imports, names imported from symgraph packages resolved to modules."""
    found: set[str] = set()
    tree = tree_of(path)
    nodes = tree.body if at_import_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".removeprefix("symgraph.")
                found.add(f"symgraph.{inner}" if inner in MODULES else str(node.module))
    return found


def own_imports(name: str, *, at_import_only: bool = False) -> set[str]:
    """The modules of the package that a module imports."""
    found = imports_of(MODULES[name], at_import_only=at_import_only)
    return {item.removeprefix("symgraph.") for item in found if item.startswith("symgraph.")}


def top(name: str) -> str:
    """The entry of the table that a module belongs to: itself, or else its folder."""
    return name if name in LAYERS else name.partition(".")[0]


def test_every_module_has_a_layer() -> None:
    assert {top(name) for name in MODULES} == set(LAYERS)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_downwards(name: str) -> None:
    for target in own_imports(name):
        assert LAYERS[top(target)] <= LAYERS[top(name)], f"{name} imports {target}"


def test_what_the_runtime_uses_of_a_folder_of_the_generator_loads_nothing_else() -> None:
    folders = {name.partition(".")[0] for name in RUNTIME if "." in name}
    assert all(not imports_of(MODULES[folder]) for folder in folders)


def test_importing_the_package_loads_nothing() -> None:
    assert own_imports("__init__", at_import_only=True) == set()
    assert not {item.partition(".")[0] for item in imports_of(MODULES["__init__"], at_import_only=True)} & FOREIGN


def test_there_are_no_cycles() -> None:
    waiting = {name: own_imports(name, at_import_only=True) & set(MODULES) - {name} for name in MODULES}
    while waiting:
        ready = {name for name, needs in waiting.items() if not needs & set(waiting)}
        assert ready, f"cycle among {sorted(waiting)}"
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}


@pytest.mark.parametrize("name", [name for name in MODULES if top(name) in RUNTIME])
def test_the_runtime_never_imports_the_generator(name: str) -> None:
    for target in own_imports(name):
        assert top(target) in RUNTIME, f"{name} imports {target}"
    lazily = {"matplotlib"}
    roots = {item.partition(".")[0] for item in imports_of(MODULES[name])}
    assert not roots & (FOREIGN - lazily), f"{name} imports {roots & FOREIGN}"
    assert not {item.partition(".")[0] for item in imports_of(MODULES[name], at_import_only=True)} & lazily


def test_only_the_top_of_the_generator_imports_the_runtime() -> None:
    for name in MODULES:
        if top(name) not in RUNTIME and LAYERS[top(name)] < LAYERS["memory"]:
            crossing = {target for target in own_imports(name) if top(target) in RUNTIME} - {"errors"}
            assert not crossing, f"{name} imports {crossing}"


def test_the_reference_shares_nothing_with_lowering() -> None:
    reached, todo = set(), ["check.reference"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [target for target in own_imports(name) if target in MODULES]
    # spec checks look up in the op table which functions there are; nothing of a graph is evaluated
    assert not reached & {"lowering", "guards", "fragments", "adjoint", "ir.graph", "ir.evaluate", "passes", "schedule"}


def test_passes_are_one_public_function_a_file() -> None:
    for path in sorted((PACKAGE / "passes").glob("*.py")):
        if path.name != "__init__.py":
            public = [
                node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
            ]
            assert path.stem in public
            assert set(public) - {path.stem} <= {"simplified"}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "models.nine_weights" and top(name) != "replay"])
def test_nothing_knows_the_founding_model(name: str) -> None:
    own = {"nine_weights", *(f"w{i}" for i in range(1, 10)), *(f"f{i}" for i in range(1, 6))}
    used: set[object] = set()
    for node in ast.walk(tree_of(MODULES[name])):
        used |= {
            getattr(node, field, None) for field in ("id", "attr", "arg", "name") if isinstance(getattr(node, field, None), str)
        }
        if isinstance(node, ast.Constant) and node.value == "nine_weights":
            used.add(node.value)
    assert not used & own
    assert not any("nine_weights" in target for target in imports_of(MODULES[name]))


@pytest.mark.parametrize(
    "path", [*MODULES.values(), *sorted((ROOT / "tests").rglob("test_*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("name", MODULES)
def test_functions_are_short(name: str) -> None:
    for node in ast.walk(tree_of(MODULES[name])):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node)
            first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            assert length <= 50, f"{name}.{node.name} has {length} lines"


def test_every_module_says_what_it_is() -> None:
    for name, path in MODULES.items():
        assert ast.get_docstring(tree_of(path)), name
