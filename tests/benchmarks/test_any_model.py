"""Any model beside other libraries: what is timed, what is missing and why, what is refused. No time is asserted."""

import json
import re
import sys
from pathlib import Path
from unittest.mock import Mock

import any_model
import numpy as np
import pytest
from any_model import PEERS, bench
from built import numpy_module, scalar_module
from formulas import Formulas
from libraries import Batch, Setting
from timing import Effort
from zoo import ZOO

from symgraph.project.build.build import build
from symgraph.project.build.plan import Plan

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


@pytest.mark.parametrize(
    ("name", "sizes"), [("line", (1, 3, 2_000)), ("rosenbrock", (1,)), ("location", (1, 3, 2_000)), ("energy", (1, 3, 2_000))]
)
def test_a_report_has_a_line_for_each_way_and_a_time_for_each_number_of_rows(name: str, sizes: tuple[int, ...]) -> None:
    report = bench(ZOO[name](), modules(name), peers=["lambdify"], rows=(1, 3, 2_000), effort=ONCE)
    found = {line.name: tuple(line.timings) for line in report.lines}
    # a loop over rows is not asked for many
    assert found == {"symgraph numpy": sizes, "symgraph scalar": sizes[:2], "lambdify": sizes}
    assert all(line.apart < 1e-13 for line in report.lines)  # sums of 32 terms, in other orders


def test_what_is_wrong_is_seen_before_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def skewed(formulas: Formulas, setting: Setting) -> Batch:
        right = PEERS["lambdify"](formulas, setting).prepare

        def prepare(*given: np.ndarray) -> object:
            call = right(*given)
            return lambda: (call()[0], call()[1] * np.array([1.0, 1.5]))

        return Batch("0", prepare)

    peers = {
        "skewed": skewed,
        "absent": Mock(side_effect=ImportError("no module named absent")),
        "unable": Mock(side_effect=ValueError("cannot write tanh\nsecond line")),
        "late": lambda formulas, setting: Batch("0", lambda *given: lambda: 1 / 0),
    }
    monkeypatch.setattr(any_model, "PEERS", peers)
    report = bench(ZOO["line"](), {"numpy": numpy_module("line")}, rows=(1,), effort=ONCE)
    apart = {line.name: line.apart for line in report.lines}
    assert set(apart) == {"symgraph numpy", "skewed"}
    assert 0.0 < apart["skewed"] <= 0.5  # half of a gradient that is at most the size of its terms
    assert report.missing == {
        "absent": "not installed (no module named absent)",
        "unable": "cannot express the model: ValueError: cannot write tanh",
        "late": "cannot evaluate the model: ZeroDivisionError: division by zero",
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec of two models, which are built."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "pyproject.toml").write_text("[tool.symgraph]\nout = 'made'\n", encoding="utf-8")
    build(Plan(["models.py"], folder, folder / "made", ("numpy", "scalar")))
    return folder


@pytest.fixture
def project(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as the current one."""
    monkeypatch.chdir(built)
    return built


@pytest.mark.slow  # it runs the command three times; the tests above time the same models
def test_models_are_timed(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a spec, and of a built model; as a table, and as JSON."""
    (project / "line.py").write_text(MODELS.partition("valley")[0], encoding="utf-8")
    assert any_model.main(["line.py", "--rows", "1", "--quick", "--peers", "lambdify"]) == 0
    assert "timing the numpy module that a build of line would write now" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "autograd", None)  # as if it were not installed
    assert any_model.main(["line", "--quick", "--rows", "1,10", "--peers", "lambdify,autograd"]) == 0
    written = capsys.readouterr()
    assert written.err == ""  # a module that is made in memory would be told
    title, head, *lines = written.out.splitlines()
    assert title.startswith("line: mean loss with its gradient")
    assert re.findall(r"[\d,]+ rows?", head) == ["1 row", "10 rows"]
    timed = {line.split("  ")[0]: line for line in lines if not line.startswith("missing: ")}
    assert [name for name in timed if name != "symgraph c"] == ["symgraph numpy", "symgraph scalar", "lambdify"]
    assert all(len(re.findall(TIME, line)) == 2 for line in timed.values())
    assert "missing: autograd: not installed (" in written.out
    assert any_model.main(["valley", "--quick", "--peers", "lambdify", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["rows"]) == ("valley", [1])
    assert all(one["apart"] < 1e-13 and one["timings"][0]["seconds"] > 0 for one in report["lines"])
    assert report["machine"]["Python"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("line", "--peers", "no_such_peer"), "the peer 'no_such_peer' is unknown; known are lambdify"),
        (("line", "--rows", "0"), "rows must be positive numbers, not 0"),
        (("models.py",), "models.py defines 2 models (line, valley); build them and give the name of one"),
    ],
)
def test_what_cannot_be_timed_is_one_line(line: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert any_model.main(line) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(f"error: {message}")
