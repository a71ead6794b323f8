"""``symgraph new``: the spec it writes is a start that works."""

import json
import shlex
from pathlib import Path

import pytest
from command_line import Project, Run, run_command, snapshot


def test_a_new_spec_builds_checks_and_explains_itself_at_once(tmp_path: Path) -> None:
    done = run_command(tmp_path, "new", "growth")
    assert (done.code, done.out) == (0, "growth.py\ngrowth.csv\n")
    assert "symgraph build growth.py" in done.err
    text = (tmp_path / "growth.py").read_text(encoding="utf-8")
    assert text.count("\n# ") >= 5  # a comment for each kind of declaration
    built = run_command(tmp_path, "build", "growth.py")
    assert built.code == 0, built.err
    assert "3 of 3 weights verified" in built.out
    checked = run_command(tmp_path, "gradcheck", "growth")
    assert checked.code == 0
    assert "passed (3 of 3 weights judged" in checked.out


@pytest.mark.parametrize("kind", ["curve", "likelihood", "classifier", "control"])
def test_a_spec_of_every_kind_builds_at_once(command: Run, tmp_path: Path, kind: str) -> None:
    assert command("new", "started", "--kind", kind).code == 0
    text = (tmp_path / "started.py").read_text(encoding="utf-8")
    assert text.count("\n# ") >= 5  # a comment for each kind of declaration
    built = command("build", "started.py")
    assert built.code == 0, built.err
    assert "weights verified" in built.out
    line = "train" if kind == "classifier" else "fit"
    assert built.err.splitlines()[-1] == f"next: symgraph {line} started --data started.csv --save weights.json"


def test_a_kind_that_there_is_not_is_refused(command: Run, tmp_path: Path) -> None:
    done = command("new", "growth", "--kind", "tree")
    assert done.code == 2
    assert "'curve', 'likelihood', 'classifier', 'control'" in done.err
    assert snapshot(tmp_path) == {}


def test_a_new_spec_goes_into_the_folder_that_is_named(command: Run, tmp_path: Path) -> None:
    done = command("new", "growth", "--dir", "specs/first")
    assert done.code == 0
    assert (tmp_path / "specs" / "first" / "growth.py").is_file()
    assert "symgraph build specs/first/growth.py" in done.err


def test_a_file_that_exists_is_kept(command: Run, tmp_path: Path) -> None:
    (tmp_path / "growth.py").write_text("mine", encoding="utf-8")
    before = snapshot(tmp_path)
    done = command("new", "growth")
    assert done.code == 2
    assert done.err == "error: growth.py exists already; choose another name, or delete it first\n"
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["2x", "class", "a-b", "a/b", "a.py", ""])
def test_a_name_that_no_module_can_have_is_refused(command: Run, tmp_path: Path, name: str) -> None:
    done = command("new", name)
    assert done.code == 2
    assert repr(name) in done.err
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("name", ["numpy", "symgraph", "random"])
def test_a_name_that_would_hide_a_module_is_refused(command: Run, tmp_path: Path, name: str) -> None:
    done = command("new", name)
    assert done.code == 2
    assert f"{name}.py would hide the module" in done.err
    assert snapshot(tmp_path) == {}


def test_rows_of_the_user_are_kept(command: Run, tmp_path: Path) -> None:
    (tmp_path / "growth.csv").write_text("dose,y\n1,2\n", encoding="utf-8")
    assert command("new", "growth").out == "growth.py\n"
    assert (tmp_path / "growth.csv").read_text(encoding="utf-8") == "dose,y\n1,2\n"


def test_quiet_leaves_out_the_next_step(command: Run) -> None:
    done = command("new", "growth", "--quiet")
    assert (done.code, done.out, done.err) == (0, "growth.py\ngrowth.csv\n", "")


def test_a_folder_that_cannot_be_made_is_an_error(command: Run, fresh: Project) -> None:
    before = snapshot(fresh.root)
    done = command("new", "growth", "--dir", "rows.csv/specs")
    assert done.code == 2
    assert done.err.startswith("error: rows.csv/specs/growth.py cannot be written")
    assert snapshot(fresh.root) == before


MISRA = Path(__file__).parent.parent / "data" / "nist" / "Misra1a.csv"
FIT = ("fit", "y ~ b1*(1 - exp(-b2*x))", "--data", str(MISRA), "--start", "b1=500,b2=1e-4")


def test_the_line_after_a_fit_of_a_formula_writes_its_spec_which_gives_the_same_fit(command: Run) -> None:
    of_formula = json.loads(command(*FIT, "--json").out)["weights"]
    line = command(*FIT).err.splitlines()[-1]
    formula, data = map(shlex.quote, (FIT[1], str(MISRA)))
    assert line == f"next: symgraph new NAME --formula {formula} --data {data} --start b1=500,b2=1e-4"
    made = command(*["misra" if word == "NAME" else word for word in shlex.split(line)[2:]])
    assert (made.code, made.out) == (0, "misra.py\n")
    assert made.err == "y ~ b1*(1 - exp(-b2*x)): features x; weights b1, b2\nnext: symgraph build misra.py\n"
    assert Path("misra.py").read_text(encoding="utf-8").count("\n# ") >= 4  # a comment for each kind of declaration
    built = command("build", "misra.py")
    assert "2 of 2 weights verified" in built.out, built.err
    assert json.loads(command("fit", "misra", "--data", MISRA, "--json").out)["weights"] == of_formula


def test_a_formula_says_without_data_which_names_are_features(command: Run) -> None:
    done = command("new", "odd", "--formula", "`signal [mV]` ~ a*`time (s)` + b*x1*time + gamma*q", "--start", "gamma=2")
    assert done.err.splitlines()[:3] == [
        "`signal [mV]` ~ a*`time (s)` + b*x1*time + gamma*q: features time_s, x1, time; weights a, b, gamma, q",
        "call the column 'signal [mV]' signal_mV in data for odd.py, whose columns are names of Python",
        "call the column 'time (s)' time_s in data for odd.py, whose columns are names of Python",
    ]
    assert 'gamma_ = model.weight("gamma", init=2.0)' in Path("odd.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--formula", "y ~ a*exp(-k*q)"], "no name right of ~ is called x, t, x1 or time, as features are; give data"),
        (["--formula", "y ~ a*x + exec(x)"], "formula, column 11: exec is no function that a formula may call"),
        (["--formula", "y ~ a*x + 0*b"], "the loss does not depend on weight b"),
        (["--formula", "y ~ a*x", "--start", "b=1"], "b has an initial value and is no weight of the formula; there are a"),
        (["--formula", "y ~ a*x", "--data", "none.csv"], "none.csv cannot be read"),
        (["--formula", "y ~ a*x", "--kind", "curve"], "--kind and --formula are two things to start from; give one"),
        (["--data", "rows.csv"], "--data is of a formula; give it by --formula"),
        (["--start", "a=1"], "--start is of a formula; give it by --formula"),
    ],
)
def test_a_formula_that_makes_no_spec_is_refused(command: Run, tmp_path: Path, options: list[str], said: str) -> None:
    done = command("new", "made", *options)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err
    assert snapshot(tmp_path) == {}
