"""Training in C: as on floats to rounding; what is compiled is kept; what cannot be falls back, and says why."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from built import one_output
from c_code import needs_c
from own_rules import BRANCHING, RECORDED, SIGNED, own
from reference import assert_all_fail_alike, build, data, faults
from reference import train_in_order as train

import symgraph
from symgraph import erfcx
from symgraph.errors import ModuleError, OptionError
from symgraph.project.native import compiled
from symgraph.use.training import (
    CLIPS,
    OPTIMIZERS,
    SCHEDULES,
    STOPS,
    Failure,
    adam,
    adamw,
    converged,
    epochs_in_c,
    patience,
    sgd,
)
from symgraph.use.training.schedules import constant, cosine, exponential, step_decay, warmup

pytestmark = needs_c

EPSILON = 2.0**-52


def both(built, X, y, **run):
    """A run in C, and on floats."""
    return (train(built.arrays, X, y, backend=backend, **run) for backend in ("c", "scalar"))


RATES = {
    "constant": constant(0.01),
    "step": step_decay(0.02, every=3),
    "exponential": exponential(0.02, factor=0.9),
    "cosine": cosine(0.02, epochs=25, least=1e-3),
    "warmup": warmup(cosine(0.02, epochs=30), epochs=5),
}
RULES = {name: row.tuned(1e-3) for name, row in OPTIMIZERS.items()} | {
    "adam": adam(step_decay(1e-3, every=1)),
    "adamw": adamw(1e-3, weight_decay=0.5),
    # at its own rate of 0.01 "swapping" is chaotic: one ulp of an initial weight moves the last ones by 1e-8
    **{f"own {name}": optimizer.tuned(1e-4) for name, optimizer in RECORDED.items()},
}
LIMITS = dict(zip(OPTIMIZERS, itertools.cycle([None, *(clip(0.3) for clip in CLIPS.values())]), strict=False))
AS_USERS = ("momentum", "adam")
"""Rules that are compiled with a user's flags, which stay from then on; the others take a third of the time."""
ENDS = {"converged": converged(0.02), "patience": patience(2)}


@pytest.mark.parametrize(("schedule", "stop"), list(zip(SCHEDULES, itertools.cycle(STOPS), strict=False)))
def test_every_schedule_and_stop_is_that_of_floats(line, schedule, stop):
    x = np.linspace(-1, 1, 20)
    run = {"optimizer": adam(RATES[schedule]), "epochs": 40, "w0": np.array([0.5, -0.25]), "stop": ENDS[stop], "seed": 6}
    in_c, floats = both(line, x, 3.0 * x + np.cos(5.0 * x), shuffle=True, **run)
    assert (in_c.epochs, in_c.reason, in_c.fallback) == (floats.epochs, floats.reason, None)
    # at most 800 updates of size 0.1, each off by a few units in the last place
    np.testing.assert_allclose(in_c.weights, floats.weights, rtol=0, atol=800 * 0.1 * 8 * EPSILON)
    np.testing.assert_allclose(in_c.losses, floats.losses, rtol=1e-12)


def test_it_is_what_a_run_takes_by_itself_from_any_module_of_the_model(nine, rows):
    w, X, y = rows
    run = {"optimizer": adam(), "epochs": 2, "w0": w}
    alone = compiled.load_file(Path(nine.arrays.__file__).with_suffix(".c"))
    results = [train(module, X, y, **run) for module in (nine.arrays, nine.scalar, alone)]
    assert [(result.backend, result.fallback) for result in results] == [("c", None)] * 3
    assert len({result.weights.tobytes() for result in results}) == 1
    assert [train(module, X, y, batch_size=6, **run).backend for module in (nine.arrays, alone)] == ["numpy", "numpy"]
    with pytest.raises(OptionError, match="scalar needs the scalar module: the module of nine_weights was compiled from C"):
        train(alone, X, y, backend="scalar", **run)
    model, X = one_output(lambda f, g, a, b: a * f + b * g), X[:, :2]
    run = {"optimizer": adam(), "epochs": 3, "w0": np.ones(2)}
    in_memory, arrays = (train(symgraph.compile(model, backend), X, y, **run) for backend in ("c", "numpy"))
    assert [in_memory.backend, arrays.backend] == ["c", "numpy"]
    np.testing.assert_allclose(in_memory.weights, arrays.weights, rtol=64 * EPSILON)


