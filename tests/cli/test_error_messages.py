"""Every input a user can get wrong: exit code 2, one line that says what and where, nothing written."""

import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import ROWS, SPEC, Outcome, Project, Run, run_command, snapshot

# Declarations before the line, number 8, that is wrong.
HEAD = """from sympy import *

from symgraph import Model, Normal

m = Model("m")
x, z = m.features("x z"); y = m.target("y")
a, b = m.weights("a b")
"""


def refused(done: Outcome, *parts: str) -> str:
    """The one line of an error, after checking that it is one, and that it says what it has to."""
    assert done.code == 2, done
    assert done.out == ""
    *progress, message = done.err.splitlines()
    assert message.startswith("error: ")
    assert all(re.match("(reading|generating|verifying) ", line) for line in progress)
    missing = [part for part in parts if part not in message]
    assert not missing, message
    return message


# Wrong specs: the lines after HEAD, and what the message must name. Line 8 is the first of them.
SPECS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown function": (
        'm.output("y_hat", airyai(a * x) + b)',
        ("spec.py:8:", "model m", "'y_hat'", "function airyai", "sinh"),
    ),
    "a function of the user's own": ('m.node("n", Function("bend")(x))', ("spec.py:8:", "model m", "'n'", "function bend")),
    "symbol not declared": ('m.node("n", a * Symbol("q"))', ("spec.py:8:", "'n'", "symbol q is not declared", "x, z, y, a, b")),
    "symbol of the same name": ('m.node("n", a * Symbol("x"))', ("spec.py:8:", "symbol x", "use the object")),
    "symbol not declared in the loss": ('m.loss((Symbol("t") - a) ** 2)', ("spec.py:8:", "model m: loss", "symbol t")),
    "weight without influence": (
        'm.output("y_hat", a * x)\nm.node("unused", b * x)\nm.loss("squared_error")',
        ("model m", "loss does not depend on weight b"),
    ),
    "weight without influence on the output": ('m.output("y_hat", b * x)', ("model m", "output does not depend on weight a")),
    "node defined twice": ('m.node("n", a); m.node("n", b)', ("spec.py:8:", "model m", "'n'", "taken by a node")),
    "node named like a weight": ('m.node("a", x)', ("spec.py:8:", "'a'", "taken by a weight")),
    "node after freezing": (
        'm.loss(m.output("y_hat", a * x + b) ** 2)\nm.partials()\nm.node("late", x)',
        ("spec.py:10:", "model m", "'late'", "frozen"),
    ),
    "name that is no identifier": ('m.node("2nd", a)', ("spec.py:8:", "model m", "'2nd'", "identifier")),
    "name that is no text": ("m.node(3, a)", ("spec.py:8:", "model m", "3", "identifier")),
    "name of the loss": ('m.node("loss", a)', ("spec.py:8:", "'loss'", "reserved")),
    "name of a cotangent": ('m.weight("d_a")', ("spec.py:8:", "'d_a'", "reserved")),
    "name with a leading underscore": ('m.node("_n", a)', ("spec.py:8:", "'_n'", "reserved")),
    "model's name": ('Model("my model")', ("spec.py:8:", "'my model'", "module")),
    "imaginary constant": ('m.node("n", I * a)', ("spec.py:8:", "'n'", "constant I", "complex")),
    "root of a negative constant": ('m.node("n", a * sqrt(-2))', ("spec.py:8:", "'n'", "complex")),
    "infinite constant": ('m.node("n", oo * a)', ("spec.py:8:", "'n'", "constant", "finite")),
    "pole": ('m.node("n", a + zoo)', ("spec.py:8:", "'n'", "constant", "finite")),
    "constant that is no number": ('m.node("n", a * nan)', ("spec.py:8:", "'n'", "constant nan", "finite")),
    "constant beyond double": ('m.node("n", a * Integer(10) ** 400)', ("spec.py:8:", "'n'", "finite double")),
    "text for an expression": ('m.node("n", "a * x")', ("spec.py:8:", "'n'", "'a * x'", "string")),
    "condition for an expression": ('m.node("n", x > 0)', ("spec.py:8:", "'n'", "condition", "Piecewise")),
    "matrix": ('m.node("n", Matrix([a, b]))', ("spec.py:8:", "model m", "'n'")),
    "domain the wrong way round": ('m.feature("u", domain=(1, 0))', ("spec.py:8:", "'u'", "domain", "low below high")),
    "number of laws": ('m.weights("k1:4", init=[1, 2])', ("spec.py:8:", "init", "2 values for 3 weights", "k1, k2, k3")),
    "law that is none": ('m.weight("k", init="normal")', ("spec.py:8:", "weight 'k'", "init", "'normal'")),
    "law with a negative width": ('m.weight("k", init=Normal(0, -1))', ("spec.py:8:", "-1")),
    "second output": ('m.output("p", a); m.output("q", b)', ("spec.py:8:", "'q'", "'p'")),
    "second target": ('m.target("t")', ("spec.py:8:", "'t'", "'y'")),
    "output of the target": ('m.output("p", a + y)', ("spec.py:8:", "output 'p'", "target 'y'")),
    "second loss": ("m.loss(a * b)\nm.loss(a + b)", ("spec.py:9:", "model m: loss", "already")),
    "unknown loss": (
        'm.output("p", a); m.loss("nosuch")',
        ("spec.py:8:", "'nosuch'", "squared_error, absolute_error"),
    ),
    "named loss without output": ('m.loss("squared_error")', ("spec.py:8:", "model.output")),
    "nothing to compute": ('m.node("n", a * x + b)', ("model m", "neither a loss nor an output")),
    "no weights": ('n = Model("n")\nn.output("p", n.feature("u"))\ndel m', ("model n", "no weights")),
    "syntax error": ('m.node("n", a * )', ("spec.py:8:", "SyntaxError")),
    "unknown name": ('m.node("n", a * wrong)', ("spec.py:8:", "NameError", "'wrong'")),
    "missing neighbour": ("import no_such_neighbour", ("spec.py:8:", "no_such_neighbour")),
    "early exit": ("raise SystemExit(0)", ("spec.py:8:", "SystemExit")),
    "no model": ("del m", ("spec.py", "defines no model", "symgraph.Model")),
    "two models of one name": ('n = Model("m")', ("spec.py", "two models", "'m'")),
}


