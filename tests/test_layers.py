"""The architecture, read from the imports: rooms that point one way, no cycles, a runtime without SymPy; short files."""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symgraph"

ROOMS = ("runtime", "data", "spec", "compiler", "judge", "project", "show", "use", "cli")
"""The folders of the package, each of which imports only those before it."""
TOP = ("aliases", "columns", "errors", "html", "module_functions", "options", "pace")
"""The modules beside them, which every room may import."""
FLOORS = {
    "compiler": (("ir",), ("numerics",), ("derive", "rewrite"), ("passes", "backends"), ("generate",)),
    "project": (("settings",), ("native",), ("build",)),
}
"""Folders within a room, each of which imports only those on floors before its own."""

WRITERS = ("spec", "compiler")
"""The rooms that make text of a spec; they may know SymPy and Jinja."""
BESIDE = (
    *TOP,
    "runtime",
    "data",
    "project.settings",
    "project.native",
    "judge.differences",
    "use.training",
    "use.bridges",
    "use.testing",
    "show.plots",
)
"""All that runs beside a generated module and never imports what makes it."""
WHEN_NEEDED = {"matplotlib", "pyarrow", "scipy"}
"""Packages that are imported by the function that needs them."""

FOREIGN = {"sympy", "flint", "jinja2", "mpmath", "typer", "rich", "scipy", "matplotlib", "pyarrow"}
"""Imports that the other rooms do without; matplotlib may be imported inside a function that plots."""


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
    for node in tree_of(path).body if at_import_only else ast.walk(tree_of(path)):
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
    return {item.removeprefix("symgraph.") for item in found if item.startswith("symgraph.")} & set(MODULES)


def room(name: str) -> str:
    """The folder of a module, or the module itself at the top of the package."""
    return name.partition(".")[0]


def is_in(name: str, places: Iterable[str]) -> bool:
    """Tell whether a module is one of some modules, or in one of some folders."""
    return any(f"{name}.".startswith(f"{place}.") for place in places)


def floor(name: str) -> int:
    """The floor of a module in its room; one for rooms that have none."""
    _, folder, *_ = [*name.split("."), ""]
    return next((at for at, folders in enumerate(FLOORS.get(room(name), ())) if folder in folders), 0)


def order(needs: dict[str, set[str]]) -> list[str]:
    """The names so that each comes after all that it needs; a cycle is an error that names it."""
    waiting, found = {name: set(above) for name, above in needs.items()}, list[str]()
    while waiting:
        ready = sorted(name for name, above in waiting.items() if not above & set(waiting))
        assert ready, f"cycle among {sorted(waiting)}"
        found += ready
        waiting = {name: above for name, above in waiting.items() if name not in ready}
    return found


def test_rooms_point_one_way() -> None:
    """Imports inside functions and for type checkers included."""
    places = (*TOP, *ROOMS)
    for name in (name for name in MODULES if room(name) in places):
        for target in own_imports(name):
            if room(name) in TOP:
                assert room(target) in TOP, f"{name} imports {target}"
            elif room(target) == room(name):
                assert floor(target) <= floor(name), f"{name} imports {target}, which comes after it"
            else:
                assert places.index(room(target)) < places.index(room(name)), f"{name} imports {target}, which comes after it"


def test_folders_point_one_way() -> None:
    """Those within a room, too."""
    needs: dict[str, set[str]] = {}
    for name in MODULES:
        folder = ".".join(name.split(".")[:2])
        if (PACKAGE / folder.replace(".", "/")).is_dir():
            targets = {".".join(target.split(".")[:2]) for target in own_imports(name)}
            needs.setdefault(folder, set()).update(targets - {folder})
    order({folder: targets & set(needs) for folder, targets in needs.items()})


def test_there_are_no_cycles_not_even_for_type_checkers() -> None:
    order({name: own_imports(name) - {name} for name in MODULES if name != "__init__"})


def test_few_modules_stand_outside_the_rooms() -> None:
    found = {room(name) for name in MODULES} - {"__init__", "__main__"}
    assert {name for name in found if not (PACKAGE / name).is_dir()} == set(TOP)
    assert {name for name in found if (PACKAGE / name).is_dir()} == set(ROOMS)


