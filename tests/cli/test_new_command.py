"""``symgraph new``: the spec it writes is a start that works."""

import json
import shlex
from pathlib import Path

import pytest
from command_line import Project, Run, refused, snapshot


@pytest.mark.parametrize("kind", ["", "curve", "likelihood", "classifier", "control"])
def test_a_spec_of_every_kind_builds_and_explains_itself_at_once(command: Run, kind: str) -> None:
    done = command(f"new started {kind and '--kind'} {kind}")
    assert (done.code, done.out) == (0, "started.py\nstarted.csv\n")
    assert "symgraph build started.py" in done.err
    assert Path("started.py").read_text(encoding="utf-8").count("\n# ") >= 5  # a comment for each kind of declaration
    built = command("build started.py")
    assert built.code == 0, built.err
    assert "weights verified" in built.out
    line = "train" if kind == "classifier" else "fit"
    assert built.err.splitlines()[-1] == f"next: symgraph {line} started --data started.csv --save weights.json"
    if not kind:
        assert "passed (3 of 3 weights judged" in command("gradcheck started").out


def test_a_new_spec_goes_into_the_folder_that_is_named(command: Run) -> None:
    done = command("new growth --dir specs/first")
    assert (done.code, Path("specs/first/growth.py").is_file()) == (0, True)
    assert "symgraph build specs/first/growth.py" in done.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("growth --kind tree", "'curve', 'likelihood', 'classifier', 'control'"),
        ("models", "models.py exists already; choose another name, or delete it first"),
        *((name, repr(name)) for name in ("2x", "class", "a-b", "a/b", "a.py")),
        ("''", "''"),
        *((name, f"{name}.py would hide the module") for name in ("numpy", "symgraph", "random")),
        ("growth --dir rows.csv/specs", "error: rows.csv/specs/growth.py cannot be written"),
    ],
)
def test_what_can_be_no_spec_is_refused(command: Run, fresh: Project, line: str, said: str) -> None:
    before = snapshot(fresh.root)
    refused(command(f"new {line}"), said)
    assert snapshot(fresh.root) == before


def test_rows_of_the_user_are_kept_and_quiet_leaves_out_the_next_step(command: Run) -> None:
    Path("growth.csv").write_text("dose,y\n1,2\n", encoding="utf-8")
    done = command("new growth --quiet")
    assert (done.code, done.out, done.err) == (0, "growth.py\n", "")
    assert Path("growth.csv").read_text(encoding="utf-8") == "dose,y\n1,2\n"


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
    assert "2 of 2 weights verified" in command("build misra.py").out
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
def test_a_formula_that_makes_no_spec_is_refused(command: Run, options: list[str], said: str) -> None:
    refused(command("new made", *options), said)
    assert snapshot(Path()) == {}
