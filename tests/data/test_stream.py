"""symgraph.stream: the bits of rows in memory from files of any cut, in less memory than the file has."""

import csv
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from data_files import stored
from several import featureless, pair

import symgraph
from symgraph import Model, stream
from symgraph.compiler.generate import generate
from symgraph.data import arrow_data
from symgraph.data.reading import read_data
from symgraph.data.stream import Stream, triangle
from symgraph.errors import BuildError, DataError, ModuleError, OptionError
from symgraph.runtime.generated_module import targets_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SIZES = (1, 3, 10_000, 10_001, 16_384, 16_385, 40_001)
"""Numbers of rows about the borders of the blocks that the numpy runtime and the C functions add up."""
W = np.array([0.3, 0.75, 1.2])
"""Weights of `decay`."""


def decay() -> Model:
    model = Model("decay")
    t, z = model.features("t z")
    a, k, c = model.weights("a k c", init=0.5)
    y = model.target("y")
    model.residual(model.output("y_hat", a * sp.exp(-k * t) + c * sp.sin(z)) - y)
    return model


def shrunk() -> Model:
    model = Model("shrunk")
    x, (a, b), y = model.feature("x"), model.weights("a b", init=0.5), model.target("y")
    model.loss((y - model.output("y_hat", sp.tanh(a * x) + b)) ** 2)
    model.penalty(3.0 * b**2)
    return model


MODELS: dict[str, Callable[[], Model]] = {"decay": decay, "shrunk": shrunk, "pair": pair, "featureless": featureless}


@cache
def compiled(name: str, backend: str) -> Any:
    try:
        return symgraph.compile(MODELS[name](), backend)
    except BuildError as error:  # there is no compiler
        pytest.skip(str(error))


