"""Builds whose text was not held against the spec say so: without the reference, by --no-verify, without a compiler."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from symgraph.errors import BuildError
from symgraph.project.build import build as building
from symgraph.project.build.build import build, check
from symgraph.project.build.plan import Plan
from symgraph.project.settings.manifest import FILE, NOT_RUN, NOT_VERIFIED

ROOT = Path(__file__).parent.parent.parent.parent
SPEC = """
import symgraph
model = symgraph.Model("decay")
t, a, k = model.feature("t"), *model.weights("a k")
model.output("y_hat", a * t / (1 + k**2))
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "decay.py").write_text(SPEC)
    return Plan([str(tmp_path / "decay.py")], tmp_path, tmp_path / "generated", ("numpy", "scalar"))


def listed(plan: Plan) -> dict[str, str]:
    """The reasons that the manifest gives."""
    outputs = json.loads((plan.out / FILE).read_text())["outputs"]
    return {name: facts["unverified"] for name, facts in outputs.items() if "unverified" in facts}


def test_without_the_reference_a_build_ends_in_one_line_unless_it_is_told_to_verify_nothing(plan: Plan) -> None:
    code = """
import sys
sys.modules["flint"] = None
from symgraph.cli import main
for options in (["--no-verify", "--out", "unverified"], []):
    sys.argv = ["symgraph", "build", "decay.py", *options]
    try:
        main()
    except SystemExit as end:
        print("ended with", end.code)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=plan.root, env=environment, capture_output=True, text=True, check=False)
    assert "verified at" not in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("ended")] == ["ended with 0", "ended with 2"]
    assert f"decay.c, decay.h, decay.py, decay_scalar.py are not verified: {NOT_VERIFIED}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: builds are verified with python-flint, which is not installed")
    assert not plan.out.exists()


def test_a_build_with_verification_takes_the_mark_away_and_one_without_does_not_put_it_back(plan: Plan) -> None:
    build(plan, verify=False)
    assert listed(plan) == {"decay.py": NOT_VERIFIED, "decay_scalar.py": NOT_VERIFIED}
    assert check(plan).unverified == listed(plan)
    build(plan)
    assert listed(plan) == {}
    # the same text was held against the spec before
    assert build(plan, verify=False).unverified == {}
    assert check(plan).ok


def test_a_text_that_is_new_is_not_verified_because_an_earlier_one_was(plan: Plan) -> None:
    build(plan)
    (plan.root / "decay.py").write_text(SPEC.replace("1 + k**2", "2 + k**2"))
    assert set(build(plan, verify=False).unverified.values()) == {NOT_VERIFIED}
    assert listed(plan) == {"decay.py": NOT_VERIFIED, "decay_scalar.py": NOT_VERIFIED}


def test_a_text_that_was_not_run_is_named_and_keeps_what_others_have_found(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "find_compiler", Mock(side_effect=BuildError("there is no C compiler")))
    c = Plan(plan.specs, plan.root, plan.out, ("numpy", "c"))
    report = build(c)
    assert report.verifications["decay"].unrun == ("decay.c", "decay.h")
    assert "decay: not verified, not run: decay.c, decay.h" in str(report.verifications["decay"])
    assert listed(plan) == {"decay.c": NOT_RUN, "decay.h": NOT_RUN}
    text = (plan.out / FILE).read_text()
    (plan.out / FILE).write_text(text.replace(f',\n      "unverified": "{NOT_RUN}"', ""))  # built where there is a compiler
    assert listed(plan) == {}
    assert build(c).unverified == {}
    assert check(c).ok
