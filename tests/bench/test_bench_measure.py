"""``bench`` as a function: what is compared and timed, what is missing and why, what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from built import numpy_module, scalar_module
from zoo import ZOO

from symgraph import Model
from symgraph.bench import bench, measure
from symgraph.bench.peers import PEERS, Peer
from symgraph.bench.timing import Effort
from symgraph.build.memory import load_artifact
from symgraph.errors import OptionError
from symgraph.generate import generate

ONCE = Effort(rounds=1, slice=0.0, longest=60.0)


def modules(name: str) -> dict[str, object]:
    return {"numpy": numpy_module(name), "scalar": scalar_module(name)}


def test_a_report_has_a_line_for_each_way_and_a_time_for_each_number_of_rows() -> None:
    report = bench(ZOO["line"](), modules("line"), peers=["lambdify"], rows=(1, 7), effort=ONCE)
    assert [line.name for line in report.lines] == ["symgraph numpy", "symgraph scalar", "lambdify"]
    assert all(tuple(line.timings) == (1, 7) for line in report.lines)
    assert report.lines[0].apart == 0.0
    assert all(line.apart < 1e-13 for line in report.lines)  # sums of 32 terms, in other orders
    told = report.to_dict()
    assert (told["model"], told["rows"], told["missing"]) == ("line", [1, 7], {})
    assert told["lines"][2]["timings"][1]["rows"] == 7
    assert "processor" in told["machine"]


@pytest.mark.parametrize(("name", "sizes"), [("rosenbrock", (1,)), ("location", (1, 3)), ("energy", (1, 3))])
def test_models_without_features_or_target_are_timed_too(name: str, sizes: tuple[int, ...]) -> None:
    report = bench(ZOO[name](), modules(name), peers=["lambdify"], rows=(1, 3), effort=ONCE)
    assert report.rows == sizes
    assert all(line.apart < 1e-13 and tuple(line.timings) == sizes for line in report.lines)


def test_a_loop_over_rows_is_not_asked_for_a_million() -> None:
    report = bench(ZOO["line"](), modules("line"), peers=[], rows=(1, 2_000), effort=ONCE)
    times = {line.name: tuple(line.timings) for line in report.lines}
    assert times == {"symgraph numpy": (1, 2_000), "symgraph scalar": (1,)}


def test_what_is_wrong_is_seen_before_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def skewed(model: Model) -> Peer:
        right = PEERS["lambdify"](model).prepare

        def prepare(*given: np.ndarray) -> object:
            call = right(*given)
            return lambda: (call()[0], call()[1] * np.array([1.0, 1.5]))

        return Peer("0", prepare)

    def absent(model: Model) -> Peer:
        raise ImportError("no module named absent")

    def unable(model: Model) -> Peer:
        raise ValueError("cannot write tanh\nsecond line")

    def late(model: Model) -> Peer:
        return Peer("0", lambda *given: lambda: 1 / 0)

    monkeypatch.setattr(measure, "PEERS", {"skewed": skewed, "absent": absent, "unable": unable, "late": late})
    report = bench(ZOO["line"](), {"numpy": numpy_module("line")}, rows=(1,), effort=ONCE)
    apart = {line.name: line.apart for line in report.lines}
    assert set(apart) == {"symgraph numpy", "skewed"}
    assert 0.0 < apart["skewed"] <= 0.5  # half of a gradient that is at most the size of its terms
    assert report.missing == {
        "absent": "not installed (no module named absent)",
        "unable": "cannot express the model: ValueError: cannot write tanh",
        "late": "cannot evaluate the model: ZeroDivisionError: division by zero",
    }


def test_rows_are_drawn_inside_the_domains_where_the_model_is_finite() -> None:
    model = Model("roots")
    x = model.feature("x", domain=(-1, 4))
    (a,) = model.weights(["a"], domain=(2, 3))
    y = model.target("y")
    model.loss((y - a * (x - 1) ** 0.5) ** 2)  # NaN below 1
    module = load_artifact(generate(model)[0])
    seen: list[dict[str, np.ndarray]] = []

    def recorded(**given: np.ndarray) -> tuple[float, np.ndarray]:
        seen.append(given)
        return module.value_and_grad(**given)

    spy = SimpleNamespace(value_and_grad=recorded, per_sample_grad=module.per_sample_grad)
    bench(model, {"numpy": spy}, peers=[], rows=(50,), effort=ONCE)
    drawn = seen[-1]
    assert drawn["X"].shape == (50, 1)
    assert drawn["X"].min() >= 1
    assert drawn["X"].max() <= 4
    assert 2 <= drawn["w"][0] <= 3


def test_what_cannot_be_timed_is_refused() -> None:
    line, parts = ZOO["line"](), {"numpy": numpy_module("line")}
    with pytest.raises(OptionError, match=r"the peer 'fortran' is unknown; known are lambdify, autograd"):
        bench(line, parts, peers=["fortran"], effort=ONCE)
    with pytest.raises(OptionError, match=r"rows must be positive numbers, not 5, 0"):
        bench(line, parts, rows=(5, 0), effort=ONCE)
    with pytest.raises(OptionError, match=r"curve has no loss, and so no gradient to time"):
        bench(ZOO["curve"](), {"numpy": numpy_module("curve")}, effort=ONCE)
