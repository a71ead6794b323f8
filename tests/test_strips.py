"""Models with too many operations for blocks: some rows at a time, with the results of blocks and memory that does not grow."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from built import MODELS, modules_of, numpy_module, sample, texts_of
from test_blocks import BLOCK, WITH_ROWS, peak

from symgraph.backends import blocks, numpy_view


@pytest.fixture(autouse=True)
def no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model has too many operations here."""
    monkeypatch.setattr(blocks, "MOST_OPERATIONS", 0)


def without_blocks(name: str) -> ModuleType:
    module, _ = modules_of(MODELS[name]())
    assert not hasattr(module, "_block_nodes")
    return module


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", WITH_ROWS)
def test_batches_have_the_bits_of_blocks(name: str, dtype: type) -> None:
    """Strips are as long as blocks where a tape is short."""
    module, usual = without_blocks(name), numpy_module(name)
    for rows in (1, 2, BLOCK, BLOCK + 5, 3 * BLOCK):
        w, X, y = (None if part is None else part.astype(dtype) for part in sample(name, rows=rows))
        for function in ("loss", "grad", "per_sample_grad"):
            if hasattr(module, function):
                got, wanted = (getattr(one, function)(w, X, y) for one in (module, usual))
                np.testing.assert_array_equal(got, wanted, strict=True)
        if hasattr(module, "value_and_grad"):
            weights = np.linspace(0.5, 2.0, rows)
            for reduction in ("mean", "sum"):
                options = {"sample_weight": weights, "reduction": reduction}
                got, wanted = (one.value_and_grad(w, X, y, **options) for one in (module, usual))
                np.testing.assert_array_equal(got[0], wanted[0])
                np.testing.assert_array_equal(got[1], wanted[1], strict=True)
        if hasattr(module, "predict") and X is not None:
            for function in ("predict", "jacobian"):
                got, wanted = (getattr(one, function)(w, X) for one in (module, usual))
                np.testing.assert_array_equal(got, wanted, strict=True)


def test_memory_does_not_grow_with_the_rows() -> None:
    module = without_blocks("nine_weights")
    few, many = (sample("nine_weights", rows=rows) for rows in (2 * BLOCK, 12 * BLOCK))
    for name, columns in (("value_and_grad", 0), ("loss", 0), ("predict", 1), ("per_sample_grad", 9), ("jacobian", 9)):
        arguments = [data[:2] if name in ("predict", "jacobian") else data for data in (few, many)]
        small, large = (peak(partial(getattr(module, name), *args)) for args in arguments)
        # beyond the result, which has so many more rows, there are views and numbers for each strip: some hundred bytes
        assert large - small <= 10 * BLOCK * columns * 8 + 10 * 4096


def test_long_tapes_are_made_for_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_blocks("nine_weights")._AT_ONCE == BLOCK
    monkeypatch.setattr(numpy_view, "_VALUES_AT_ONCE", 13 * 600)
    assert without_blocks("nine_weights")._AT_ONCE == 600  # 13 values a row
    monkeypatch.setattr(numpy_view, "_VALUES_AT_ONCE", 1)
    assert without_blocks("nine_weights")._AT_ONCE == 500


def test_a_sum_that_overflows_does_not_spoil_the_mean() -> None:
    module = without_blocks("line")
    w, X, y = sample("line", rows=2 * BLOCK + 5)
    y = np.full(len(y), 1e154)  # whose square is near the largest number
    value, gradient = module.value_and_grad(w, X, y)
    assert value == module.loss(w, X, y) == pytest.approx(1e308, rel=1e-9)
    assert np.isfinite(gradient).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "tool", [["ruff", "format", "--check", "--diff", "--isolated"], ["ruff", "check", "--isolated"], ["mypy", "--strict"]]
)
def test_the_tools_accept_every_module(tool: list[str], tmp_path: Path) -> None:
    for name, model in MODELS.items():
        (tmp_path / f"{name}.py").write_text(texts_of(model())[0].text, encoding="utf-8")
    run = subprocess.run([sys.executable, "-m", *tool, "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
