"""Any model beside other libraries: what is timed, what is missing and why, what is refused. No time is asserted."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import any_model
import numpy as np
import pytest
from any_model import PEERS, bench
from built import numpy_module, scalar_module
from formulas import Formulas
from libraries import Batch, Setting
from timing import Effort
from zoo import ZOO

from symgraph import Model
from symgraph.build.build import Plan, build
from symgraph.build.modules import load_artifact
from symgraph.errors import OptionError
from symgraph.generate import generate

MODELS = """
from symgraph import Model

line = Model("line")
x = line.feature("x")
a, b = line.weights("a b")
y = line.target("y")
line.output("y_hat", a * x + b)
line.loss("squared_error")

valley = Model("valley")
c, d = valley.weights("c d")
valley.loss((1 - c) ** 2 + 100 * (d - c**2) ** 2)
"""

TIME = r"[\d.]+(e\+\d+)? (ns|us|ms|s) \([\d.]+\)"

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
    def skewed(formulas: Formulas, setting: Setting) -> Batch:
        right = PEERS["lambdify"](formulas, setting).prepare

        def prepare(*given: np.ndarray) -> object:
            call = right(*given)
            return lambda: (call()[0], call()[1] * np.array([1.0, 1.5]))

        return Batch("0", prepare)

    def absent(formulas: Formulas, setting: Setting) -> Batch:
        raise ImportError("no module named absent")

    def unable(formulas: Formulas, setting: Setting) -> Batch:
        raise ValueError("cannot write tanh\nsecond line")

    def late(formulas: Formulas, setting: Setting) -> Batch:
        return Batch("0", lambda *given: lambda: 1 / 0)

    monkeypatch.setattr(any_model, "PEERS", {"skewed": skewed, "absent": absent, "unable": unable, "late": late})
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
    with pytest.raises(OptionError, match=r"the peer 'no_such_peer' is unknown; known are lambdify, autograd"):
        bench(line, parts, peers=["no_such_peer"], effort=ONCE)
    with pytest.raises(OptionError, match=r"rows must be positive numbers, not 5, 0"):
        bench(line, parts, rows=(5, 0), effort=ONCE)
    prior = Model("prior")
    prior.loss((prior.weight("a") - 1) ** 2)
    prior.penalty(prior.weights("b")[0] ** 2)
    with pytest.raises(OptionError, match=r"prior has a penalty, which no peer adds to a mean of rows; put it into model.loss"):
        bench(prior, {}, effort=ONCE)
    with pytest.raises(OptionError, match=r"curve has no loss, and so no gradient to time"):
        bench(ZOO["curve"](), {"numpy": numpy_module("curve")}, effort=ONCE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec of two models."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.symgraph]\nout = '.'\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def built(project: Path) -> None:
    build(Plan(["models.py"], project, project, ("numpy", "scalar")))


@pytest.mark.usefixtures("built")
def test_a_built_model_is_timed_beside_sympy(capsys: pytest.CaptureFixture[str]) -> None:
    assert any_model.main(["line", "--quick", "--peers", "lambdify"]) == 0
    written = capsys.readouterr()
    assert written.err == ""  # a module that is made in memory would be told
    title, head, *lines = written.out.splitlines()
    assert title.startswith("line: mean loss with its gradient")
    assert re.findall(r"[\d,]+ rows?", head) == ["1 row", "1,000 rows"]
    names = [line.split("  ")[0] for line in lines if not line.startswith("missing: ")]
    assert [name for name in names if name != "symgraph c"] == ["symgraph numpy", "symgraph scalar", "lambdify"]
    assert all(len(re.findall(TIME, line)) == 2 for line in lines if not line.startswith("missing: "))


@pytest.mark.usefixtures("built")
def test_a_model_without_rows_is_timed_and_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert any_model.main(["valley", "--quick", "--peers", "lambdify", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["rows"]) == ("valley", [1])
    found = {line["name"]: line for line in report["lines"]}
    assert found["symgraph numpy"]["apart"] == 0.0
    assert found["lambdify"]["apart"] < 1e-13  # a handful of operations on numbers of size 1
    assert all(one["timings"][0]["seconds"] > 0 for one in found.values())
    assert report["machine"]["Python"]


def test_a_spec_is_timed_by_the_modules_that_a_build_would_write(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "line.py").write_text(MODELS.partition("valley")[0], encoding="utf-8")
    assert any_model.main(["line.py", "--rows", "2", "--quick", "--peers", "lambdify"]) == 0
    written = capsys.readouterr()
    assert "timing the numpy module that a build of line would write now" in written.err
    assert "2 rows" in written.out


@pytest.mark.usefixtures("built")
def test_libraries_that_are_not_installed_are_listed_as_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "autograd", None)  # as if it were not installed
    assert any_model.main(["line", "--rows", "1", "--quick", "--peers", "lambdify,autograd"]) == 0
    assert "missing: autograd: not installed (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("line", "--peers", "no_such_peer"), "error: the peer 'no_such_peer' is unknown; known are lambdify"),
        (("line", "--rows", "many"), "error: --rows must be numbers separated by commas, such as 1,1000, not 'many'"),
        (("line", "--rows", "0"), "error: rows must be positive numbers, not 0"),
        (("models.py",), "error: models.py defines 2 models (line, valley); build them and give the name of one"),
        (("nobody",), "error: "),
    ],
)
@pytest.mark.usefixtures("built")
def test_what_cannot_be_timed_is_one_line(line: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert any_model.main(line) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(message)
