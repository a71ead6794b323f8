"""``symgraph gradcheck``: the verdict, its exit code and its formats."""

import json
import re
from pathlib import Path

import pytest
from command_line import Project, Run

from symgraph.project.settings.lineage import StaleModuleWarning


def test_a_right_module_passes_and_json_names_every_weight_and_its_verdict(command: Run, built: Project) -> None:
    done = built.run("gradcheck decay --points 2 --rows 4")
    assert (done.code, done.notes) == (0, "")
    head, *weights, exact = done.out.splitlines()
    assert head == "gradient check of decay: passed (2 of 2 weights judged, 2 points, seed 0)"
    assert [line.split()[:2] for line in weights] == [["top", "ok"], ["rate", "ok"]]
    assert exact == "exact values of the spec: no faults at 30 points"
    assert max(map(len, done.out.splitlines())) <= 80
    report = json.loads(command(f"gradcheck {built.module} --json --seed 3").out)
    assert (report["verdict"], report["model"], report["seed"]) == ("passed", "decay", 3)
    assert (report["spec"]["faults"], report["spec"]["points"]) == (0, 30)
    assert [(weight["weight"], weight["verdict"]) for weight in report["weights"]] == [("top", "ok"), ("rate", "ok")]
    without_data = command(f"gradcheck {built.path('generated/valley.py')}")
    assert (without_data.code, "valley: passed (2 of 2 weights judged" in without_data.out) == (0, True)


def test_a_wrong_partial_exits_with_1_and_names_the_weight(command: Run, built: Project) -> None:
    text = built.text("generated/decay.py")
    assert text.count("    return (d_top, d_rate)") >= 1
    wrong = text.replace("    return (d_top, d_rate)", "    return (d_top, 1.001 * d_rate)")
    Path("decay.py").write_text(wrong, encoding="utf-8")
    with pytest.warns(StaleModuleWarning, match=r"decay\.py was edited by hand"):
        done = command("gradcheck ./decay.py")
    assert (done.code, done.notes) == (1, "")
    assert all(part in done.out for part in ("decay: failed", "  top   ok", "  rate  failed"))
    with pytest.warns(StaleModuleWarning, match=r"decay\.py was edited by hand"):
        document = command("gradcheck ./decay.py --json")
    assert document.code == 1
    assert [weight["verdict"] for weight in json.loads(document.out)["weights"]] == ["ok", "failed"]


def test_a_fault_too_small_for_differences_is_found_by_exact_values_of_the_spec(copy: Project) -> None:
    text = copy.text("generated/decay.py").replace("    return (d_top, d_rate)", "    return (d_top, (1 + 1e-9) * d_rate)")
    copy.write("generated/decay.py", text)
    done = copy.run("gradcheck decay --backend numpy --points 1")
    assert done.code == 1
    assert "decay.py was edited by hand" in done.err
    assert "gradient check of decay: passed" in done.out
    assert re.search(r"^exact values of the spec: \d+ faults at 30 points$", done.out, re.MULTILINE)
    assert re.search(r"^worst: (grad|jacobian) rate", done.out, re.MULTILINE)


def test_without_the_spec_it_is_said_that_values_were_not_held_against_it(command: Run, built: Project) -> None:
    Path("decay.py").write_text(built.text("generated/decay.py"), encoding="utf-8")
    done = command("gradcheck ./decay.py --points 1")
    assert done.code == 0
    assert done.err.startswith("values were not held against the spec: ")


def test_rows_and_weights_can_be_given(command: Run, built: Project) -> None:
    report = json.loads(command(f"gradcheck {built.module} --data {built.rows} --json --weights {built.weights}").out)
    assert report["points"] == [list(json.loads(built.text("weights.json"))["weights"].values())]
    assert {weight["entries"] for weight in report["weights"]} == {6}  # the six rows of the file


def test_weights_that_are_not_judged_are_noted_and_where_all_are_it_exits_with_1(command: Run, built: Project) -> None:
    Path("start.csv").write_text("time,y\n0,5\n0,6\n", encoding="utf-8")  # at time 0 the rate has no influence
    line = f"gradcheck {built.module} --data start.csv --points 2"
    done = command(line)
    assert done.code == 0
    assert "decay: incomplete (1 of 2 weights judged" in done.out
    assert done.err.startswith("a fault in the weights not judged would have gone unseen")
    assert command(f"{line} --quiet").err == ""
    Path("late.csv").write_text("time,y\n1e6,5\n2e6,6\n", encoding="utf-8")  # where the curve has underflowed to 0
    line = f"gradcheck {built.module} --data late.csv --weights {built.weights}"
    done = command(line)
    assert (done.code, "decay: nothing judged (0 of 2 weights judged" in done.out) == (1, True)
    document = command(f"{line} --json")
    assert (document.code, json.loads(document.out)["verdict"]) == (1, "nothing judged")