@pytest.mark.parametrize("case", SPECS)
def test_a_wrong_spec(command: Run, tmp_path: Path, case: str) -> None:
    lines, parts = SPECS[case]
    (tmp_path / "spec.py").write_text(HEAD + lines + "\n", encoding="utf-8")
    before = snapshot(tmp_path)
    refused(command("build", "spec.py"), *parts)
    assert snapshot(tmp_path) == before


def test_a_fault_in_an_imported_neighbour_is_named_with_the_line_that_imports_it(command: Run, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("\n\n\ndef broken(:\n", encoding="utf-8")
    (tmp_path / "spec.py").write_text("import neighbour\n", encoding="utf-8")
    refused(command("build", "spec.py"), "spec.py:1:", "SyntaxError", "neighbour.py, line 4")


def test_a_model_that_is_finite_nowhere_says_which_nodes_and_what_to_declare(command: Run, tmp_path: Path) -> None:
    spec = HEAD + 'm.node("bad", log(-1 - a**2 * x**2))\nm.loss((y - m.output("p", m.nodes[0].symbol + b * z)) ** 2)\n'
    (tmp_path / "spec.py").write_text(spec, encoding="utf-8")
    before = snapshot(tmp_path)
    refused(command("build", "spec.py"), "model m", "bad", "domain=(low, high)")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("build", "nowhere.py"), ("nowhere.py", "symgraph new")),
        (("build", "nowhere.at.all"), ("nowhere.at.all",)),
        (("build", "nowhere"), ("'nowhere'", ".py")),
        (("build", "folder"), ("'folder'", ".py")),
        (("build", "./folder"), ("./folder", "is a folder")),
        (("build", "models.py", "--backend", "nosuch"), ("'nosuch'", "numpy, scalar")),
        (("build", "models.py", "--backend", ","), ("--backend", "numpy, scalar")),
        (("build", "models.py", "--out", "rows.csv"), ("rows.csv", "is a file", "--out")),
        (("build", "models.py", "--out", "rows.csv/below"), ("rows.csv/below", "rows.csv is a file", "--out")),
        (("build", "models.py", "other.py"), ("decay.py", "models.py", "other.py", "rename one")),
    ],
)
def test_a_build_that_cannot_be(command: Run, fresh: Project, arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    fresh.path("folder").mkdir()
    fresh.path("other.py").write_text(SPEC.replace('"valley"', '"other"'), encoding="utf-8")
    before = snapshot(fresh.root)
    refused(command(*arguments), *parts)
    assert snapshot(fresh.root) == before


def test_a_manifest_that_is_none_of_ours(command: Run, fresh: Project) -> None:
    fresh.path("generated").mkdir()
    fresh.path("generated/symgraph.lock.json").write_text("<<<<<<< HEAD\n", encoding="utf-8")
    before = snapshot(fresh.root)
    refused(command("build", "models.py"), "generated/symgraph.lock.json", "delete it")
    assert snapshot(fresh.root) == before


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("[tool.symgraph]\nmodel = []", ("pyproject.toml", "'model'", "models, out, backends")),
        ('[tool.symgraph]\nmodels = "models.py"', ("pyproject.toml", "models", "list")),
        ("[tool.symgraph", ("pyproject.toml", "TOML")),
        ('[tool.symgraph]\nmodels = ["gone.py"]', ("gone.py",)),
        ('[tool.symgraph]\nmodels = ["models.py"]\nbackends = ["cuda"]', ("'cuda'", "numpy, scalar")),
    ],
)
def test_a_wrong_project(command: Run, fresh: Project, table: str, parts: tuple[str, ...]) -> None:
    fresh.path("pyproject.toml").write_text(table + "\n", encoding="utf-8")
    before = snapshot(fresh.root)
    refused(command("build"), *parts)
    assert snapshot(fresh.root) == before


