"""Frames of pandas, Polars, Arrow and narwhals as arguments: columns by name, nulls and texts named by column and row."""

import subprocess
import sys
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import DataError
from symgraph.project.build.modules import load_artifact
from symgraph.use.training import as_rows

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

COLUMNS = {"b": [1.5, 2.5, 3.5], "note": ["u", "v", "w"], "a": [1, 2, 3], "y": [1.0, 0.5, 0.25]}
X, Y = np.column_stack([COLUMNS["a"], COLUMNS["b"]]), np.array(COLUMNS["y"])
W = np.array([0.5, -0.25])


@cache
def module() -> Any:
    model = Model("plane")
    (a, b), (p, q), y = model.features("a b"), model.weights("p q"), model.target("y")
    model.loss((model.output("y_hat", p * a + sp.sin(q * b)) - y) ** 2)
    return load_artifact(generate(model, ("numpy",))[0])


FRAMES: dict[str, Any] = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas on Arrow": lambda: pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, categories": lambda: pd.DataFrame(COLUMNS).astype({"a": "category"}),
    "pandas, objects": lambda: pd.DataFrame(COLUMNS).astype({"a": object}),
    "pandas, sparse": lambda: pd.DataFrame(COLUMNS).astype({"a": pd.SparseDtype(float)}),
    "pandas, an index": lambda: pd.DataFrame(COLUMNS, index=["r", "s", "t"]),
    "Polars": lambda: pl.DataFrame(COLUMNS),
    "Polars, decimals": lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("a").cast(pl.Decimal(10, 2))),
    "Arrow": lambda: pa.table(COLUMNS),
    "Arrow, a batch": lambda: pa.record_batch(COLUMNS),
    "Arrow, chunks": lambda: pa.concat_tables([pa.table(COLUMNS).slice(0, 1), pa.table(COLUMNS).slice(1)]),
    "Arrow, a dictionary": lambda: pa.table(COLUMNS | {"a": pa.array(COLUMNS["a"]).dictionary_encode()}),
    "narwhals": lambda: pytest.importorskip("narwhals").from_native(pl.DataFrame(COLUMNS)),
    "mapping": lambda: COLUMNS,
    "mapping of series": lambda: {"a": pl.Series(COLUMNS["a"]), "b": pd.Series(COLUMNS["b"]), "y": pa.array(COLUMNS["y"])},
    "mapping of decimals": lambda: COLUMNS | {"a": [Decimal(1), Decimal(2), 3]},
}


@pytest.mark.parametrize("kind", FRAMES)
def test_columns_are_taken_by_name_in_any_order(kind: str) -> None:
    frame = FRAMES[kind]()
    value, gradient = module().value_and_grad(W, frame, frame)
    wanted = module().value_and_grad(W, X, Y)
    assert value == wanted[0]
    np.testing.assert_array_equal(gradient, wanted[1])
    assert module().loss(W, frame, frame["y"]) == wanted[0]
    rows = as_rows(module(), frame, frame)
    np.testing.assert_array_equal(rows.X, X)
    np.testing.assert_array_equal(rows.y, Y)


HOLES = COLUMNS | {"a": [1, None, 3]}
MISSING: dict[str, Any] = {
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS | {"a": pd.array([1, None, 3], "Int64")}),
    "pandas, nullable floats": lambda: pd.DataFrame(COLUMNS | {"a": pd.array([1.0, None, 3.0], "Float64")}),
    "pandas on Arrow": lambda: pd.DataFrame(COLUMNS | {"a": pd.array([1, None, 3], "int64[pyarrow]")}),
    "pandas, categories": lambda: pd.DataFrame(COLUMNS | {"a": pd.Categorical([1, None, 3])}),
    "Polars": lambda: pl.DataFrame(HOLES),
    "Arrow": lambda: pa.table(HOLES),
    "Arrow, chunks": lambda: pa.concat_tables([pa.table(HOLES).slice(0, 1), pa.table(HOLES).slice(1)]),
    "narwhals": lambda: pytest.importorskip("narwhals").from_native(pa.table(HOLES)),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_null_is_named_with_its_column_and_row(kind: str) -> None:
    message = r"^X\['a'\] is missing in row 1; leave the row out or fill it$"
    with pytest.raises(ValueError, match=message):
        module().predict(W, MISSING[kind]())
    with pytest.raises(DataError, match=message):
        as_rows(module(), MISSING[kind](), Y)


@pytest.mark.parametrize(
    "values", [pl.Series([1.0, None, 2.0]), pa.array([1.0, None, 2.0]), pd.Series(pd.array([1.0, None, 2.0], "Float64"))]
)
def test_a_null_of_a_series_is_named_with_its_row(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^y is missing in row 1; leave the row out or fill it$"):
        module().loss(W, X, values)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: pd.DataFrame(COLUMNS | {"a": ["1", "x", "3"]}), r"X\['a'\] is '1' in row 0"),
    (lambda: COLUMNS | {"a": [1, None, 3]}, r"X\['a'\] is None in row 1, not a real number"),
    (lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("note").cast(pl.Categorical).alias("a")),
     r"X\['a'\] is 'u' in row 0, not a real number"),
    (lambda: pd.DataFrame(COLUMNS | {"a": pd.date_range("2020-01-01", periods=3)}),
     r"X\['a'\] has dtype datetime64.*, not one of real numbers"),
    (lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("a").cast(pl.Date)), "has dtype datetime64"),
    (lambda: COLUMNS | {"a": [1j, 2, 3]}, r"X\['a'\] has dtype complex128"),
    (lambda: pd.DataFrame(np.ones((3, 3)), columns=["a", "b", "a"]), "X has a more than once; rename"),
    (lambda: pa.Table.from_arrays([pa.array([1.0])] * 3, names=["a", "b", "a"]), "X has a more than once"),
    (lambda: pl.DataFrame({"a": [1.0], "c": [2.0]}), "^X has no b; it has a, c$"),
    (lambda: pl.DataFrame({"a": [1.0], "B": [2.0]}), r"^X has no b; it has a, B; did you mean B\?$"),
    (lambda: COLUMNS | {"a": [1, 2]}, r"X has columns of shapes \(2,\), \(3,\)"),
    (lambda: COLUMNS | {"a": [[1], [2], [3]]}, r"X has columns of shapes \(3, 1\), \(3,\)"),
])  # fmt: skip
def test_what_has_no_numbers_by_name_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        module().predict(W, make())


def test_a_lazy_frame_is_refused_with_what_to_call_and_nan_of_pandas_is_a_number_as_in_arrays() -> None:
    with pytest.raises(TypeError, match=r"^X is a LazyFrame, .* give its collect\(\)"):
        module().predict(W, pl.DataFrame(COLUMNS).lazy())
    holes = pd.DataFrame(COLUMNS | {"a": [1.0, np.nan, 3.0]})
    np.testing.assert_array_equal(np.isnan(module().predict(W, holes)), [False, True, False])


def test_the_runtime_imports_no_library_of_frames() -> None:
    code = (
        "import sys, symgraph; m = symgraph.load('nine_weights', backend='numpy'); "
        "m.predict(dict(zip(m.WEIGHTS, range(9))), {name: [1.0] for name in m.FEATURES}); "
        "print(*{'pandas', 'polars', 'pyarrow', 'narwhals'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""