def test_importing_the_package_loads_nothing() -> None:
    assert own_imports("__init__", at_import_only=True) == {"aliases"}
    assert own_imports("aliases") == set()
    assert not {item.partition(".")[0] for item in imports_of(MODULES["__init__"], at_import_only=True)} & FOREIGN


def test_what_runs_beside_a_generated_module_never_imports_the_generator() -> None:
    for name in (name for name in MODULES if is_in(name, BESIDE)):
        crossing = {target for target in own_imports(name) if not is_in(target, BESIDE)}
        assert not crossing, f"{name} imports {crossing}"
        roots = {item.partition(".")[0] for item in imports_of(MODULES[name])}
        assert not roots & (FOREIGN - WHEN_NEEDED), f"{name} imports {roots & FOREIGN}"
        assert not {item.partition(".")[0] for item in imports_of(MODULES[name], at_import_only=True)} & WHEN_NEEDED


def test_the_reference_shares_nothing_with_lowering() -> None:
    reached, todo = set(), ["judge.reference"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += own_imports(name)
    # spec checks look up in the op table which functions there are; nothing of a graph is evaluated
    assert not {
        name for name in reached if is_in(name, ("compiler.derive", "compiler.rewrite", "compiler.passes", "compiler.backends"))
    }
    assert not reached & {"compiler.generate", "compiler.ir.graph", "compiler.ir.evaluate"}


def test_passes_are_one_public_function_a_file() -> None:
    for path in sorted((PACKAGE / "compiler" / "passes").glob("*.py")):
        if path.name != "__init__.py":
            names = {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
            assert {path.stem} <= {name for name in names if name[0] != "_"} <= {path.stem, "simplified"}


def test_nothing_knows_the_founding_model() -> None:
    """Neither its name nor those of its inputs are names in the code; in comments and docstrings they may stand."""
    own = {"nine_weights", *(f"w{i}" for i in range(1, 10)), *(f"f{i}" for i in range(1, 6))}
    word = re.compile(rf"\b({'|'.join(own)})\b")
    for name, path in MODULES.items():
        found: set[object] = set()
        for node in ast.walk(tree_of(path)) if word.search(path.read_text(encoding="utf-8")) else ():
            found |= {getattr(node, field, None) for field in ("id", "attr", "arg", "name", "module")}
            if isinstance(node, ast.Constant) and node.value == "nine_weights":
                found.add(node.value)
        assert not found & own, name


def test_files_are_short() -> None:
    for path in [*MODULES.values(), *sorted((ROOT / "tests").rglob("test_*.py"))]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_functions_are_short() -> None:
    for name in MODULES:
        for node in ast.walk(tree_of(MODULES[name])):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node)
                first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
                length = (node.end_lineno or 0) - first.lineno + 1
                assert length <= 50, f"{name}.{node.name} has {length} lines"


@pytest.mark.quick  # 0.4 s, and what it finds is written each day
def test_every_module_says_what_it_is_and_no_docstring_begins_with_a_question() -> None:
    for name, path in MODULES.items():
        assert ast.get_docstring(tree_of(path)), name
        for node in ast.walk(tree_of(path)):
            text = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else ""
            said = isinstance(text, str) and text.split(maxsplit=1)[:1]
            assert not said or said[0] not in ("What", "Whether", "How"), f"{path.name}: {text}"


def test_no_local_name_of_the_runtime_is_a_definition_of_another_of_its_modules() -> None:
    """A standalone module takes what its text names, so that such a name would take along what nobody calls."""
    defined, local = dict[str, str](), dict[str, set[str]]()
    for name in (one for one in MODULES if room(one) == "runtime"):
        tree = tree_of(MODULES[name])
        defined |= {node.name: name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            found = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            found |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            for one in found:
                local.setdefault(one, set()).add(name)
    clashes = {one: local[one] - {home} for one, home in defined.items() if local.get(one, set()) - {home}}
    assert set(clashes) <= {"known"}, clashes  # which every module calls
