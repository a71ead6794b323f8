"""Generated text, byte for byte, for a reviewer to read: ``pytest tests/test_golden.py --regenerate`` writes it anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from built import MODELS as ZOO
from built import artifacts

from symgraph.generate import Artifact, generate

FOLDER = Path(__file__).parent / "golden"
MODELS = ("nine_weights", "uniform_nodes", "pieces", "location", "keywords")
IN_C = "nine_weights"


def c_files() -> dict[str, Artifact]:
    """The C file and the header of one of them."""
    return {Path(artifact.name).suffix: artifact for artifact in generate(ZOO[IN_C](), ("c",))}


@pytest.mark.parametrize("index", [0, 1], ids=["numpy", "scalar"])
@pytest.mark.parametrize("name", MODELS)
def test_generated_text_is_what_was_reviewed(name: str, index: int, check_text: Callable[[Path, str], None]) -> None:
    artifact = artifacts(name)[index]
    check_text(FOLDER / f"{artifact.name}.txt", artifact.text)


@pytest.mark.parametrize("suffix", [".c", ".h"])
def test_generated_c_is_what_was_reviewed(suffix: str, check_text: Callable[[Path, str], None]) -> None:
    artifact = c_files()[suffix]
    check_text(FOLDER / f"{artifact.name}.txt", artifact.text)


def test_every_golden_file_is_compared_with_something() -> None:
    compared = [*(artifact for name in MODELS for artifact in artifacts(name)), *c_files().values()]
    assert {path.name for path in FOLDER.iterdir()} == {f"{artifact.name}.txt" for artifact in compared}
