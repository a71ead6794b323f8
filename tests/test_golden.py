"""Generated text, byte for byte, for a reviewer to read: ``pytest tests/test_golden.py --regenerate`` writes it anew.

The founding model's modules and its C files stand in generated/.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from built import MODELS

from symgraph.compiler.generate import Artifact, generate
from symgraph.options import Options

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "golden"

SHOWN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("pieces", "numpy", {}),  # branches
    ("pieces", "scalar", {}),
    ("uniform_nodes", "numpy", {}),  # nodes and partials that are the same in every row
    ("uniform_nodes", "scalar", {}),
    ("uniform_nodes", "array_api", {}),
    ("keywords", "numpy", {}),  # names that Python or the module has taken
    ("location", "numpy", {"error_bound": True}),  # no features
    ("line", "numpy", {"precision": "accurate"}),
)
"""A model, a backend, and options: what each shows that no other does."""


@cache
def texts() -> dict[str, Artifact]:
    """The artifacts by the names of their golden files."""
    found = {}
    for name, backend, options in SHOWN:
        for artifact in generate(MODELS[name](), (backend,), options=Options(**options)):
            stem, dot, suffix = artifact.name.partition(".")
            kind = {"error_bound": "_bounds", "precision": "_accurate"}
            found[stem + "".join(kind[option] for option in options) + dot + suffix + ".txt"] = artifact
    return found


@pytest.mark.parametrize("name", texts())
def test_generated_text_is_what_was_reviewed(name: str, check_text: Callable[[Path, str], None]) -> None:
    check_text(FOLDER / name, texts()[name].text)


def test_every_golden_file_is_compared_with_something() -> None:
    assert {path.name for path in FOLDER.iterdir()} == texts().keys()


def test_the_founding_models_modules_and_c_files_are_those_of_the_repository() -> None:
    for artifact in generate(MODELS["nine_weights"](), ("numpy", "scalar", "c"), spec="examples/nine_weights/model.py"):
        assert artifact.text == (ROOT / "generated" / artifact.name).read_text(encoding="utf-8")
