"""Runs that are kept in a folder: they go on bit for bit, and as nothing else than what they were begun as."""

import dataclasses
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from c_code import needs_c
from reference import build

from symgraph.data import files
from symgraph.data.files import locked
from symgraph.errors import OptionError
from symgraph.use.training import adam, checkpoints, clip_by_norm, converged, cosine, momentum, patience, resume, sgd, train


def bits(result):
    """All of a result that a run determines, arrays as bytes."""
    values = [getattr(result, field.name) for field in dataclasses.fields(result) if field.name != "state"]
    values += [result.state.step, result.state.epoch, *result.state.slots]
    return [(value.dtype.name, value.tobytes()) if isinstance(value, np.ndarray) else value for value in values]


RUNS = {
    "one row an update": {},
    "numpy": {"backend": "numpy", "batch_size": 7},
    "floats": {"backend": "scalar"},
    "in order": {"shuffle": False, "clip": clip_by_norm(0.5)},
    "held out": {"validation": 0.2, "stop": patience(30)},
    "schedule": {"optimizer": momentum(cosine(0.02, epochs=40)), "batch_size": None},
    "heard": {"callbacks": [lambda end: None]},
}


@needs_c
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("first", "every"), [(1, 1), (13, 4), (16, 4), (25, 100)])
def test_a_run_that_goes_on_gives_the_bits_of_one_that_was_not_interrupted(nine, rows, tmp_path, name, first, every):
    run = {"optimizer": adam(cosine(0.01, epochs=30)), "seed": 5, **RUNS[name]}
    whole = train(nine.arrays, *rows[1:], epochs=40, **run)
    train(nine.arrays, *rows[1:], epochs=first, checkpoint=checkpoints(tmp_path / "run", every), **run)
    assert bits(train(nine.arrays, *rows[1:], epochs=40, checkpoint=resume(tmp_path / "run", every), **run)) == bits(whole)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkpoint.json", "losses.csv"]
    lines = (tmp_path / "run" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert [float(line.split(",")[1]) for line in lines[1:]] == whole.losses.tolist()
    assert bits(train(nine.arrays, *rows[1:], epochs=40, checkpoint=resume(tmp_path / "run"), **run)) == bits(whole)


def test_float32_weights_a_state_to_begin_with_and_a_seed_that_was_drawn_are_kept(linear, plane, tmp_path):
    X, y = (part.astype(np.float32) for part in plane)
    begun = train(linear, X, y, optimizer=adam(), epochs=3, seed=1, w0=np.zeros(3, np.float32))
    run = {"optimizer": adam(), "seed": 1}
    whole = train(linear, X, y, epochs=9, w0=begun.weights, state=begun.state, **run)
    train(linear, X, y, epochs=4, w0=begun.weights, state=begun.state, checkpoint=checkpoints(tmp_path / "run", 2), **run)
    rest = train(linear, X, y, epochs=9, checkpoint=resume(tmp_path / "run"), **run)
    assert bits(rest) == bits(whole)
    assert (rest.weights.dtype, rest.first_epoch) == (np.float32, 3)
    begun = train(linear, X, y, optimizer=sgd(), epochs=3, checkpoint=checkpoints(tmp_path / "drawn"))
    rest = train(linear, X, y, optimizer=sgd(), epochs=6, checkpoint=resume(tmp_path / "drawn"))  # with the seed that it drew
    assert rest.seed == begun.seed
    assert bits(rest) == bits(train(linear, X, y, optimizer=sgd(), epochs=6, seed=begun.seed))


def test_a_run_that_was_interrupted_or_told_to_stop_goes_on_and_one_that_has_met_its_stop_does_not(linear, plane, tmp_path):
    for name, stop, size in (("tolerance", converged(0.02), None), ("patience", patience(3), 1)):
        run = {"optimizer": momentum(0.05), "seed": 0, "stop": stop, "batch_size": size}
        ended = train(linear, *plane, epochs=500, checkpoint=checkpoints(tmp_path / name), **run)
        assert ended.reason == name
        assert bits(train(linear, *plane, epochs=500, checkpoint=resume(tmp_path / name), **run)) == bits(ended)

    def interrupt(end):
        if end.epoch == 5:
            raise KeyboardInterrupt

    whole = train(linear, *plane, optimizer=adam(), epochs=9, seed=0)
    for name, callback in (("interrupted", interrupt), ("callback", lambda end: end.epoch == 5)):
        run = {"optimizer": adam(), "epochs": 9, "seed": 0}
        ended = train(linear, *plane, checkpoint=checkpoints(tmp_path / name, 4), callbacks=[callback], **run)
        assert (ended.reason, ended.epochs) == (name, 5)
        assert bits(train(linear, *plane, checkpoint=resume(tmp_path / name), **run)) == bits(whole)


def test_an_interrupt_while_losses_are_written_leaves_each_once(linear, plane, tmp_path, monkeypatch):
    synced = []

    def interrupt(handle):
        synced.append(handle)
        if len(synced) == 7:  # two at the start, two a checkpoint: the losses of the third are in the file
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    ended = train(linear, *plane, optimizer=sgd(), epochs=9, seed=0, checkpoint=checkpoints(tmp_path / "run", 2))
    assert (ended.reason, ended.epochs) == ("interrupted", 6)
    lines = (tmp_path / "run" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["epoch,loss", *(f"{epoch},{loss!r}" for epoch, loss in enumerate(ended.losses.tolist(), start=1))]


def test_what_a_kill_has_left_is_forgotten(linear, plane, tmp_path):
    """As after a kill between the losses and the checkpoint, in the middle of a line."""
    run, losses = {"optimizer": adam(), "seed": 0}, tmp_path / "losses.csv"
    left = tmp_path / f".{files._machine()}-{2**22 + 1}-{'0f' * 6}.tmp"  # of a process with a number beyond those of Linux
    left.write_text("{", encoding="utf-8")  # before the first checkpoint
    losses.write_text("epoch,loss\n", encoding="utf-8")
    train(linear, *plane, epochs=4, checkpoint=checkpoints(tmp_path), **run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "losses.csv"]
    losses.write_text(losses.read_text(encoding="utf-8") + "4,0.25\n5,0.1", encoding="utf-8")
    left.write_text("{", encoding="utf-8")
    rest = train(linear, *plane, epochs=6, checkpoint=resume(tmp_path), **run)
    assert bits(rest) == bits(train(linear, *plane, epochs=6, **run))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "losses.csv"]


CHANGES = {
    "data": ({"y": 1.0}, "its data was sha256:.* and is now sha256:"),
    "features": ({"X": 1.0}, "its data was"),
    "rate": ({"optimizer": adam(0.02)}, "its optimizer was .*0.01.* and is now .*0.02"),
    "rule": ({"optimizer": sgd(0.01)}, "its optimizer was .*adam.* and is now .*sgd"),
    "parameter": ({"optimizer": adam(0.01, beta1=0.8)}, "its optimizer was"),
    "schedule": ({"optimizer": adam(cosine(0.01, epochs=9))}, "its optimizer was .* and is now .*Cosine"),
    "batch size": ({"batch_size": 2}, "its batch_size was 1 and is now 2"),
    "order": ({"shuffle": False}, "its shuffle was True and is now False"),
    "seed": ({"seed": 1}, "its seed was 0 and is now 1"),
    "clip": ({"clip": clip_by_norm(1.0)}, "its clip was None and is now .*ClipByNorm"),
    "held out": ({"validation": 0.5}, "its validation was None and is now 0.5"),
    "two at once": ({"seed": 1, "shuffle": False}, "its (shuffle|seed) was .*; its (shuffle|seed) was .*, with which"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_does_not_go_on_as_another_one(linear, plane, tmp_path, name):
    run = {"X": plane[0], "y": plane[1], "optimizer": adam(0.01), "seed": 0, "epochs": 3}
    train(linear, **run, checkpoint=checkpoints(tmp_path / "run"))
    before = (tmp_path / "run" / "checkpoint.json").read_bytes()
    change, message = CHANGES[name]
    changed = {key: run[key] + value if key in ("X", "y") else value for key, value in change.items()}
    with pytest.raises(OptionError, match=f"run cannot be continued: {message}"):
        train(linear, **{**run, **changed, "epochs": 6}, checkpoint=resume(tmp_path / "run"))
    assert (tmp_path / "run" / "checkpoint.json").read_bytes() == before


@needs_c
def test_a_run_does_not_go_on_with_another_module_or_backend(nine, rows, tmp_path):
    run = {"optimizer": adam(), "seed": 0}
    train(nine.arrays, *rows[1:], epochs=2, checkpoint=checkpoints(tmp_path / "run"), **run)
    for backend in ("numpy", "scalar"):
        with pytest.raises(OptionError, match=f"run cannot be continued: its backend was c and is now {backend}"):
            train(nine.arrays, *rows[1:], epochs=4, backend=backend, checkpoint=resume(tmp_path / "run"), **run)
    (tmp_path / "other").mkdir()
    other = build(tmp_path / "other", "nine_weights", with_c=True)
    path = tmp_path / "other" / "nine_weights.c"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(OptionError, match=r"its generated module was sha256:.* and is now sha256:"):
        train(other.arrays, *rows[1:], epochs=4, checkpoint=resume(tmp_path / "run"), **run)
    changed = SimpleNamespace(**vars(nine.arrays) | {"METADATA": {"model_hash": "sha256:0"}})
    with pytest.raises(OptionError, match=r"its spec was sha256:.* and is now sha256:0"):
        train(changed, *rows[1:], epochs=4, checkpoint=resume(tmp_path / "run"), **run)


CHANGED = r"checkpoint\.json is no checkpoint of a run, or was changed since \("
DAMAGES = {
    "no object": [1, 2],
    "another format": {"format": "symgraph weights 1"},
    "no run": {"run": None},
    "no epochs": {"epochs": -1},
    "more epochs than losses": {"epochs": 4},
    "text for weights": {"weights": ["a", "b", "c"]},
    "a weight that is not finite": {"weights": [0.0, 1.0, float("inf")]},
    "a weight too few": {"weights": [0.0, 1.0]},
    "a best epoch that was not": {"best_epoch": 17},
    "no such end": {"ended": "happily"},
    "another epoch than that of its losses": {"epoch": 2},
    "a step of text": {"step": "many"},
}


def test_a_checkpoint_that_was_damaged_is_refused_by_name(linear, decay, plane, tmp_path):
    run = {"optimizer": adam(), "seed": 0}
    train(linear, *plane, epochs=3, checkpoint=checkpoints(tmp_path), **run)
    path, losses = tmp_path / "checkpoint.json", tmp_path / "losses.csv"
    text = path.read_text(encoding="utf-8")
    told = json.loads(text)
    changed = [json.dumps(told | one if isinstance(one, dict) else one) for one in DAMAGES.values()]
    damages = [(one, CHANGED) for one in (*changed, "", text[: len(text) // 2])]
    damages.append((json.dumps(told | {"run": told["run"] | {"seed": None}}), CHANGED))
    damages.append((json.dumps(told | {"slots": []}), r"state has slots of shapes \[\]; adam needs 2 of \(3,\)"))
    for damaged, message in damages:
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(OptionError, match=message):
            train(linear, *plane, epochs=5, checkpoint=resume(tmp_path), **run)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match="the run that is to go on is of model linear, with 3 weights, not of decay"):
        train(decay, plane[0][:, 0], plane[1], optimizer=adam(), epochs=5, checkpoint=resume(tmp_path))
    path.write_text(text.replace('"weights": [', '"weights": [1.0, 1.0, 1.0], "weights": [', 1), encoding="utf-8")
    with pytest.raises(OptionError, match=f"{CHANGED}ValueError: 'weights' stands there twice"):
        train(linear, *plane, epochs=5, checkpoint=resume(tmp_path), **run)
    path.write_text(text, encoding="utf-8")
    names, *rows = losses.read_text(encoding="utf-8").splitlines(keepends=True)
    whole, two = [names, *rows], r"losses\.csv has 2 of its 3 epochs"
    for kept, said in (
        (whole[:3], two),
        ([*whole[:3], rows[2][:-1]], two),
        ([*whole[:3], "3\n"], two),
        ([], r"losses\.csv has 0 of its 3 epochs"),
        (rows, r"the line of epoch 1 in losses\.csv is '2,"),
        ([*whole[:3], "3,nan\n"], r"the line of epoch 3 in losses\.csv is '3,nan'"),
        ([names, "1,-7.0\n", *rows[1:]], r"its best epoch is 3, and losses\.csv says another"),
        ([*whole[:3], f"3,0.{'5' * 200}\n"], two),
    ):
        losses.write_text("".join(kept), encoding="utf-8")
        with pytest.raises(OptionError, match=f"{CHANGED}ValueError: {said}"):
            train(linear, *plane, epochs=5, checkpoint=resume(tmp_path), **run)


def test_a_long_run_goes_on_whose_losses_are_larger_than_a_document(linear, plane, tmp_path, monkeypatch):
    run = {"optimizer": sgd(), "seed": 0}
    train(linear, *plane, epochs=200, checkpoint=checkpoints(tmp_path, 200), **run)
    monkeypatch.setattr("symgraph.data.documents._MOST", 2000)
    assert (tmp_path / "checkpoint.json").stat().st_size < 2000 < (tmp_path / "losses.csv").stat().st_size
    assert train(linear, *plane, epochs=201, checkpoint=resume(tmp_path), **run).epochs == 201


@pytest.mark.parametrize("name", ["checkpoint.json", "losses.csv"])
@pytest.mark.parametrize("begin", [checkpoints, resume])
def test_a_link_in_the_place_of_a_file_of_a_run_is_not_followed(linear, plane, tmp_path, name, begin):
    (tmp_path / "mine").write_text("mine\n", encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(tmp_path / "mine")
    with pytest.raises(OptionError, match=rf"{name} is a link; a run writes only files of its own folder"):
        train(linear, *plane, optimizer=sgd(), epochs=2, checkpoint=begin(tmp_path / "run"))
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine\n"


def test_losses_of_rows_held_out_that_overflow_are_read_again(linear, plane, tmp_path):
    run = {"optimizer": sgd(), "seed": 0, "validation": (plane[0][:1], np.array([1e200]))}
    begun = train(linear, *plane, epochs=3, checkpoint=checkpoints(tmp_path), **run)
    assert (begun.best_epoch, begun.validation_losses.tolist()) == (0, [np.inf] * 3)
    assert bits(train(linear, *plane, epochs=5, checkpoint=resume(tmp_path), **run)) == bits(
        train(linear, *plane, epochs=5, **run)
    )


def test_a_folder_without_a_run_or_with_one_already_or_in_use_is_refused(linear, plane, tmp_path):
    run = {"optimizer": sgd(), "epochs": 2, "seed": 0}
    with pytest.raises(OptionError, match=r"nowhere holds no run to go on with: there is no checkpoint\.json in it"):
        train(linear, *plane, checkpoint=resume(tmp_path / "nowhere"), **run)
    assert not (tmp_path / "nowhere").exists()
    train(linear, *plane, checkpoint=checkpoints(tmp_path / "run"), **run)
    with pytest.raises(OptionError, match="run holds a run already; go on with it by resume, or name another folder"):
        train(linear, *plane, checkpoint=checkpoints(tmp_path / "run"), **run)
    (tmp_path / "run" / "losses.csv").unlink()
    with pytest.raises(OptionError, match=r"there is no losses\.csv in it"):
        train(linear, *plane, checkpoint=resume(tmp_path / "run"), **run)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OptionError, match=r"cannot write .*file: File exists"):
        train(linear, *plane, checkpoint=checkpoints(tmp_path / "file"), **run)
    nested, used = [], tmp_path / "used"
    used.mkdir()
    with locked(used), pytest.raises(OptionError, match="is in use: another process trains into it"):
        train(linear, *plane, checkpoint=checkpoints(used), **run)

    def again(end):
        with pytest.raises(OptionError, match="is in use"):
            train(linear, *plane, checkpoint=resume(used), **run)
        nested.append(end.epoch)

    train(linear, *plane, checkpoint=checkpoints(used), callbacks=[again], **run)
    assert nested == [1, 2]


def test_a_disk_that_fills_up_leaves_the_checkpoint_before(linear, plane, tmp_path, monkeypatch):
    run = {"optimizer": sgd(), "seed": 0}
    train(linear, *plane, epochs=2, checkpoint=checkpoints(tmp_path), **run)
    before = (tmp_path / "checkpoint.json").read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OptionError, match=r"cannot write .*losses\.csv: No space left on device"):
            train(linear, *plane, epochs=4, checkpoint=resume(tmp_path), **run)
    assert (tmp_path / "checkpoint.json").read_bytes() == before
    rest = train(linear, *plane, epochs=4, checkpoint=resume(tmp_path), **run)
    assert bits(rest) == bits(train(linear, *plane, epochs=4, **run))
