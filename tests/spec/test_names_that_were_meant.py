"""An unknown name is answered with the one that was probably meant, wherever a user may give one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgraph
from symgraph import Model
from symgraph.data.reading import read_data
from symgraph.errors import SymgraphError, did_you_mean
from symgraph.project.build.specs import read_spec
from symgraph.project.settings.config import read_config
from symgraph.use.training import adam, train


def decay() -> Model:
    return Model.from_formula("y ~ a*exp(-rate*time)", ("time", "y"), name="decay")


def with_target() -> Model:
    model = Model("m")
    x, _ = model.feature("x"), model.target("y")
    model.output("y_hat", model.weight("a") * x)
    return model


def of_spec(line: str) -> Any:
    """Read a spec whose last line is wrong."""

    def read(folder: Path) -> Any:
        text = 'from symgraph import Model\n\nmodel = Model("m")\npeak = model.feature("peak", domain=(0, 1))\n'
        (folder / "m.py").write_text(f"{text}{line}\n", encoding="utf-8")
        return read_spec("m.py", folder)

    return read


def configured(folder: Path) -> Any:
    (folder / "pyproject.toml").write_text("[tool.symgraph]\nmodel = []\n", encoding="utf-8")
    return read_config(folder)


def columns(folder: Path) -> Any:
    (folder / "rows.csv").write_text("tme,y\n1,2\n", encoding="utf-8")
    return read_data(folder / "rows.csv", ("time",), "y")


X = np.arange(5.0)
WRONG: dict[str, tuple[Any, str]] = {
    "a loss": (lambda _: with_target().loss("squared_eror"), "squared_error"),
    "a likelihood": (lambda _: with_target().likelihood("posson"), "poisson"),
    "a parameter of a likelihood": (lambda _: with_target().likelihood("gaussian", sigmas=1.0), "sigma"),
    "a robust loss": (lambda _: with_target().residual(1, loss="hubr"), "huber"),
    "a weight with an initial value": (lambda _: Model.from_formula("y ~ alpha*x", ("x", "y"), {"alfa": 1.0}), "alpha"),
    "a target": (lambda _: Model.from_formula("yy ~ a*x", ("x", "y")), "y"),
    "a node in an expression": (of_spec("model.output('v', model.weight('a') * paek)"), "peak"),
    "an option of a declaration": (of_spec("a = model.weight('a', intt=1.0)"), "init"),
    "a method": (of_spec("a = model.wieght('a')"), "weight"),
    "a setting": (configured, "models"),
    "a column": (columns, "tme"),
    "an extra": (lambda _: symgraph.compile(decay(), "numpy", extras=("hesian",)), "hessian"),
    "a backend": (lambda _: symgraph.compile(decay(), "nunpy"), "numpy"),
    "a precision": (lambda _: symgraph.compile(decay(), "numpy", precision="acurate"), "accurate"),
    "a fixed weight": (lambda _: symgraph.fit(decay(), X, X, fixed={"rat": 1.0}), "rate"),
    "a parameter of an optimizer": (lambda _: adam().tuned(0.1, epsilom=0.5), "epsilon"),
    "a backend of training": (
        lambda _: train(symgraph.compile(decay(), "numpy"), X, X, optimizer=adam(), backend="skalar"),  # type: ignore[arg-type]
        "scalar",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_name_that_was_meant_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong, meant = WRONG[name]
    with pytest.raises(SymgraphError, match=rf"did you mean {meant}\?"):
        wrong(tmp_path)


def test_what_is_like_nothing_gets_no_suggestion_and_case_does_not_count() -> None:
    assert did_you_mean("entirely other", ("a", "rate")) == ""
    assert (did_you_mean("RATE", ("a", "rate")), did_you_mean(3, ())) == ("; did you mean rate?", "")
    with pytest.raises(AttributeError, match=r"did you mean predict\?"):
        _ = symgraph.compile(decay(), "numpy").predct
