"""The benchmarks of speed, small: workers run, peers agree, tables and page say what was measured. No time is asserted."""

import shutil
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from built import numpy_module

from symgraph.use.training import OPTIMIZERS, train

ONCE = {"rounds": 1, "slice": 0.0, "longest": 60.0}
Script = Callable[[str], ModuleType]
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="the tuned C needs gcc")


@needs_gcc
def test_the_tuned_kernel_computes_what_the_module_computes(script: Script) -> None:
    mean, module = script("tuned").mean(), numpy_module("nine_weights")
    for n in (1, 7, 8, 9, 128, 129, 506):  # around a vector of 8 rows and a block of 128
        random = np.random.RandomState(n)
        w, X, y = 0.5 * random.normal(size=9), random.normal(size=(n, 5)), random.normal(size=n)
        X[:, 2] *= 1e7 if n == 9 else 1.0  # beyond the angles that the kernel reduces itself
        loss, gradient = module.value_and_grad(w, X, y)
        terms = np.abs(module.per_sample_grad(w, X, y)).mean(axis=0)
        found, slopes = mean(w, X, y)
        assert found == pytest.approx(loss, rel=1e-13, abs=0.0)
        # weights of 0.5: functions of 4 ulp, and slopes of at most some hundred units of the terms added up
        assert np.all(np.abs(slopes - gradient) <= 1e-12 * terms), n


@needs_gcc
@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam"])
def test_tuned_c_trains_as_train_does(script: Script, rule: str) -> None:
    tuned = script("tuned")
    random = np.random.RandomState(0)
    data, w = (random.normal(size=(40, 5)), random.normal(size=40)), 0.1 * random.normal(size=9)
    optimizer = OPTIMIZERS[rule].tuned(0.01)
    run = train(numpy_module("nine_weights"), *data, optimizer=optimizer, epochs=2, w0=w, shuffle=False, backend="numpy")
    found, _ = tuned.train(rule, data, 2, 0.01, w)
    # 80 steps of at most 0.01: rounding errors of single steps, which such short runs do not amplify
    np.testing.assert_allclose(found, run.weights, rtol=0, atol=1e-12)


@needs_gcc
@pytest.mark.slow  # it fits, trains and compiles
def test_groups_are_timed_and_the_page_tells_which_promises_hold(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    speed, peers = script("speed"), script("speed_peers")
    groups, names = ["1 row", "train, sgd", "least_squares, six Gaussians"], ["tuned C", "JAX jit", "JAX scan"]
    found = {name: speed.worker({"group": name, "peers": names, "effort": ONCE}) for name in groups}
    assert all(next(iter(one["times"])) == "symgraph" for one in found.values())
    assert found["train, sgd"]["times"]["symgraph"]["ratio"] == 1.0
    text = speed.page({"machine": {"processor": "a processor"}, "versions": {"numpy": "2.0"}, "groups": found})
    assert "Machine: processor a processor; numpy 2.0." in text
    assert "| train, sgd | our time by that of tuned C | at most 1.3 |" in text
    assert "**Training on 506 rows, one update a row, 30 epochs**" in text
    assert "Two compilers" not in text  # that was not measured
    wrong = peers.libraries.Batch("1.0", lambda w, X, y: lambda: (1.0, np.ones(9)))
    monkeypatch.setattr(peers, "PEERS", {"a library": lambda setting: __import__("no_such_library"), "wrong": lambda _: wrong})
    result = {"groups": {"1 row": speed.worker({"group": "1 row", "peers": ["a library"], "effort": ONCE})}}
    assert speed.missing(result) == ["missing: a library at 1 row: No module named 'no_such_library'"]
    with pytest.raises(AssertionError, match="wrong is apart from symgraph"):
        speed.worker({"group": "1 row", "peers": ["wrong"], "effort": ONCE})


def test_a_promise_is_kept_or_not_by_the_ratio_of_times(script: Script) -> None:
    speed = script("speed")

    def lines(**ratios: float) -> dict[str, str]:
        times = {"symgraph": {"seconds": 3e-6, "ratio": 1.0}}
        times |= {peer.replace("_", " "): {"seconds": 1.0, "ratio": ratio} for peer, ratio in ratios.items()}
        _, found = speed.promises({"groups": {"1 row": {"times": times}, "1,000,000 rows": {"times": times}}})
        return {f"{line[0]}: {line[1]}": line[-1] for line in found}

    found = lines(JAX_jit=4.5, tuned_C=0.9)
    expected = {"1 row: our time": "**no**", "1 row: time of JAX jit by ours": "yes"}  # 3 us of 2; 4.5 of 4
    expected |= {
        "1,000,000 rows: time of JAX jit by ours": "**no**",
        "1,000,000 rows: our time by that of tuned C": "yes",
    }  # of 8
    assert found | expected == found
    assert lines(tuned_C=0.8)["1,000,000 rows: our time by that of tuned C"] == "**no**"  # 1.25 of 1.15


@pytest.mark.parametrize(("kind", "size"), [("founding model", 9), ("perceptron", 31), ("chain", 12), ("random graph", 4)])
def test_every_kind_of_model_has_the_same_gradient_by_every_means_that_is_installed(
    script: Script, kind: str, size: int
) -> None:
    derive, peers = script("derive"), script("derive_peers")
    found = {name: derive.worker({"kind": kind, "size": size, "peer": name}) for name in peers.PEERS}
    norms = {name: one["norm"] for name, one in found.items() if "norm" in one}
    assert all(found[name]["memory"] > 2**20 for name in norms)
    assert {"symgraph", "symgraph, unverified", "sympy.diff, lambdify"} <= set(norms)
    assert max(norms.values()) == pytest.approx(min(norms.values()), rel=1e-12, abs=0.0)  # weights of 0.3: nothing saturates


def test_exponents_are_slopes_from_a_tenth_of_a_second_on_and_failures_are_told(script: Script) -> None:
    derive = script("derive")
    task = {"kind": "chain", "peer": "p"}
    spent = {10: 0.05, 100: 0.1, 1_000: 10.0, 10_000: 1_000.0}
    times = [{**task, "size": size, "weights": size, "seconds": seconds} for size, seconds in spent.items()]
    assert derive.exponents(times) == {("chain", "p"): pytest.approx(2.0)}
    assert derive.exponents(times[:2]) == {}
    failures = [{**task, "size": 3, "weights": 3, "failure": "more than 9 s"}]
    failures += [{**failures[0], "peer": "q", "failure": "Error: x"}]
    ((_, _, lines),) = derive.tables({"times": failures, "missing": {}})
    assert [line[1] for line in lines] == ["more than 9 s", "failed"]
    assert derive.remarks({"times": failures, "missing": {}}) == ["failed: q, chain of 3 weights: Error: x"]
