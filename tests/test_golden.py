"""Generated text, byte for byte, for a reviewer to read: ``pytest tests/test_golden.py --regenerate`` writes it anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from built import artifacts

FOLDER = Path(__file__).parent / "golden"
MODELS = ("nine_weights", "uniform_nodes", "pieces", "location", "keywords")


@pytest.mark.parametrize("index", [0, 1], ids=["numpy", "scalar"])
@pytest.mark.parametrize("name", MODELS)
def test_generated_text_is_what_was_reviewed(name: str, index: int, check_text: Callable[[Path, str], None]) -> None:
    artifact = artifacts(name)[index]
    check_text(FOLDER / f"{artifact.name}.txt", artifact.text)


def test_every_golden_file_is_compared_with_something() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{artifact.name}.txt" for name in MODELS for artifact in artifacts(name)
    }