@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_that_nobody_listens_to_have_the_bits_of_those_that_are_heard(nine, rows, shuffle):
    w, X, y = rows
    run = {"optimizer": adam(step_decay(0.01, every=2)), "epochs": 600, "w0": w, "backend": "c", "shuffle": shuffle, "seed": 3}
    heard = []
    one_by_one = train(nine.arrays, X, y, callbacks=[heard.append], **run)
    at_once = train(nine.arrays, X, y, **run)  # by 273 epochs
    assert at_once.losses.tolist() == one_by_one.losses.tolist() == [end.loss for end in heard]
    assert at_once.weights.tobytes() == one_by_one.weights.tobytes()
    assert (at_once.state.step, at_once.state.epoch) == (36_000, 600)
    assert at_once.best_epoch == one_by_one.best_epoch == int(np.argmin(at_once.losses)) + 1
    best = heard[at_once.best_epoch - 1].weights.tobytes()
    assert at_once.best_weights.tobytes() == one_by_one.best_weights.tobytes() == best
    assert all(a.tobytes() == b.tobytes() for a, b in zip(at_once.state.slots, one_by_one.state.slots, strict=True))
    for array in (at_once.weights, *at_once.state.slots, heard[0].weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_rows_beyond_one_call_go_by_pieces(line, monkeypatch):
    monkeypatch.setattr(epochs_in_c, "_PIECE", 64)
    x = np.linspace(-1, 1, 69)
    for shuffle in (False, True):
        run = {"optimizer": sgd(1e-3), "epochs": 1, "w0": np.ones(2), "shuffle": shuffle, "seed": 2}
        in_c, floats = both(line, x, x, **run)
        assert in_c.state.step == len(x)
        np.testing.assert_allclose(in_c.weights, floats.weights, rtol=0, atol=1e-12)  # steps damp what rounding adds
        spoilt = x.copy()
        spoilt[66] = np.nan
        assert train(line.arrays, x, spoilt, backend="c", **run).failure == Failure(1, 66, "loss")


def test_epochs_at_once_stop_where_one_by_one_they_would_and_sums_and_rates_beyond_the_range_as_on_floats(line):
    x = np.linspace(-1, 1, 20)
    # steps beyond the other side of the valley, so that the weights grow in each epoch until their squares overflow
    run = {"optimizer": sgd(3.0), "epochs": 200, "w0": np.ones(2), "backend": "c", "shuffle": False}
    one_by_one, at_once = train(line.arrays, x, x, callbacks=[lambda end: None], **run), train(line.arrays, x, x, **run)
    assert at_once.reason == "non-finite"
    assert at_once.epochs > 4
    assert (at_once.failure, at_once.epochs) == (one_by_one.failure, one_by_one.epochs)
    assert at_once.weights.tobytes() == one_by_one.weights.tobytes()
    assert at_once.losses.tolist() == one_by_one.losses.tolist()
    rising = sgd(exponential(1e-300, factor=1e200))  # rates of 1e-300, 1e-100, 1e100
    for result in both(line, x, x, optimizer=rising, epochs=5, w0=np.ones(2)):
        assert (result.reason, result.epochs) == ("non-finite", 2)
    y = np.full(3, 1.2e154)  # squares of 1.4e308, whose sum overflows and whose mean does not
    in_c, floats = both(line, np.zeros(3), y, optimizer=sgd(1e-300), epochs=2, w0=np.zeros(2))
    assert (in_c.reason, floats.reason) == ("epochs", "epochs")
    np.testing.assert_allclose(in_c.losses, floats.losses, rtol=1e-14)


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.failure.what)
def test_what_stops_being_finite_is_named_as_on_floats(nine, line, fault):
    built = {"nine": nine, "line": line}[fault.model]
    for order in ({}, {"shuffle": True, "seed": 3}) if fault.model == "nine" else ({},):
        assert_all_fail_alike(fault._replace(run=fault.run | order), built, ("c", "scalar"))


