"""symgraph.project.build.build: from specs to files on disk, and from there to numbers that others have certified."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from plans import Write, contents, spec_of, states
from scipy.optimize import least_squares
from zoo import NIST

import symgraph
from symgraph.compiler.generate import Artifact
from symgraph.data.reading import read_data
from symgraph.errors import BuildError, VerificationError
from symgraph.project.build import build as building
from symgraph.project.build import modules
from symgraph.project.build.build import build, check
from symgraph.project.build.plan import Plan
from symgraph.project.settings.manifest import FILE, read_manifest

NIST_DATA = Path(__file__).parent.parent.parent / "data" / "nist"
ZOO = Path(__file__).parent.parent.parent / "zoo.py"


@pytest.fixture
def plan(plan: Plan) -> Plan:
    """One for NumPy alone."""
    return replace(plan, backends=("numpy",))


def test_the_manifest_has_an_entry_for_each_file_with_the_digests_of_both_ends(plan: Plan, write: Write) -> None:
    write("line", "other")
    build(plan)
    entries = read_manifest(plan.out).entries
    assert [*entries] == ["line.py", "other.py"]
    for name, entry in entries.items():
        assert (entry.spec, f"{entry.model}.py", entry.backend) == ("spec.py", name, "numpy")
        assert entry.model_hash == symgraph.load(plan.out / name).METADATA["model_hash"]
    (plan.out / "other.py").unlink()
    assert states(build(plan)) == {"line.py": "unchanged", "other.py": "written", FILE: "unchanged"}
    write("line", "other", output="a - b * x")
    build(plan)
    for old, new in zip(entries.values(), read_manifest(plan.out).entries.values(), strict=True):
        assert old.model_hash != new.model_hash
        assert old.text_hash != new.text_hash


def test_a_model_that_fails_verification_leaves_every_file(plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("line", "other")
    build(plan)
    before = contents(plan.out)
    write("line", "other", output="a - b * x")
    generate = modules.generate

    def forged(model: symgraph.Model, *arguments: object, **options: object) -> tuple[Artifact, ...]:
        made = generate(model, *arguments, **options)
        if model.name == "line":
            return made
        return tuple(replace(artifact, text=artifact.text.replace("-2.0", "-2.001")) for artifact in made)

    monkeypatch.setattr(modules, "generate", forged)
    with pytest.raises(VerificationError, match="model other"):
        build(plan)
    assert contents(plan.out) == before


def test_the_numpy_module_is_verified_and_not_written_where_only_the_scalar_one_is(plan: Plan, write: Write) -> None:
    write("line")
    report = build(replace(plan, backends=("scalar",)))
    assert states(report) == {"line_scalar.py": "written", FILE: "written"}
    assert report.verifications["line"].judged > 0
    assert [*read_manifest(plan.out).entries] == ["line_scalar.py"]


def test_files_of_a_spec_that_is_gone_are_left_over_for_the_whole_project(plan: Plan, write: Write, tmp_path: Path) -> None:
    write("line")
    write("other", file="second.py")
    second = replace(plan, specs=[str(tmp_path / "second.py")])
    build(plan)
    build(second)  # one by one, they share a folder
    assert [*read_manifest(plan.out).entries] == ["line.py", "other.py"]
    assert (check(plan).ok, check(second).ok) == (True, True)
    whole = replace(plan, whole=True)
    report = check(whole)
    assert not report.ok
    assert states(report) == {"line.py": "unchanged", FILE: "unchanged", "other.py": "orphan"}
    # a build does not delete what it did not make this time, and goes on saying so
    assert states(build(whole))["other.py"] == "orphan"
    assert states(check(whole))["other.py"] == "orphan"
    (plan.out / "other.py").unlink()
    assert states(check(whole)) == {"line.py": "unchanged", FILE: "stale"}
    assert build(whole).ok
    assert check(whole).ok


def test_a_check_says_how_each_file_differs_and_writes_nothing(plan: Plan, write: Write) -> None:
    assert not plan.out.exists()
    write("line", "other", "third", "fourth")
    assert set(states(check(plan)).values()) == {"missing"}
    assert not plan.out.exists()
    build(plan)
    (plan.out / "other.py").unlink()
    edited = (plan.out / "third.py").read_text(encoding="utf-8").replace("import Any", "import  Any")
    (plan.out / "third.py").write_text(edited, encoding="utf-8")
    write("line", "other", "third")
    write("fourth", file="more.py", output="a * x - b")
    before = contents(plan.out)
    report = check(replace(plan, specs=[*plan.specs, str(plan.root / "more.py")]))
    expected = {"line.py": "unchanged", "other.py": "missing", "third.py": "edited by hand", "fourth.py": "spec changed"}
    assert states(report) == expected | {FILE: "stale"}
    assert report.verifications == {}
    assert contents(plan.out) == before


def test_an_edited_file_stops_the_build_of_all_and_force_replaces_it(plan: Plan, write: Write) -> None:
    write("line", "other")
    build(plan)
    original = (plan.out / "other.py").read_bytes()
    (plan.out / "other.py").write_bytes(original.replace(b"# ", b"#  "))
    write("line", "other", output="a - b * x")
    with pytest.raises(BuildError, match=r"other\.py was edited by hand .* --force"):
        build(plan)
    assert b"a * x" in (plan.out / "line.py").read_bytes()
    assert states(build(plan, force=True)) == {"line.py": "written", "other.py": "written", FILE: "written"}


@pytest.mark.parametrize("names", [("line", "line_scalar"), ("line", "LINE")])
def test_two_models_that_would_write_one_file_are_refused(plan: Plan, write: Write, names: tuple[str, str]) -> None:
    write(names[0])
    write(names[1], file="second.py")
    both = replace(plan, specs=[*plan.specs, str(plan.root / "second.py")], backends=("numpy", "scalar"))
    with pytest.raises(BuildError, match=r"written by model line in spec\.py and by model \w+ in second\.py; rename one"):
        build(both)
    assert not plan.out.exists()


def test_a_folder_that_takes_no_file_is_a_build_error(plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("line")
    (plan.out / "line.py").mkdir(parents=True)
    for act in (build, check):
        with pytest.raises(BuildError, match=r"line\.py cannot be read: Is a directory"):
            act(plan)
    (plan.out / "line.py").rmdir()
    monkeypatch.setattr(building, "replace_texts", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(BuildError, match=r"out cannot be written: Permission denied; choose another with --out"):
        build(plan)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_builds_into_one_folder_at_once_lose_no_entry_of_the_manifest(tmp_path: Path) -> None:
    # each of these processes reads the manifest, writes its module and replaces the manifest
    names = ["line0", "line1"]
    for name in names:
        (tmp_path / f"{name}.py").write_text(spec_of(name), encoding="utf-8")
    script = """