# Wrong data: the file's name, its content, and what the message must name.
DATA: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "missing column": ("d.csv", "time,z\n1,2\n", ("d.csv", "no column y", "time, z")),
    "doubled column": ("d.csv", "time,y,time\n1,2,3\n", ("d.csv", "column time", "more than once", "1, 3")),
    "cell that is no number": ("d.csv", "time,y\n1,2\n3,four\n", ("d.csv", "line 3", "column y", "'four'")),
    "empty cell": ("d.csv", "time,y\n1,2\n,4\n", ("d.csv", "line 3", "column time", "empty")),
    "NaN": ("d.csv", "time,y\n1,nan\n", ("d.csv", "line 2", "column y", "nan")),
    "infinity": ("d.csv", "time,y\n1,2\n-inf,2\n", ("d.csv", "line 3", "column time", "-inf")),
    "ragged row": ("d.csv", "time,y\n1,2\n3\n", ("d.csv", "line 3", "1 cells", "2 columns")),
    "empty file": ("d.csv", "", ("d.csv", "empty", "time, y")),
    "no rows": ("d.csv", "time,y\n", ("d.csv", "no rows")),
    "unknown format": ("d.xlsx", "", ("d.xlsx", ".csv")),
    "NPY that is none": ("d.npy", "time,y\n", ("d.npy",)),
    "pickle that is none": ("d.pkl", "time,y\n", ("d.pkl",)),
    "malicious pickle": ("d.pkl", b"cos\nsystem\n(S'touch pwned'\ntR.", ("d.pkl", "refused", "os.system", "nothing of it")),
}


