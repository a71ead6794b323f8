"""Arguments with names or masks, in modules, in training and in weights files: names are obeyed, masks are refused."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import sympy as sp
from zoo import line

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.data.weights import save_weights
from symgraph.errors import BuildError, DataError, SymgraphError
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.use.training import as_rows, sgd, train

pd = pytest.importorskip("pandas")


def decay() -> Model:
    model = Model("decay")
    t, z = model.features("t z")
    a, k = model.weights("a k", init=0.5)
    y = model.target("y")
    model.output("y_hat", a * sp.exp(-k * t) + z)
    model.loss((model.nodes[-1].symbol - y) ** 2)
    return model


def modules(model: Model) -> list[Any]:
    texts = generate(model, ("numpy", "c"))
    found: list[Any] = [load_artifact(texts[0])]
    with suppress(BuildError):  # there is no compiler
        found.append(module_of(f"{model.name}.c", {text.name: text.text for text in texts[1:]}))
    return found


DECAY, LINE = modules(decay()), modules(line())
of_decay = pytest.mark.parametrize("module", DECAY, ids=["numpy", "c"][: len(DECAY)])
W, X, Y = np.array([2.0, 0.5]), np.array([[0.5, 1.0], [1.0, -1.0], [2.0, 0.25]]), np.array([1.0, 0.5, 0.75])


class Row(NamedTuple):
    z: float
    t: float


def records(table: Mapping[str, Any]) -> np.ndarray:
    result = np.empty(len(next(iter(table.values()))), [(name, "f8") for name in table])
    for name, column in table.items():
        result[name] = column
    return result


TABLE = {"z": X[:, 1], "other": np.arange(3.0), "t": X[:, 0]}
TABLES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "mapping": dict,
    "frame": pd.DataFrame,
    "frame of Polars": lambda table: pytest.importorskip("polars").DataFrame(table),
    "records": records,
    "mapping of lists": lambda table: {name: column.tolist() for name, column in table.items()},
}
WEIGHTS = {"k": 0.5, "unused": 9.0, "a": 2.0}


@pytest.mark.parametrize("kind", TABLES)
@of_decay
def test_columns_are_taken_by_name(module: Any, kind: str) -> None:
    table = TABLES[kind](TABLE)
    for w in (W, WEIGHTS, pd.Series(WEIGHTS), records({name: [value] for name, value in WEIGHTS.items()})[0]):
        np.testing.assert_array_equal(module.predict(w, table), module.predict(W, X))
        value, gradient = module.value_and_grad(w, table, Y)
        assert value == module.loss(W, X, Y)
        np.testing.assert_array_equal(gradient, module.grad(W, X, Y))
        np.testing.assert_array_equal(module.residual(w, table, Y), module.residual(W, X, Y))
    named = TABLES[kind](TABLE | {"y": Y})
    assert module.loss(W, named, named) == module.loss(W, X, Y)  # the target is a column of the same table


@of_decay
def test_a_row_is_taken_by_name_and_columns_that_are_only_numbered_by_position(module: Any) -> None:
    t, z = X[1]
    for row in ({"z": z, "t": t}, pd.Series({"z": z, "y": 3.0, "t": t}), Row(z, t), records({"z": [z], "t": [t]})[0]):
        assert module.predict(W, row) == module.predict(W, X[1])
        assert np.shape(module.predict(W, row)) == ()
        np.testing.assert_array_equal(module.grad(W, row, 0.5), module.grad(W, X[1], 0.5))
    wanted = module.predict(W, X)
    for numbers in ((0, 1), (5, 3)):
        np.testing.assert_array_equal(module.predict(W, pd.DataFrame(X, columns=numbers)), wanted)
        np.testing.assert_array_equal(module.predict(pd.Series(W, index=numbers), X), wanted)


@pytest.mark.parametrize("module", LINE, ids=["numpy", "c"][: len(LINE)])
def test_one_feature_is_a_column_by_name_or_rows_whatever_names_these_have(module: Any) -> None:
    x = np.array([1.0, 2.0, 4.0])
    wanted, rows = module.predict(W, x), pd.Series(x, index=list("pqr"))
    for given in ({"x": x}, {"w": x * 2, "x": x}, pd.DataFrame({"x": x}), records({"x": x}), rows):
        np.testing.assert_array_equal(module.predict(W, given), wanted)
    assert module.predict(W, {"x": 2.0}) == wanted[1]
    assert module.loss(W, rows, rows) == module.loss(W, x, x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(W, pd.DataFrame({"z": X[:, 1], "s": X[:, 0]})), "X has no t; it has z, s"),
        (lambda m: m.predict(W, pd.DataFrame({"p": X[:, 1], "q": X[:, 0]})), "X has no t, z; it has p, q"),
        (lambda m: m.predict(W, {("a", "t"): Y, ("a", "z"): Y}), "X has no t, z; it has ('a', 't'), ('a', 'z')"),
        (lambda m: m.predict(W, {0: X[:, 0], 1: X[:, 1]}), "X has no t, z; it has 0, 1"),
        (lambda m: m.predict({"a": 1.0}, X), "w has no k; it has a"),
        (lambda m: m.predict(pd.Series({"a": 1.0, "b": 2.0}), X), "w has no k; it has a, b"),
        (lambda m: m.loss(W, X, pd.DataFrame({"target": Y})), "y has no y; it has target"),
        (lambda m: m.predict(W, {"t": X[:, 0], "z": 1.0}), "X has columns of shapes (3,), ()"),
        (lambda m: m.predict(W, {"t": X, "z": X}), "X has columns of shapes (3, 2)"),
    ],
)
@of_decay
def test_names_that_are_missing_are_named_beside_those_that_are_there(module: Any, call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call(module)


HIDDEN = np.ma.masked_array(X, [[False, False], [False, True], [False, False]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(W, HIDDEN), r"X is masked at \(1, 1\); leave the row out or fill it"),
        (lambda m: m.predict(W, HIDDEN[1]), r"X is masked at \(1,\)"),
        (lambda m: m.predict(W, list(HIDDEN)), r"X is masked at \(1, 1\)"),
        (lambda m: m.predict(W, {"t": X[:, 0], "z": HIDDEN[:, 1]}), r"X\['z'\] is masked at \(1,\)"),
        (lambda m: m.predict(np.ma.masked_array(W, [True, False]), X), r"w is masked at \(0,\)"),
        (lambda m: m.loss(W, X, np.ma.masked_less(Y, 0.6)), r"y is masked at \(1,\)"),
        (lambda m: m.loss(W, X, Y, sample_weight=np.ma.masked_less(Y, 0.6)), r"sample_weight is masked at \(1,\)"),
    ],
)
@of_decay
def test_what_is_masked_is_refused(module: Any, call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(module)


def test_a_masked_cotangent_is_refused_and_a_mask_that_hides_nothing_is_none() -> None:
    module = DECAY[0]
    with pytest.raises(ValueError, match=r"cotangent is masked at \(1,\)"):
        module.backward(module.forward(W, X, Y), np.ma.masked_less(Y, 0.6))
    for clear in (np.ma.masked_array(X), np.ma.masked_array(X, np.zeros(X.shape, bool))):
        np.testing.assert_array_equal(module.predict(W, clear), module.predict(W, X))


def test_training_and_weights_files_take_names_too(tmp_path: Path) -> None:
    module, frame = DECAY[0], pd.DataFrame(TABLE | {"y": Y})
    for rows in (as_rows(module, frame, frame), as_rows(module, frame)):
        np.testing.assert_array_equal(rows.X, X)
        np.testing.assert_array_equal(rows.y, Y)
    run = {"optimizer": sgd(0.01), "epochs": 2, "seed": 0, "batch_size": 3}
    by_name, by_position = train(module, frame, Y, w0=WEIGHTS, **run), train(module, X, Y, w0=W, **run)
    np.testing.assert_array_equal(by_name.weights, by_position.weights)
    for table, y, message in (
        (pd.DataFrame(TABLE), None, r"^y is missing"),
        ({"z": X[:, 1]}, Y, r"^X has no t; it has z$"),
        (HIDDEN, Y, r"^X is masked at"),
    ):
        with pytest.raises(DataError, match=message):
            as_rows(module, table, y)
    save_weights(tmp_path / "one.json", module, W)
    save_weights(tmp_path / "other.json", module, WEIGHTS)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()
    with pytest.raises(SymgraphError, match="w has no k; it has a"):
        save_weights(tmp_path / "bad.json", module, {"a": 1.0})