import sys, time
from pathlib import Path
from symgraph.project.build import build as building
from symgraph.project.build.plan import Plan
read = building.read_manifest
def slow(folder):
    entries = read(folder)
    time.sleep(0.3)
    return entries
building.read_manifest = slow
root = Path(sys.argv[1])
building.build(Plan([f"{sys.argv[2]}.py"], root, root / "out", ("numpy",)), verify=False)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen([*command, name], cwd=tmp_path) for name in names]
    assert [process.wait() for process in processes] == [0, 0]
    assert [*read_manifest(tmp_path / "out").entries] == [f"{name}.py" for name in names]


# NIST's problems, built from a file and fitted by SciPy: spec -> module -> residual and Jacobian -> certified values.


@pytest.fixture(scope="module")
def nist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built modules; the spec imports the models from its neighbour."""
    root = tmp_path_factory.mktemp("nist")
    shutil.copy(ZOO, root / "zoo.py")
    spec = "from zoo import NIST\n\nglobals().update({name: make() for name, make in NIST.items()})\n"
    (root / "problems.py").write_text(spec, encoding="utf-8")
    report = build(Plan([str(root / "problems.py")], root, root / "out", ("numpy",)))
    assert all(found.unverified == () for found in report.verifications.values())
    return root / "out"


@pytest.mark.parametrize("name", NIST)
def test_scipy_reaches_the_certified_values_with_a_built_module(nist: Path, name: str) -> None:
    module = symgraph.load(nist / f"{name}.py")
    facts = json.loads((NIST_DATA / f"{name}.json").read_text(encoding="utf-8"))
    data = read_data(NIST_DATA / f"{name}.csv", module.FEATURES, module.TARGET)
    # the narrowest tolerances least_squares takes: it stops where rounding lets the sum of squares fall no further
    options = {"args": (data.X, data.y), "method": "lm", "x_scale": "jac", "ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    fit = least_squares(module.residual, facts["start2"], jac=module.residual_jacobian, **options)
    # certified to 11 digits; the sum of squares is second order in what is left of the weights' error
    assert 2.0 * fit.cost == pytest.approx(facts["residual_sum_of_squares"], rel=1e-10, abs=0.0)
    # a sum of squares known to 1e-16 leaves weights known to 1e-8 of their uncertainty, times a few for their correlation
    assert (np.abs(fit.x - facts["certified"]) / facts["std_err"]).max() < 1e-6


def test_a_build_leaves_no_module_behind(plan: Plan, write: Write) -> None:
    write("line")
    build(plan)  # which imports what it needs
    before = set(sys.modules)
    for slope in (2, 3):
        write("line", output=f"a * x * {slope} + b")
        build(plan, force=True)
    assert set(sys.modules) == before
