"""The layers of docs/architecture.md: imports point downwards, files stay short, and the founding model is a customer."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symgraph"

# From the bottom up. A module may import modules of its own layer and of those below; runtime stands apart, see RUNTIME.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"model", "spec_checks", "names", "laws", "functions", "canonical", "ir"}),
    frozenset({"lowering", "guards", "fragments", "exact", "oracle"}),
    frozenset({"adjoint"}),
    frozenset({"passes"}),
    frozenset({"schedule"}),
    frozenset({"emit"}),
    frozenset({"generate", "rendering", "manifest", "backends"}),
    frozenset({"build", "memory", "specs", "verification"}),
    frozenset({"cli", "__main__", "replay"}),
)
RUNTIME = frozenset({"training", "gradcheck", "module", "config", "weights", "data", "unpickle", "files"})
TOP_OF_GENERATOR = 8  # from this layer on, the generator may import the runtime
SPECS = frozenset({"models"})

FILES = sorted(PACKAGE.rglob("*.py"))


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports anywhere, also inside functions and for type checkers."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "symgraph")


def _level(part: str) -> int:
    return next(level for level, names in enumerate(LAYERS) if part in names)


def _own_imports(path: Path) -> set[str]:
    return {name.split(".")[1] for name in _imports(path) if name.startswith("symgraph.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    part = _part(path)
    if part in SPECS or path == PACKAGE / "__init__.py":
        return  # a spec uses the public names, which the package's __init__ gives out lazily
    known = set().union(*LAYERS) | RUNTIME
    for imported in _own_imports(path) & known:
        if part in RUNTIME:
            assert imported in RUNTIME | LAYERS[0]
        elif imported in RUNTIME:
            # writing a file whole is needed below the top, and is neither generator nor runtime by nature
            assert _level(part) >= TOP_OF_GENERATOR or imported == "files"
        else:
            assert _level(imported) <= _level(part)


def test_every_module_has_a_layer() -> None:
    assert {_part(path) for path in FILES} - {"__init__"} <= set().union(*LAYERS) | RUNTIME | SPECS


@pytest.mark.parametrize("part", sorted(RUNTIME))
def test_the_runtime_imports_neither_sympy_nor_jinja(part: str) -> None:
    for path in FILES:
        if _part(path) == part:
            foreign = {name.split(".")[0] for name in _imports(path)}
            assert not foreign & {"sympy", "mpmath", "jinja2", "typer", "rich"}


def test_only_the_spec_side_imports_sympy_and_only_rendering_jinja() -> None:
    users: dict[str, set[str]] = {"sympy": set(), "jinja2": set()}
    for path in FILES:
        for name in {name.split(".")[0] for name in _imports(path)} & set(users):
            users[name].add(_part(path))
    assert users["jinja2"] == {"rendering"}
    assert users["sympy"] <= LAYERS[1] | LAYERS[2] | SPECS | {"cli", "verification"}


def test_packages_have_no_import_cycles() -> None:
    graph = {path: {target for name in _imports(path) if (target := _file(name)) is not None} - {path} for path in FILES}
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " -> ".join(str(step.relative_to(ROOT)) for step in (*above, path))
        if path not in done:
            for target in sorted(graph[path]):
                visit(target, (*above, path))
            done.add(path)

    for path in FILES:
        visit(path, ())


def _file(name: str) -> Path | None:
    """The file of an imported module; None for packages' __init__, whose names are lazy or re-exported, and for others."""
    if not name.startswith("symgraph."):
        return None
    path = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
    return path if path.is_file() else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_only_the_spec_and_the_replay_know_the_founding_model() -> None:
    own = re.compile(r"\b(f[1-5]|w[1-9])\b")
    for path in FILES:
        if _part(path) in SPECS | {"replay"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not [name for name in names if own.fullmatch(name)], path
        # as an example in a help text it may be named, not in code that acts on it
        compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare | ast.Call)]
        assert not any(
            isinstance(leaf, ast.Constant) and leaf.value == "nine_weights" for node in compared for leaf in ast.walk(node)
        ), path
