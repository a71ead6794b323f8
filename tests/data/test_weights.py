import json
import os
from threading import Thread
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.data import documents
from symgraph.data.weights import WeightsVersionWarning, load_weights, save_weights
from symgraph.errors import WeightsError


def module(model="growth", weights=("rate", "size", "shift"), model_hash="sha256:11"):
    return SimpleNamespace(MODEL=model, WEIGHTS=weights, METADATA={"model_hash": model_hash})


@pytest.mark.parametrize("width", [64, 32])
@settings(max_examples=30)
@given(data=st.data())
def test_every_finite_weight_comes_back_bit_for_bit(tmp_path_factory, width, data):
    path = tmp_path_factory.getbasetemp() / "w.json"
    values = data.draw(st.lists(st.floats(width=width, allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
    w = np.array(values, f"float{width}")
    save_weights(path, module(), w)
    loaded = load_weights(path, module())
    assert (loaded.dtype, loaded.tobytes()) == (w.dtype, w.tobytes())


def test_a_file_names_its_model_and_every_weight_and_is_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        save_weights(tmp_path / name, module(), [1, 2, 3])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert json.loads((tmp_path / "one").read_text()) == {
        "format": "symgraph weights 1",
        "model": "growth",
        "model_hash": "sha256:11",
        "dtype": "float64",
        "weights": {"rate": 1.0, "size": 2.0, "shift": 3.0},
    }
    w = np.array([-0.0, 5e-324, -np.finfo(float).max])
    save_weights(tmp_path / "w.json", module(), w)
    assert load_weights(tmp_path / "w.json", module()).tobytes() == w.tobytes()


@pytest.fixture
def saved(tmp_path):
    save_weights(tmp_path / "w.json", module(), [1.0, 2.0, 3.0])
    return tmp_path / "w.json"


def test_weights_are_loaded_by_name_with_a_warning_of_another_version_and_refused_where_names_or_model_differ(saved):
    assert load_weights(saved, module(weights=("shift", "rate", "size"))).tolist() == [3.0, 1.0, 2.0]
    with pytest.warns(WeightsVersionWarning, match=r"another version of growth \(sha256:11, now sha256:22\)") as caught:
        loaded = load_weights(saved, module(model_hash="sha256:22"))
    assert loaded.tolist() == [1.0, 2.0, 3.0]
    assert caught[0].filename == __file__
    with pytest.raises(WeightsError, match=r"w\.json has weights of model 'growth', not of 'decline'"):
        load_weights(saved, module(model="decline"))
    with pytest.raises(WeightsError, match="it lacks speed, delay and has size, shift, which the model does not"):
        load_weights(saved, module(weights=("rate", "speed", "delay"), model_hash="sha256:22"))
    with pytest.raises(WeightsError, match="another version of growth: it has shift, which the model does not"):
        load_weights(saved, module(weights=("rate", "size"), model_hash="sha256:22"))


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1.0, 2.0], r"weights have shape \(2,\); growth needs \(3,\): rate, size, shift"),
        ([1.0, np.nan, 2.0], "weight size of growth is nan; only finite weights are saved"),
        ([1.0, 2.0, -np.inf], "weight shift of growth is -inf"),
        (np.ones(3, np.longdouble), "weights of growth have dtype"),
        (np.ones(3, complex), "weights of growth have dtype complex128; give float32 or float64"),
    ],
)
def test_weights_that_cannot_be_saved_leave_no_file(tmp_path, w, message):
    with pytest.raises(WeightsError, match=message):
        save_weights(tmp_path / "w.json", module(), w)
    assert list(tmp_path.iterdir()) == []


GOOD = {"format": "symgraph weights 1", "model": "growth", "model_hash": "sha256:11", "dtype": "float32"}
NUMBERS = {"rate": 1, "size": 2.5, "shift": -3e-5}


def text(**changes):
    return json.dumps({**GOOD, "weights": NUMBERS, **changes})


def weight(value):
    return text(weights={**NUMBERS, "rate": "?"}).replace('"?"', value)


def test_weights_come_from_a_pipe_if_somebody_writes_into_it(tmp_path, saved, monkeypatch):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(saved.read_bytes(),))
    writer.start()
    assert load_weights(pipe, module()).tolist() == load_weights(saved, module()).tolist()
    writer.join()
    monkeypatch.setattr(documents, "_PATIENCE", 0.05)
    with pytest.raises(WeightsError, match="pipe is no weights file: it is a pipe into which nobody writes"):
        load_weights(pipe, module())


def test_a_file_written_by_hand_may_hold_whole_numbers(tmp_path):
    (tmp_path / "w.json").write_text(text(dtype="float64"))
    assert load_weights(tmp_path / "w.json", module()).tolist() == [1.0, 2.5, -3e-5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no weights file: Expecting value"),
        ('{"format": ', "is no weights file: Expecting value"),
        ("[1, 2]", "is no weights file: it does not say 'symgraph weights 1'"),
        ("[" * 100_000, "is no weights file: maximum recursion depth"),
        ("\udcff\udcfe", "is no weights file: it is not UTF-8 text"),
        (text(format="symgraph weights 9"), "it does not say 'symgraph weights 1' as its format"),
        (text(model=None), "field 'model' is missing or no str"),
        (text(weights=[1.0, 2.0, 3.0]), "field 'weights' is missing or no dict"),
        (text(dtype="float16"), "dtype is 'float16'; it can be float64 or float32"),
        (weight("NaN"), "NaN is no finite number"),
        (weight("-Infinity"), "-Infinity is no finite number"),
        (weight("1e999"), "weight rate is too large"),
        (weight("1e39"), "weight rate is too large for float32"),
        (weight("1" + 400 * "0"), "weight rate is too large"),
        (weight(5000 * "9"), "is no weights file: Exceeds the limit"),
        (weight("true"), "weight rate is True, not a number"),
        (weight('"0.5"'), "weight rate is '0.5', not a number"),
        (weight('1.0, "rate": 2.0'), "'rate' stands there twice"),
    ],
)
def test_a_malformed_file_is_refused_by_name_and_fault(tmp_path, content, message):
    (tmp_path / "w.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=message) as caught:
        load_weights(tmp_path / "w.json", module())
    assert "w.json" in str(caught.value)


def test_what_is_not_there_is_named_and_a_failed_write_keeps_the_old_file(tmp_path, saved, monkeypatch):
    with pytest.raises(WeightsError, match=r"cannot read weights from .*absent\.json: No such file or directory"):
        load_weights(tmp_path / "absent.json", module())
    with pytest.raises(WeightsError, match=r"cannot write weights to .*absent.w\.json: No such file or directory"):
        save_weights(tmp_path / "absent" / "w.json", module(), [1.0, 2.0, 3.0])
    monkeypatch.setattr("os.fsync", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(WeightsError, match=r"cannot write weights to .*w\.json: No space left on device"):
        save_weights(saved, module(), [4.0, 5.0, 6.0])
    assert [path.name for path in saved.parent.iterdir()] == ["w.json"]
    assert load_weights(saved, module()).tolist() == [1.0, 2.0, 3.0]