def rows_of(module: Any, n: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(n)
    d, p = len(module.FEATURES), len(targets_of(module))
    X = rng.normal(size=(n, d)) if d else None
    return X, rng.normal(size=(n, p)) if p > 1 else rng.normal(size=n)


def bits(result: Any) -> list[bytes]:
    return [np.asarray(part, np.float64).tobytes() for part in (result if isinstance(result, tuple) else (result,))]


def table_of(X: Any, y: Any) -> dict[str, Any]:
    return {"t": X[:, 0], "z": X[:, 1], "y": y}


@pytest.mark.parametrize("backend", ["numpy", "native", "c"])
@pytest.mark.parametrize("name", MODELS)
def test_sums_have_the_bits_of_rows_in_memory(name: str, backend: str) -> None:
    module = compiled(name, backend)
    w = np.linspace(0.3, 1.2, len(module.WEIGHTS))
    for n in SIZES:
        X, y = rows_of(module, n)
        rows = stream(module, X, y, rows=4_321)
        assert len(rows) == n
        for function in ("value_and_grad", "loss", "grad"):
            for how in ("mean", "sum"):
                wanted = bits(getattr(module, function)(w, X, y, reduction=how))
                assert bits(getattr(rows, function)(w, reduction=how)) == wanted, (function, how, n)
        if X is not None:
            assert bits(np.concatenate(list(rows.predict(w)))) == bits(module.predict(w, X))


@pytest.mark.parametrize("backend", ["numpy", "native", "c"])
def test_a_sum_that_overflows_where_the_mean_does_not_has_these_bits_too(backend: str) -> None:
    module, n = compiled("decay", backend), 20_003
    X, y = rows_of(module, n)[0], np.full(n, 1e154)
    wanted = module.value_and_grad(W, X, y)
    assert np.isfinite(wanted[0])
    assert bits(stream(module, X, y).value_and_grad(W)) == bits(wanted)


def files_of(folder: Path, table: dict[str, Any]) -> list[Path]:
    """The same rows in files of several formats and cuts."""
    frame = pa.table(table)
    stored(folder / "one.parquet", frame)
    stored(folder / "groups.parquet", frame, row_group_size=777)
    stored(folder / "order.parquet", frame.select(sorted(table)), row_group_size=20_000, compression="zstd")
    stored(folder / "d.arrow", frame, max_chunksize=1_234)
    with (folder / "d.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(table)
        writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
    np.save(folder / "d.npy", np.column_stack(list(table.values())))
    return sorted(path for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_files_of_any_cut_have_the_bits_of_memory(tmp_path: Path, backend: str) -> None:
    module = compiled("decay", backend)
    X, y = rows_of(module, 20_000)
    table = table_of(X, y)
    wanted, factor = bits(module.value_and_grad(W, X, y)), bits(stream(module, X, y).r_factor(W))
    files = files_of(tmp_path, table)
    assert len(files) == 6
    for path in files:
        rows = stream(module, path)
        assert bits(rows.value_and_grad(W)) == wanted, path.name
        assert bits(rows.r_factor(W)) == factor, path.name
        data = read_data(path, module.FEATURES, module.TARGET)
        assert bits((data.X, data.y)) == bits((X, y)), path.name
    for given in (dict(reversed(table.items())), pa.table(table)):
        assert bits(stream(module, given).value_and_grad(W)) == wanted


def test_the_factor_is_that_of_all_rows_where_products_would_lose_half_the_digits() -> None:
    """J has columns that differ by 1e-9: J'J, whose condition is 1e18, would tell nothing of them."""
    n, rng = 50_000, np.random.default_rng(1)
    A = rng.normal(size=(n, 1)) + 1e-9 * rng.normal(size=(n, 4))
    R = triangle(A[start : start + 4_096] for start in range(0, n, 4_096))
    assert np.array_equal(R, np.triu(R))
    assert (np.diag(R) >= 0).all()
    # singular values of a QR factor are those of the matrix to some n * eps of the largest (Higham, Accuracy and Stability
    # of Numerical Algorithms, theorem 19.4); the smallest is 1e-9 of it, so that it keeps more than four digits
    np.testing.assert_allclose(np.linalg.svd(R)[1], np.linalg.svd(A, compute_uv=False), rtol=1e-4)
    assert np.linalg.cond(A.T @ A) > 1e15


@pytest.mark.parametrize("rows", [100, 16_384, 10**6])
def test_the_factor_gives_the_step_of_least_squares(rows: int) -> None:
    module = compiled("decay", "numpy")
    X, y = rows_of(module, 12_345)
    R = stream(module, X, y, rows=rows).r_factor(W)
    J, r = module.residual_jacobian(W, X, y), module.residual(W, X, y)
    # both are backward stable; the condition of J is some units
    np.testing.assert_allclose(np.linalg.solve(R[:3, :3], -R[:3, 3]), np.linalg.lstsq(J, -r)[0], rtol=1e-12)
    np.testing.assert_allclose(np.sum(np.square(R[:, 3])), r @ r, rtol=1e-13)


def test_blocks_are_of_the_size_asked_for_and_fewer_rows_than_columns_leave_zeros_in_the_factor() -> None:
    module = compiled("decay", "numpy")
    X, y = rows_of(module, 50_000)
    blocks, targets = zip(*stream(module, X, y, rows=19_999).blocks(), strict=True)
    assert [len(block) for block in blocks] == [19_999, 19_999, 10_002]
    np.testing.assert_array_equal(np.concatenate(blocks), X)
    np.testing.assert_array_equal(np.concatenate(targets), y)
    R = stream(module, *rows_of(module, 2)).r_factor(W)
    assert R.shape == (4, 4)
    assert not R[2:].any()


def test_rows_with_missing_cells_are_left_out_everywhere_the_same(tmp_path: Path) -> None:
    module, n = compiled("decay", "native"), 34_000
    X, y = rows_of(module, n)
    lost = np.random.default_rng(0).random(n) < 0.2
    lost[16_384:33_000] = True  # a whole block
    kept = ~lost
    wanted = bits(module.value_and_grad(W, X[kept], y[kept]))
    for path in files_of(tmp_path, table_of(X, y) | {"t": np.where(lost, np.nan, X[:, 0])}):
        rows = stream(module, path, drop_missing=True)
        assert (rows.n, rows.dropped) == (kept.sum(), lost.sum()), path.name
        assert bits(rows.value_and_grad(W)) == wanted, path.name
        places = [np.ones(len(out), bool) if which is None else which for out, which in rows.predictions(W)]
        np.testing.assert_array_equal(np.concatenate(places), kept)


def test_predictions_need_no_target(tmp_path: Path) -> None:
    module = compiled("decay", "numpy")
    X, _ = rows_of(module, 20)
    pq.write_table(pa.table({"t": X[:, 0], "z": X[:, 1]}), tmp_path / "d.parquet")
    rows = stream(module, tmp_path / "d.parquet", target=False)
    assert bits(next(rows.predict(W))) == bits(module.predict(W, X))
    with pytest.raises(OptionError, match="was opened without the target, so it has no loss"):
        rows.loss(W)


def test_a_pass_over_a_file_is_told_to_the_one_who_watches_and_refused_if_the_file_has_changed(tmp_path: Path) -> None:
    module, path = compiled("decay", "numpy"), tmp_path / "d.csv"
    path.write_text("t,z,y\n" + "1,2,3\n" * 40_000, encoding="utf-8")
    seen: list[tuple[int, int | None]] = []
    rows = stream(module, path, watch=lambda done, total: seen.append((done, total)))
    assert seen == [(16_384, None), (32_768, None), (40_000, None)]
    seen.clear()
    rows.loss(W)
    assert seen == [(16_384, 40_000), (32_768, 40_000), (40_000, 40_000)]
    path.write_text("t,z,y\n" + "1,2,3\n" * 39_999, encoding="utf-8")
    for call in (rows.loss, rows.value_and_grad, rows.r_factor, lambda w: list(rows.predict(w))):
        with pytest.raises(DataError, match=r"d\.csv has changed since it was first read"):
            call(W)


@pytest.mark.parametrize("change", ["written", "cut"])
@pytest.mark.parametrize("kind", ["csv", "arrow", "arrows", "parquet"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, kind: str, change: str) -> None:
    """Text would be a mixture of old and new rows; a map of an Arrow file that is shortened would end the process."""
    module, path = compiled("decay", "numpy"), tmp_path / f"d.{kind}"
    if kind == "csv":
        path.write_text("t,z,y\n" + "1,2,3\n" * 17_000, encoding="utf-8")
    else:
        stored(path, pa.table(table_of(*rows_of(module, 17_000))), **({} if kind == "parquet" else {"max_chunksize": 5_000}))
    whole = path.read_bytes()
    other = whole.replace(b"1,2,3", b"7,2,3") if change == "written" else whole[:4_096]

    def watch(done: int, _: int | None) -> None:
        if done < 17_000:
            path.write_bytes(other)  # in place

    said = rf"^\S*d\.{kind} has changed since it was first read; leave it alone meanwhile$"
    for call in (Stream.loss, lambda one, w: list(one.predictions(w))):
        path.write_bytes(whole)
        os.utime(path, (1, 1))  # clocks of file systems are coarse
        rows = stream(module, path)
        rows.watch = watch
        with pytest.raises(DataError, match=said):
            call(rows, W)
    path.write_bytes(whole)
    os.utime(path, (1, 1))
    with pytest.raises(DataError, match=said):
        stream(module, path, watch=watch)


def test_an_arrow_file_of_one_large_batch_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped, memory_map = [], pa.memory_map
    monkeypatch.setattr(pa, "memory_map", lambda path: mapped.append(path) or memory_map(path))
    monkeypatch.setattr(arrow_data, "_LARGE_BATCH", 20_000)
    module = compiled("decay", "numpy")
    X, y = rows_of(module, 2_000)  # 48,000 bytes
    for name, size, large in (("one.arrow", 2_000, True), ("many.arrow", 500, False), ("one.arrows", 2_000, True)):
        mapped.clear()
        path = stored(tmp_path / name, pa.table(table_of(X, y)), max_chunksize=size)
        assert bits(stream(module, path).value_and_grad(W)) == bits(module.value_and_grad(W, X, y))
        assert set(mapped) == ({str(path)} if large else set()), name


def test_a_pass_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    module, path = compiled("decay", "numpy"), tmp_path / "d.parquet"
    pq.write_table(pa.table(table_of(*rows_of(module, 20_000))), path)
    rows = stream(module, path)
    wanted = bits(rows.value_and_grad(W))
    away = path.rename(tmp_path / "away")
    for call in (rows.value_and_grad, rows.loss):
        with pytest.raises(DataError, match="cannot be read: No such file"):
            call(W)
    away.rename(path)
    assert bits(rows.value_and_grad(W)) == wanted


def test_labels_that_the_likelihood_excludes_are_named_by_their_row(tmp_path: Path) -> None:
    model = Model("counts")
    x, (a, b), _ = model.feature("x"), model.weights("a b", init=0.1), model.target("y")
    model.output("rate", sp.exp(a * x + b))
    model.likelihood("poisson")
    module, path = symgraph.compile(model, "numpy"), tmp_path / "d.csv"
    path.write_text("x,y\n,1\n" + "1,2\n" * 20_000 + ",1\n1,2.5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"d\.csv: row 20002 \(counted from 0\) has y = 2\.5"):
        stream(module, path, drop_missing=True)


X3, Y3 = np.ones((3, 2)), np.ones(3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: stream(m, X3), DataError, "y is missing; decay needs its target y"),
        (lambda m: stream(m, X3, np.ones(4)), DataError, "X has 3 rows and y has 4"),
        (lambda m: stream(m, X3[:, :1], Y3), DataError, "the rows have 2 columns in all, decay needs 3"),
        (lambda m: stream(m, {"t": [1.0]}), DataError, "X has no z; it has t"),
        (lambda m: stream(m, np.array([[1.0, np.nan]]), [1.0]), DataError, r"X: row 0 .*, column z is nan"),
        (lambda m: stream(decay(), "d.csv"), OptionError, "stream needs a generated module"),
        (lambda m: stream(m, "d.csv", [1.0]), OptionError, "y belongs to rows in memory"),
        (lambda m: stream(m, "gone.csv"), DataError, "gone.csv cannot be read: No such file"),
        (lambda m: stream(m, X3, Y3, rows=0), OptionError, "rows must be a whole number, 1 or more, not 0"),
        (lambda m: stream(m, X3, Y3).loss([1.0]), ValueError, r"w has shape \(1,\), decay needs \(3,\)"),
        (lambda m: stream(m, X3, Y3).value_and_grad(W, reduction="median"), ValueError, "reduction must be"),
        (
            lambda _: stream(symgraph.compile(decay(), "numpy", precision="accurate"), X3, Y3),
            ModuleError,
            "the module of decay computes all rows at once",
        ),
    ],
)
def test_what_cannot_be_streamed_is_refused(call: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(compiled("decay", "numpy"))


LIMITED = """
    import resource, sys
    import numpy as np
    from symgraph import load, stream
    from symgraph.data.reading import read_data

    module, w = load(sys.argv[1]), np.array([0.3, 0.75, 1.2])

    def held():  # data of this process, by the same count as the limit
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) << 10

    small = stream(module, sys.argv[3])  # libraries and scratch memory are not what is measured
    small.value_and_grad(w), small.r_factor(w)
    resource.setrlimit(resource.RLIMIT_DATA, (held() + (int(sys.argv[4]) << 20),) * 2)
    rows = stream(module, sys.argv[2])
    value, gradient = rows.value_and_grad(w)
    print(rows.n, float(value).hex(), gradient.tobytes().hex(), rows.r_factor(w).tobytes().hex())
    try:
        read_data(sys.argv[2], module.FEATURES, module.TARGET)
    except MemoryError:
        print("too large for memory")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
@pytest.mark.parametrize(("kind", "n", "limit"), [("parquet", 2_500_000, 40), ("csv", 600_000, 24)])
def test_a_file_larger_than_memory_has_the_bits_that_memory_would_give(tmp_path: Path, kind: str, n: int, limit: int) -> None:
    """Reading the file whole ends with a MemoryError there."""
    module = compiled("decay", "numpy")
    X, y = rows_of(module, n)
    path, small, spec = tmp_path / f"large.{kind}", tmp_path / f"small.{kind}", tmp_path / "decay.py"
    if kind == "parquet":
        for file, rows in ((path, n), (small, 40_000)):
            pq.write_table(pa.table(table_of(X[:rows], y[:rows])), file, row_group_size=n)
    else:
        lines = ["t,z,y", *(f"{t!r},{z!r},{v!r}" for (t, z), v in zip(X.tolist(), y.tolist(), strict=True))]
        path.write_text("\n".join(lines), encoding="utf-8")
        small.write_text("\n".join(lines[:40_000]), encoding="utf-8")
    assert path.stat().st_size > limit << 20
    spec.write_text(generate(decay(), ("numpy",))[0].text, encoding="utf-8")
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), spec, path, small, str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows, value, gradient, factor, *end = done.stdout.split(maxsplit=4)
    wanted = module.value_and_grad(W, X, y)
    assert (int(rows), float.fromhex(value)) == (n, wanted[0])
    assert bytes.fromhex(gradient) == wanted[1].tobytes()
    assert bytes.fromhex(factor) == stream(module, X, y).r_factor(W).tobytes()
    assert end == ["too large for memory\n"]
