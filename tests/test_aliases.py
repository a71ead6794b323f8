"""Names by which modules were imported before they moved, and the short ones of the documentation, are the modules."""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import symgraph
from symgraph.aliases import MOVED, SHORT, home_of

FOLDER = Path(symgraph.__file__).parent


@pytest.mark.parametrize("name", sorted(name for name, home in (MOVED | SHORT).items() if home))
def test_an_alias_is_the_module(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = import_module(f"symgraph.{name}")
    assert module is sys.modules[f"symgraph.{home_of(name)}"]
    assert module.__spec__ is not None
    assert module.__spec__.name == module.__name__ == f"symgraph.{home_of(name)}"


@pytest.mark.parametrize("name", ["training.optimizers", "check.reference", "backends.c.view", "io.text_data", "ir.op"])
def test_modules_of_a_folder_have_its_alias(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert import_module(f"symgraph.{name}") is sys.modules[f"symgraph.{home_of(name)}"]


def test_only_an_older_name_warns_and_points_at_the_line_that_imports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("symgraph.io.blocks", "symgraph.plots"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.warns(DeprecationWarning, match=r"symgraph\.io\.blocks is symgraph\.data\.blocks now") as told:
        exec(compile("import symgraph.plots\nimport symgraph.io.blocks", "theirs.py", "exec"), {})
    assert [(one.filename, one.lineno) for one in told] == [("theirs.py", 2)]


def test_folders_that_are_gone_have_nothing() -> None:
    for name in (name for name, home in MOVED.items() if not home):
        assert not [
            one for one in vars(import_module(f"symgraph.{name}")) if not one.startswith("_") and f"{name}.{one}" not in MOVED
        ]
    with pytest.raises(ModuleNotFoundError, match=r"symgraph\.io\.nothing"):
        import_module("symgraph.io.nothing")
    with pytest.raises(ModuleNotFoundError, match=r"symgraph\.nothing"):
        import_module("symgraph.nothing")


def test_type_checkers_are_told_of_the_short_names() -> None:
    told = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.pyi")}
    assert told == {name: f"from symgraph.{home} import *\n" for name, home in SHORT.items()}
