"""``symgraph truth``: what it judges, its verdict, its exit code and its formats."""

import json
import re
from pathlib import Path

import pytest
from command_line import LINE, Project, Run

ORDINARY = "--kinds 'normal, domain' --points 12"


def test_a_right_module_is_trusted_and_its_errors_are_drawn(built: Project, tmp_path: Path) -> None:
    done = built.run(f"truth decay {ORDINARY} --plot {tmp_path / 'errors.svg'}")
    assert (done.code, (tmp_path / "errors.svg").stat().st_size > 5000) == (0, True)
    head, columns, *rows = done.out.splitlines()
    assert head == "truth of decay, float64: no faults at 12 points"
    assert columns.split()[:4] == ["result", "judged", "NaN", "infinite"]
    functions = "forward, per_sample_grad, predict, jacobian, residual, residual_jacobian, backward, value_and_grad, loss, grad"
    assert f"functions run, on one row and on 33: {functions}" in done.out
    assert [row.split("  ")[0] for row in rows[:6]] == [
        "loss", "output", "grad top", "grad rate", "jacobian top", "jacobian rate",
    ]  # fmt: skip
    assert rows[-1].startswith("w = [")


@pytest.mark.parametrize("options", ["--backend scalar", "--backend array_api", "--dtype float32"])
def test_the_other_backend_and_dtype_are_judged_too(built: Project, options: str) -> None:
    report = json.loads(built.run(f"truth decay {ORDINARY} {options} --json").out)
    assert report["ok"] is True
    assert report["dtype"] == ("float32" if "float32" in options else "float64")
    assert ("jacobian top" in {one["result"] for one in report["results"]}) == ("scalar" not in options)


def test_a_spec_is_judged_by_the_module_that_a_build_would_write_and_constraints_behind_the_rest(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    done = command(f"truth line.py {ORDINARY}")
    assert done.code == 0
    assert done.err.startswith("judging the numpy module that a build of line would write now")
    assert "truth of line, float64: no faults" in done.out
    limits = 'model.constraint("size", a**2 + b**2, upper=4)\nmodel.constraint("product", a * b, 0)\n'
    Path("line.py").write_text(LINE + limits, encoding="utf-8")
    done = command(f"truth line.py {ORDINARY} --quiet")
    assert (done.code, done.err) == (0, "")
    assert "\nconstraints as outputs: truth of line, float64: no faults at 12 points\n" in done.out
    assert "\njacobian product b " in done.out
    report = json.loads(command(f"truth line.py {ORDINARY} --quiet --json").out)
    assert [one["result"] for one in report["constraints"]["results"]][:2] == ["output size", "output product"]


def test_an_error_that_conditioning_does_not_explain_exits_with_1(command: Run, copy: Project) -> None:
    wrong = copy.text("generated/decay.py").replace("return (d_top, d_rate)", "return (d_top, d_rate * (1 + 2.0**-46))")
    copy.write("wrong.py", wrong)
    line = f"truth decay --module ./wrong.py {ORDINARY}"
    done = command(line)
    assert (done.code, done.err, "worst: grad rate, above bound: " in done.out) == (1, "", True)
    document = command(f"{line} --json")
    broken = {one["result"]: one["above_bound"] for one in json.loads(document.out)["results"]}
    assert document.code == 1
    assert (broken["grad rate"], broken["grad top"], broken["loss"]) == (12, 0, 0)


def test_polynomials_that_overflow_exit_with_0_and_a_model_of_which_nothing_could_be_judged_with_1(command: Run) -> None:
    text = LINE.replace("a * x + b", "(a * x) ** 2 / (b**2 + 1)").replace('"line"', '"ratio"')
    Path("ratio.py").write_text(text, encoding="utf-8")
    line = "truth ratio.py --points 60 --kinds 'normal, huge' --quiet"
    done = command(line)
    assert done.code == 0
    head = re.match(r"truth of ratio, float64: no faults, (\d+) wrong results where nothing is promised at 60 ", done.out)
    assert head is not None
    assert re.search(rf"exponential, .*: .*(infinite|NaN) \d+.*; by kind of point: huge {head[1]}\n", done.out)
    assert "\noutside the range: " in done.out
    report = json.loads(command(f"{line} --json").out)
    assert (report["ok"], report["faults"]) == (True, 0)
    counts = (report["outside_range"], report["outside_by_kind"]["huge"], sum(report["outside_by_fault"].values()))
    assert counts == (int(head[1]),) * 3
    assert sum(one["outside_range"] for one in report["results"]) == int(head[1])
    text = LINE.replace("a * x + b", "a * log(-1 - x**2) + b").replace('"line"', '"never"')
    Path("never.py").write_text(f"from sympy import log\n{text}", encoding="utf-8")
    done = command(f"truth never.py {ORDINARY}")
    assert done.code == 1
    assert "truth of never, float64: nothing could be judged at 12 points" in done.out
    assert "results without a real value: 36" in done.out
