"""The benchmarks, small: they run, they judge what they are given rightly, and symgraph's lines are as promised."""

import sys
from types import ModuleType, SimpleNamespace

import mpmath
import numpy as np
import pytest
from built import numpy_module, scalar_module


@pytest.fixture
def fresh(script, monkeypatch: pytest.MonkeyPatch) -> object:
    """A function that imports a benchmark; the modules it measures are generated now, not those that were built last."""

    def load(name: str) -> ModuleType:
        module = script(name)
        generated = {"nine_weights": numpy_module, "nine_weights_scalar": lambda _: scalar_module("nine_weights")}
        stand_in = SimpleNamespace(load=lambda wanted, backend="auto": generated[wanted](wanted))
        for part in ("peers", "survival"):
            if part in sys.modules:
                monkeypatch.setattr(sys.modules[part], "symgraph", stand_in)
        return module

    return load


@pytest.fixture
def accuracy(fresh) -> ModuleType:
    return fresh("accuracy")


@pytest.mark.slow  # it draws the plot as well
def test_the_table_of_peers_is_written_and_symgraph_loses_nothing(accuracy, tmp_path, capsys, monkeypatch) -> None:
    import peers

    ours = ("symgraph numpy", "symgraph scalar", "notebook", "lambdify, cse")
    absent = dict.fromkeys(("autograd", "a library"), lambda: __import__("no_such_library"))
    monkeypatch.setattr(peers, "PEERS", {**{name: peers.PEERS[name] for name in ours}, **absent})
    assert accuracy.main(["--points", "25", "--rows", "50", "--rounds", "1", "--out", str(tmp_path / "new")]) == 0
    text = (tmp_path / "new" / "accuracy.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out == text
    assert text.endswith("not installed: autograd, a library\n")
    assert (tmp_path / "new" / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    lines = [line.split() for line in text.splitlines() if line.startswith("symgraph")]
    counts = [line[2:6] for line in lines[:-2]]  # the last two are times
    assert counts == [["0"] * 4] * 10  # five tables, two lines each
    assert all(float(line[-1]) <= 4.0 for line in lines[:-2])  # the founding model's promise, 4*(1 + kappa_in)


def test_truths_have_twice_the_digits_of_a_double(accuracy) -> None:
    truths = accuracy.truths_at(np.eye(1, 15, 6))  # w7 is 1, all else 0
    # the prediction is tanh(exp(0) + 1), and w9 multiplies sigmoid(0) = 1/2
    with mpmath.workdps(50):
        for column, exact in ((0, mpmath.tanh(2) ** 2), (9, mpmath.tanh(2))):
            rest = exact - truths.high[0, column] - mpmath.mpf(truths.low[0, column])
            assert abs(rest) <= mpmath.mpf(2) ** -98 * exact  # the judge promises about 100 bits
    assert accuracy.ulps(truths.high, truths)[truths.normal].max() <= 1.0


def test_every_peer_that_is_installed_agrees_with_the_others_where_the_model_is_tame(fresh) -> None:
    peers, random = fresh("peers"), np.random.RandomState(1)
    W, X, y = 0.3 * random.normal(size=(20, 9)), random.normal(size=(20, 5)), random.normal(size=20)
    found, missing = peers.present()
    assert {*found, *missing} == set(peers.PEERS)
    ours = found["symgraph numpy"]
    for peer in found.values():
        # weights of 0.3: no form loses more than some digits
        known, theirs = ((*one.rows(W, X, y), *one.mean(W[0], X, y)) for one in (ours, peer))
        for results in zip(known, theirs, strict=True):
            np.testing.assert_allclose(*results, rtol=1e-10, atol=1e-13)


def test_what_is_wrong_is_counted_under_its_name(accuracy) -> None:
    high = np.full((4, 10), 3.0)
    high[3, 0], high[3, 1], high[3, 2] = 0.0, np.inf, np.nan  # underflowed, beyond the range, unknown
    truths = accuracy.Truths(high, np.zeros((4, 10)), np.full((4, 10), 1.0))
    results = high.copy()
    results[0, :4] = np.nan, np.inf, 0.0, 4.6  # 4.6 is off by more than half of 3
    results[1, 0] = 3.0 + 2.0**-50  # 4/3 units of 2**-52 * 3
    results[3, :3] = np.nan  # of which only the first has a truth in range
    found = accuracy.figures(results, truths, np.ones(4, bool))
    assert (found.in_range, found.normal) == (38, 37)
    assert found.counts == {"NaN": 2, "Inf": 1, "zero": 1, "garbage": 1}
    assert found.ulps[2] == pytest.approx(2.0**52)
    alone = accuracy.figures(results, truths, np.array([False, True, True, False]))
    assert alone.ulps == pytest.approx((0.0, np.quantile([0.0] * 19 + [4 / 3], 0.99), 4 / 3))
    assert alone.scaled[2] == pytest.approx(2 / 3)


def test_survival_counts_what_is_lost_and_fails_if_it_is_symgraphs(fresh, capsys, monkeypatch) -> None:
    survival = fresh("survival")
    assert survival.main(["--runs", "3", "--steps", "20"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 14  # a head, 12 setups, the totals
    assert out.splitlines()[-1].endswith("symgraph 0")
    import notebook

    monkeypatch.setattr(survival, "symgraph_rows", lambda module: notebook.row_losses_and_partials)
    broken = SimpleNamespace(load=lambda _, backend: SimpleNamespace(value_and_grad=notebook.mean_and_gradient))
    rows = {dtype: survival.founding_rows(dtype) for dtype in survival.DTYPES}
    monkeypatch.setattr(survival, "founding_rows", rows.__getitem__)
    monkeypatch.setattr(survival, "symgraph", broken)
    assert survival.main(["--runs", "3", "--steps", "20", "--seed", "2"]) == 1
