"""The benchmarks of speed, small: workers run, peers agree, tables and page say what was measured. No time is asserted."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from built import numpy_module

ONCE = {"rounds": 1, "slice": 0.0, "longest": 60.0}
Script = Callable[[str], ModuleType]
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="the tuned C needs gcc")


@needs_gcc
@pytest.mark.parametrize("n", [1, 7, 8, 9, 128, 129, 506])  # around a vector of 8 rows and a block of 128
def test_the_tuned_kernels_compute_what_the_module_computes(script: Script, n: int) -> None:
    tuned, module = script("tuned"), numpy_module("nine_weights")
    random = np.random.RandomState(n)
    w, X, y = 0.5 * random.normal(size=9), random.normal(size=(n, 5)), random.normal(size=n)
    X[:, 2] *= 1e7 if n == 9 else 1.0  # beyond the angles that the kernels reduce themselves
    loss, gradient = module.value_and_grad(w, X, y)
    terms = np.abs(module.per_sample_grad(w, X, y)).mean(axis=0)
    for kernel in tuned.KERNELS:
        found, slopes = tuned.mean(kernel)(w, X, y)
        assert found == pytest.approx(loss, rel=1e-13)
        # weights of 0.5: functions of 4 ulp, and slopes of at most some hundred units of the terms added up
        assert np.all(np.abs(slopes - gradient) <= 1e-12 * terms), kernel


@needs_gcc
@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam"])
def test_c_trains_as_the_notebook_does(script: Script, rule: str) -> None:
    tuned, rows = script("tuned"), script("notebook_rows")
    random = np.random.RandomState(0)
    data, w = (random.normal(size=(40, 5)), random.normal(size=40)), 0.1 * random.normal(size=9)
    weights, losses = rows.LOOPS[rule](data, 2, 0.01, w)
    for formulas in tuned.FORMULAS:
        found, means = tuned.train(formulas, rule, data, 2, 0.01, w)
        # 80 steps of at most 0.01: rounding errors of single steps, which such short runs do not amplify
        np.testing.assert_allclose(found, weights, rtol=0, atol=1e-12)
        np.testing.assert_allclose(means, losses, rtol=1e-12)


def test_batches_are_timed_compared_and_shown(script: Script) -> None:
    batch = script("batch")
    wanted = ["lambdify, cse", "notebook, row by row", "a library"]
    task = {"dtype": "float64", "threads": 1, "rows": [1, 3], "peers": wanted, "effort": ONCE, "points": 2}
    result = {"machine": {}, "versions": {}, **batch.worker(task)}
    times = {(one["peer"], one["rows"]): one["ratio"] for one in result["times"]}
    assert set(times) == {(peer, n) for peer in ("symgraph numpy", *wanted[:2]) for n in (1, 3)}
    assert times["symgraph numpy", 3] == 1.0
    assert result["errors"]["symgraph numpy"]["scaled"] <= 4.0  # the founding model's promise, 4*(1 + kappa_in)
    assert [result["errors"]["symgraph numpy"][kind] for kind in ("NaN", "Inf", "zero", "garbage")] == [0, 0, 0, 0]
    (_, head, lines), (_, _, errors) = batch.tables(result)
    assert head == ["float64, 1 thread", "1 row", "3 rows"]
    assert [line[0] for line in lines] == [line[0] for line in errors] == ["symgraph numpy", *wanted[:2]]


def test_a_peer_that_is_missing_is_listed_with_the_reason(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, peers = script("batch"), script("batch_peers")
    monkeypatch.setattr(peers, "PEERS", {**peers.PEERS, "a library": lambda setting: __import__("no_such_library")})
    task = {"dtype": "float64", "threads": 1, "rows": [1], "peers": ["a library"], "effort": ONCE, "points": 0}
    found = batch.worker(task)
    assert found["missing"] == {"a library": "No module named 'no_such_library'"}
    assert batch.remarks({"missing": found["missing"]}) == ["missing: a library: No module named 'no_such_library'"]


def test_training_ends_where_the_notebook_ends(script: Script) -> None:
    train = script("train")
    found = train.worker({"peers": ["symgraph train(), arrays"], "effort": ONCE, "epochs": 1})
    assert {one["rule"] for one in found["times"]} == {"sgd", "momentum", "adam"}
    # one epoch, 506 steps from small weights: rounding errors of single steps, little amplified
    assert all(one["apart"] < 1e-12 for one in found["times"])
    ((_, head, lines),) = train.tables(found)
    assert head == ["a step", "sgd", "momentum", "adam", "weights apart"]
    assert [line[0] for line in lines] == ["symgraph train(), arrays", "notebook"]


@pytest.mark.parametrize(("kind", "size"), [("founding model", 9), ("perceptron", 31), ("chain", 12), ("random graph", 4)])
def test_every_kind_of_model_has_the_same_gradient_by_every_means_that_is_installed(
    script: Script, kind: str, size: int
) -> None:
    derive, peers = script("derive"), script("derive_peers")
    norms = {}
    for name in peers.PEERS:
        found = derive.worker({"kind": kind, "size": size, "peer": name})
        if "norm" in found:
            norms[name] = found["norm"]
            assert found["memory"] > 2**20
    assert {"symgraph", "symgraph, unverified", "sympy.diff, lambdify"} <= set(norms)
    assert max(norms.values()) == pytest.approx(min(norms.values()), rel=1e-12)  # weights of 0.3: nothing saturates


def test_exponents_are_slopes_from_a_tenth_of_a_second_on(script: Script) -> None:
    derive = script("derive")

    def one(weights: int, seconds: float) -> dict[str, Any]:
        return {"kind": "chain", "peer": "p", "size": weights, "weights": weights, "seconds": seconds}

    times = [one(10, 0.05), one(100, 0.1), one(1_000, 10.0), one(10_000, 1_000.0)]
    assert derive.exponents(times) == {("chain", "p"): pytest.approx(2.0)}
    assert derive.exponents(times[:2]) == {}


def test_what_takes_too_long_or_fails_is_told_and_not_timed(script: Script) -> None:
    derive, tables = script("derive"), script("tables")
    with pytest.raises(TimeoutError, match=r"more than 0.01 s"):
        tables.own_process("derive.py", {"kind": "chain", "size": 3, "peer": "symgraph"}, limit=0.01)
    with pytest.raises(ChildProcessError, match=r"KeyError: 'nobody'"):
        tables.own_process("derive.py", {"kind": "chain", "size": 3, "peer": "nobody"})
    failed = {"kind": "chain", "size": 3, "weights": 3, "peer": "p"}
    result = {"times": [{**failed, "failure": "more than 9 s"}, {**failed, "peer": "q", "failure": "Error: x"}], "missing": {}}
    ((_, _, lines),) = derive.tables(result)
    assert [line[1] for line in lines] == ["more than 9 s", "failed"]
    assert derive.remarks(result) == ["failed: q, chain of 3 weights: Error: x"]


def test_what_would_take_too_long_even_in_proportion_is_not_tried(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    derive = script("derive")
    tried: list[tuple[str, int]] = []

    def measured(task: dict[str, Any], runs: int, limit: float) -> dict[str, Any]:
        tried.append((task["peer"], task["size"]))
        large = task["peer"] == "JAX"
        memory = (2 << 30) if large else (100 << 20)
        return {**task, "weights": task["size"], "seconds": 4.0 if task["peer"] == "SymForce" else 1.0, "memory": memory}

    monkeypatch.setattr(derive, "_measured", measured)
    found = derive.measure({"chain": (100, 1_000)}, ["CasADi SX", "SymForce", "JAX"], 1, limit=20.0)
    # ten times 4 s is more than 20 s, and ten times 1.6 GiB more than 12 GiB
    assert tried == [("CasADi SX", 100), ("SymForce", 100), ("JAX", 100), ("CasADi SX", 1_000)]
    failures = {one["peer"]: one["failure"] for one in found["times"] if "failure" in one}
    assert failures == {"SymForce": "more than 20 s", "JAX": "more than 12 GiB"}


def test_starts_are_timed_and_what_does_not_start_is_told(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    startup = script("startup")
    broken = startup.Start("raise SystemExit('broken')", None)
    absent = startup.Start("", "no-such-library")
    monkeypatch.setattr(startup, "STARTS", {**startup.STARTS, "broken": broken, "absent": absent})
    found = startup.measure(["generated module, scalar", "NumPy alone", "broken", "absent"], 1)
    assert {one["peer"]: one["installed"] > 0 for one in found["times"]} == {
        "generated module, scalar": True,
        "NumPy alone": True,
    }
    assert found["missing"] == {"absent": "no-such-library is not installed", "broken": "failed: broken"}


def test_the_page_has_every_result_that_is_there_and_the_same_pictures_each_time(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, tables = script("run"), script("tables")
    time = {"dtype": "float64", "threads": 1, "rows": 506, "peer": "symgraph numpy", "seconds": 2.5e-5, "ratio": 1.0}
    about = {"machine": {"processor": "a processor"}, "versions": {"numpy": "2.0"}, "missing": {"JAX jit": "not here"}}
    tables.save("batch", {**about, "times": [time], "errors": {}}, tmp_path)
    assert run.main(["--page", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "processor a processor; numpy 2.0" in text
    assert "| symgraph numpy | 25.0 us (1.0) |" in text
    assert "- missing: JAX jit: not here" in text
    assert "![Batches](batch.svg)" in text
    assert "## Start" not in text
    picture = (tmp_path / "batch.svg").read_bytes()
    assert run.main(["--page", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "batch.svg").read_bytes() == picture


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.0, "2.00 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.50 us"), (7.8e-9, "7.80 ns"), (float("nan"), "-")]
)
def test_durations_have_three_digits_and_a_unit(script: Script, seconds: float, text: str) -> None:
    assert script("tables").duration(seconds) == text