@pytest.mark.parametrize("case", DATA)
def test_wrong_data(command: Run, built: Project, tmp_path: Path, case: str) -> None:
    name, content, parts = DATA[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = snapshot(tmp_path)
    module = built.path("generated") / "decay.py"
    refused(command("train", module, "--data", name, "--save", "w.json", "--plot", "p.svg"), *parts)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (np.ones((3, 4)), ("d.npy", "(3, 4)", "time, y")),
        (np.array([[1.0, np.nan]]), ("d.npy", "row 0", "column y", "nan")),
        (np.array([["1", "2"]]), ("d.npy", "column time")),
        (np.ones((0, 2)), ("d.npy", "no rows")),
        (np.array([{}]), ("d.npy",)),
    ],
)
def test_wrong_arrays(command: Run, built: Project, tmp_path: Path, values: np.ndarray, parts: tuple[str, ...]) -> None:
    np.save(tmp_path / "d.npy", values, allow_pickle=True)
    refused(command("train", built.path("generated") / "decay.py", "--data", "d.npy"), *parts)


class Trap:
    """An object that leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (Path("sprung"),)


def test_a_pickle_that_hides_its_call_among_arrays_runs_nothing(command: Run, built: Project, tmp_path: Path) -> None:
    content = {"time": np.arange(3.0), "y": np.ones(3), "more": [Trap()]}
    (tmp_path / "d.pkl").write_bytes(pickle.dumps(content))
    done = command("gradcheck", built.path("generated") / "decay.py", "--data", "d.pkl")
    refused(done, "d.pkl", "refused", "nothing of it was run")
    assert [path.name for path in tmp_path.iterdir()] == ["d.pkl"]


@pytest.mark.parametrize("name", ["train", "gradcheck", "predict"])
def test_data_that_is_not_there(command: Run, built: Project, tmp_path: Path, name: str) -> None:
    weights = ("--weights", built.path("weights.json")) if name == "predict" else ()
    line = (name, built.path("generated") / "decay.py", *weights)
    refused(command(*line, "--data", "gone.csv"), "gone.csv", "No such file")
    refused(command(*line, "--data", "."), ".")
    if name != "gradcheck":  # which draws rows of its own
        refused(command(*line), "--data is missing", "time")
    assert snapshot(tmp_path) == {}


# Wrong weights: what to change in the file, and what the message must name.
WEIGHTS: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "another model's": (('"model": "decay"', '"model": "growth"'), ("'growth'", "'decay'")),
    "of other names": (('"top": ', '"peak": '), ("lacks top", "has peak")),
    "too many": (('"top": ', '"bottom": 1.0, "top": '), ("has bottom",)),
    "doubled": (('"top": ', '"top": 1.0, "top": '), ("'top' stands there twice",)),
    "no number": (('"top": ', '"top": "high", "was": '), ("has was",)),
    "not finite": (('"top": ', '"top": NaN, "was": '), ("NaN",)),
    "another format": (("symgraph weights 1", "weights"), ("'symgraph weights 1'",)),
    "broken": (("}", ""), ("no weights file",)),
}


@pytest.mark.parametrize("case", WEIGHTS)
@pytest.mark.parametrize(
    "line", ["train {} --data {} --init w.json --save new.json", "predict {} --data {} --weights w.json --out y.csv"]
)
def test_wrong_weights(command: Run, built: Project, tmp_path: Path, case: str, line: str) -> None:
    (old, new), parts = WEIGHTS[case]
    text = built.path("weights.json").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "w.json").write_text(text.replace(old, new), encoding="utf-8")
    before = snapshot(tmp_path)
    arguments = line.format(built.path("generated") / "decay.py", built.path("rows.csv")).split()
    refused(command(*arguments), "w.json", *parts)
    assert snapshot(tmp_path) == before


def test_weights_that_are_not_there(command: Run, built: Project) -> None:
    line = ("predict", built.path("generated") / "decay.py", "--data", built.path("rows.csv"))
    refused(command(*line, "--weights", "gone.json"), "gone.json", "No such file")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ABI = 1\n", ("odd.py", "version 1", "follows 2", "build it again")),
        ("import os\nos.mkdir('pwned')\n", ("odd.py", "no generated module", "ABI = 2")),
        ("ABI = 2\nraise ValueError('no')\n", ("odd.py", "ValueError: no", "build it again")),
        ("ABI = 2\n", ("odd.py", "lacks MODEL", "build it again")),
        ("def (\n", ("odd.py", "not Python")),
    ],
)
@pytest.mark.parametrize("name", ["train", "gradcheck"])
def test_a_module_that_is_none(command: Run, tmp_path: Path, name: str, text: str, parts: tuple[str, ...]) -> None:
    (tmp_path / "odd.py").write_text(text, encoding="utf-8")
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    before = snapshot(tmp_path)
    refused(command(name, "odd.py", "--data", "rows.csv"), *parts)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["train", "gradcheck", "show"])
def test_a_misspelt_name_lists_the_modules_there_are(
    command: Run, built: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(built.root)
    refused(command(name, "dekay"), "dekay", "decay", "valley", "nine_weights", "symgraph build")


@pytest.mark.parametrize("name", ["train", "gradcheck", "predict"])
def test_a_module_of_the_scalar_backend(command: Run, built: Project, name: str) -> None:
    weights = ("--weights", built.path("weights.json")) if name == "predict" else ()
    refused(command(name, built.path("generated") / "decay_scalar.py", *weights), "scalar backend", "numpy", "decay")


@pytest.mark.parametrize("option", ["--points 0", "--rows 0", "--rows -2", "--seed -1"])
def test_a_wrong_option_of_a_check(command: Run, built: Project, option: str) -> None:
    refused(command("gradcheck", built.path("generated") / "decay.py", *option.split()), *option.split())


def test_a_model_without_loss_cannot_be_trained(command: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.py").write_text(HEAD + 'm.output("p", a * x + b * z)\n', encoding="utf-8")
    (tmp_path / "d.csv").write_text("x,z,y\n1,2,3\n", encoding="utf-8")
    assert command("build", "spec.py").code == 0
    refused(command("train", "m", "--data", "d.csv"), "m has no loss", "model.loss")


def test_files_that_cannot_be_written(command: Run, built: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = snapshot(tmp_path)
    module, rows, weights = built.path("generated") / "decay.py", built.path("rows.csv"), built.path("weights.json")
    for option in ("--save", "--plot"):
        refused(command("train", module, "--data", rows, option, "file/out.svg"), option, "file")
    refused(command("predict", module, "--data", rows, "--weights", weights, "--out", "file/y.csv"), "--out", "file")
    refused(command("predict", module, "--data", rows, "--weights", weights, "--out", "."), "--out", "folder")
    assert snapshot(tmp_path) == before


def test_a_real_process_ends_the_same_way(fresh: Project) -> None:
    fresh.path("models.py").write_text(HEAD + 'm.node("n", airyai(a))\n', encoding="utf-8")
    before = snapshot(fresh.root)
    refused(run_command(fresh.root, "build", "models.py"), "models.py:8:", "function airyai")
    refused(run_command(fresh.root, "train", "dekay", "--data", "rows.csv"), "dekay")
    assert snapshot(fresh.root) == before


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, built: Project) -> None:
    def broken(_reference: str, _config: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("symgraph.io.module.find", broken)
    monkeypatch.setattr(sys, "argv", ["symgraph", "train", "decay"])
    from symgraph.cli import main

    # what leaves main unhandled is printed with its traceback by Python, which then exits with 1
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main()