def test_ctrl_c_keeps_what_was_finished_before_the_epochs_at_once(nine, rows):
    w, X, y = rows

    def rate(epoch):
        if epoch == 300:  # in the second call, of the epochs 273 to 545
            raise KeyboardInterrupt
        return 0.01

    result = train(nine.arrays, X, y, optimizer=sgd(rate), epochs=1000, w0=w, backend="c", seed=1)
    assert (result.reason, result.epochs, len(result.losses), result.state.step) == ("interrupted", 273, 273, 273 * 60)
    same = train(nine.arrays, X, y, optimizer=sgd(0.01), epochs=273, w0=w, backend="c", seed=1)
    assert result.weights.tobytes() == same.weights.tobytes()


def test_what_cannot_be_written_as_c_runs_on_floats_and_says_why_as_without_a_compiler(nine, rows, monkeypatch):
    w, X, y = rows
    for options, reason in (
        ({"optimizer": SIGNED}, "the rule of own is not made of operators alone: "),
        ({"optimizer": BRANCHING}, "the rule of own is not made of operators alone: "),
        ({"clip": lambda grad: grad / 2}, "a clip of your own cannot be written as C"),
    ):
        in_c, floats = both(nine, X, y, **{"optimizer": sgd(), "epochs": 2, "w0": w, **options})
        assert in_c.backend == "scalar"
        assert in_c.fallback.startswith(reason)
        assert in_c.weights.tobytes() == floats.weights.tobytes()
    monkeypatch.setenv("CC", "no-such-compiler")
    run = {"optimizer": sgd(), "epochs": 1, "w0": w}
    result = train(nine.arrays, X, y, **run)
    assert result.backend == "scalar"
    assert result.fallback.startswith("there is no C compiler: 'no-such-compiler' is not there")
    with pytest.raises(symgraph.errors.BuildError, match="there is no C compiler"):
        train(nine.arrays, X, y, backend="c", **run)


def test_a_c_file_of_another_spec_is_not_used(tmp_path, rows):
    w, X, y = rows
    built = build(tmp_path, "nine_weights", with_c=True)
    path = tmp_path / "nine_weights.c"
    text = path.read_text(encoding="utf-8")
    run = {"optimizer": sgd(), "epochs": 1, "w0": w}
    for changed, reason in (
        (text.replace("sha256:", "sha256:0"), "nine_weights.c was not built from the same spec; build it again"),
        (text.replace("_abi = 2;", "_abi = 1;").replace("// text ", "// "), "nine_weights.c follows version 1 of the module"),
        ("int x;", "nine_weights.c is no generated C file"),
    ):
        path.write_text(changed, encoding="utf-8")
        result = train(built.arrays, X, y, **run)
        assert result.backend == "scalar"
        assert result.fallback.startswith(reason)
        with pytest.raises(ModuleError, match=reason):
            train(built.arrays, X, y, backend="c", **run)
    path.write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(OptionError, match=r"nine_weights\.c was edited by hand, and not the files beside it"):
        train(built.arrays, X, y, backend="c", **run)
    path.unlink()
    with pytest.raises(OptionError, match=r"the backend c needs the model's C file: there is no nine_weights.c beside it"):
        train(built.arrays, X, y, backend="c", **run)


