"""``symgraph new``: the spec it writes is a start that works."""

import json
import shlex
from pathlib import Path

import pytest
from command_line import Run


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


def test_a_new_spec_goes_into_the_folder_that_is_named_and_rows_of_the_user_are_kept(command: Run) -> None:
    done = command("new growth --dir specs/first")
    assert (done.code, Path("specs/first/growth.py").is_file()) == (0, True)
    assert "symgraph build specs/first/growth.py" in done.err
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
