"""Modules, loaded and in memory, and their functions in other processes."""

import copy
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
from zoo import nine_weights

import symgraph
from symgraph.compiler.generate import generate
from symgraph.project.native.loaded import restored

ARGUMENTS = (np.full(9, 0.1), np.ones((3, 5)), np.ones(3))
ROW = ([0.1] * 9, [1.0] * 5, 1.0)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The founding model's module from a file and in memory, and the scalar one from a file."""
    folder = tmp_path_factory.mktemp("built")
    for artifact in generate(nine_weights(), ("numpy", "scalar")):
        (folder / artifact.name).write_text(artifact.text, encoding="utf-8")
    return {
        "file": symgraph.load(folder / "nine_weights.py"),
        "memory": symgraph.compile(nine_weights(), "numpy"),
        "scalar": symgraph.load(folder / "nine_weights_scalar.py"),
    }


def loss_by(module: Any) -> float:
    return module.loss(*ARGUMENTS)


def row_by(function: Callable[..., float]) -> float:
    return function(*ROW, [0.0] * 9)


def test_spawned_workers_get_modules_and_functions(modules: dict[str, Any]) -> None:
    want = modules["file"].loss(*ARGUMENTS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for name in ("file", "memory"):
            assert pool.apply(modules[name].loss, ARGUMENTS) == want
            assert pool.apply(loss_by, (modules[name],)) == want
        assert pool.apply(row_by, (modules["scalar"].row,)) == row_by(modules["scalar"].row)


def test_joblib_takes_them_and_functions_that_refer_to_them(modules: dict[str, Any]) -> None:
    want = modules["file"].loss(*ARGUMENTS)
    for name in ("file", "memory"):
        module = modules[name]
        tasks = [joblib.delayed(module.loss)(*ARGUMENTS), joblib.delayed(lambda one=module: one.loss(*ARGUMENTS))()]
        assert joblib.Parallel(n_jobs=2)(tasks) == [want, want]


@pytest.mark.parametrize("name", ["file", "memory", "scalar"])
def test_in_the_same_process_they_are_themselves(modules: dict[str, Any], name: str) -> None:
    module = modules[name]
    function = module.row if name == "scalar" else module.value_and_grad
    for package in (pickle, cloudpickle):
        assert package.loads(package.dumps(module)) is module
        assert package.loads(package.dumps(function)) == function
    assert copy.deepcopy(module) is module
    assert copy.deepcopy(function) == function


def test_modules_are_made_of_their_text_and_changed_or_foreign_names_refused(modules: dict[str, Any], tmp_path: Path) -> None:
    rebuild, (source, name, origin) = modules["memory"].__reduce__()
    assert rebuild is restored
    assert restored(source, f"{name}again", origin).loss(*ARGUMENTS) == modules["memory"].loss(*ARGUMENTS)
    with pytest.raises(ZeroDivisionError):
        restored("1 / 0", f"{name}broken", origin)
    file = tmp_path / "nine_weights_scalar.py"
    file.write_text(Path(modules["scalar"].__file__).read_text(encoding="utf-8"), encoding="utf-8")
    name = symgraph.load(file).__name__
    assert import_module(name).MODEL == "nine_weights"
    with pytest.raises(ModuleNotFoundError, match="was made in memory of another process"):
        import_module(f"{modules['memory'].__name__[:-1]}0_")
    del sys.modules[name]
    file.write_text("changed", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="has changed since"):
        import_module(name)


def test_a_module_says_what_it_is_and_shows_its_formulas_in_notebooks(modules: dict[str, Any]) -> None:
    assert repr(modules["file"]).startswith("<module nine_weights of symgraph: 9 weights, 5 features, numpy backend, from ")
    assert "scalar backend" in repr(modules["scalar"])
    assert "t = w1 * f1 + w2 * f2" in modules["memory"]._repr_html_()