SCRIPT = """
import sys
import numpy as np
import symgraph
from symgraph.training import sgd, train
m = symgraph.load(sys.argv[1], backend="numpy")
result = train(m, np.ones((3, 5)), np.ones(3), optimizer=sgd(), epochs=1, seed=0)
print(result.backend, [float(w).hex() for w in result.weights])
print(sorted({"numba", "sympy", "jinja2"} & set(sys.modules)))
"""


def test_what_is_compiled_is_kept_for_the_next_process_which_gets_the_same_bits_and_needs_no_generator(nine, tmp_path):
    environment = {**os.environ, "SYMGRAPH_CACHE": str(tmp_path / "kept")}
    outputs, kept = [], []
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT, nine.arrays.__file__]
        outputs.append(
            subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        )
        kept.append([(path.name, path.stat().st_mtime_ns) for path in (tmp_path / "kept" / "c").iterdir()])
    assert (outputs[0], kept[0]) == (outputs[1], kept[1])
    assert outputs[0].startswith("c [")
    assert outputs[0].splitlines()[1] == "[]"
    assert len(kept[0]) == 2  # with the digest beside it


# These are rounded as by the compiler and the flags that a user has, which stay until the end of this file.


@pytest.mark.parametrize("rule", sorted(RULES, key=AS_USERS.__contains__))
def test_every_rule_and_clip_agrees_with_floats_to_rounding(nine, rows, rule, request):
    if rule in AS_USERS:
        request.getfixturevalue("usual_compiler")
    w, X, y = rows
    run = {"optimizer": RULES[rule], "clip": LIMITS.get(rule), "epochs": 3, "w0": w, "shuffle": True, "seed": 1}
    in_c, floats = both(nine, X, y, **run)
    assert (in_c.backend, in_c.fallback, in_c.reason) == ("c", None, "epochs")
    assert (floats.state.step, floats.state.epoch) == (in_c.state.step, in_c.state.epoch)
    # 180 updates of at most 0.1, each off by a few units in the last place, weights of size 1; rules forget or damp them
    np.testing.assert_allclose(in_c.weights, floats.weights, rtol=0, atol=180 * 0.1 * 16 * EPSILON)
    np.testing.assert_allclose(in_c.state.slots, floats.state.slots, rtol=0, atol=180 * 16 * EPSILON)
    np.testing.assert_allclose(in_c.losses, floats.losses, rtol=1e-12)


@pytest.mark.usefixtures("usual_compiler")
@pytest.mark.parametrize("name", ["rosenbrock", "location", "pieces", "logistic", "keywords", "of its own functions"])
def test_models_of_every_shape_agree_with_floats_to_rounding(tmp_path, name):
    if name == "of its own functions":
        built = build(tmp_path, one_output(lambda f, g, a, b: erfcx(a * f) + b * g), with_c=True)
        w, X, y = np.ones(2), np.random.default_rng(0).uniform(-1, 1, (20, 2)), np.linspace(-1, 1, 20)
    else:
        built, (w, X, y) = build(tmp_path, name, with_c=True), data(name, 7)
    in_c, floats = both(built, X, y, optimizer=sgd(1e-3), epochs=3, w0=w)
    assert (in_c.backend, in_c.fallback) == ("c", None)
    np.testing.assert_allclose(in_c.weights, floats.weights, rtol=64 * EPSILON)


@pytest.mark.usefixtures("usual_compiler")
def test_powers_of_the_step_stay_those_of_pow_over_many_updates(line):
    x = np.zeros(30_000)
    # gradients are 0, so the second weight is the sum of the powers alone
    for base in (0.999, 0.9, 1.001, 2.0):
        summing = own(lambda q, w, g, s, t, r, base=base: (w + (g + base**t), s))
        in_c, floats = both(line, x, x, optimizer=summing, epochs=1, w0=np.zeros(2))
        assert (in_c.backend, in_c.failure is None) == ("c", floats.failure is None)
        if floats.failure is None:
            # the sums of 30,000 numbers are rounded alike
            np.testing.assert_allclose(in_c.weights, floats.weights, rtol=1e-12)
