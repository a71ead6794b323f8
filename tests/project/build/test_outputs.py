"""symgraph.project.build.outputs: what a build finds in its folder, what a check calls it, and what is left alone."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from plans import Write, contents, states

from symgraph.compiler import generate as generating
from symgraph.errors import BuildError
from symgraph.options import ACCURATE, Options
from symgraph.project.build import build as building
from symgraph.project.build.build import build, check
from symgraph.project.build.plan import Plan
from symgraph.project.settings.manifest import FILE, read_manifest


def with_another_spec(plan: Plan, file: str) -> Plan:
    return replace(plan, specs=[str(plan.root / file)])


def test_another_version_is_told_from_another_spec_and_a_hand(
    plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("line", "other")
    build(plan)
    render = generating.render
    monkeypatch.setattr(generating, "render", lambda *arguments: render(*arguments).replace("Compute", "Work out"))
    write("line", "other", output="a * x + b")
    with (plan.out / "other.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    (plan.out / "other_scalar.py").unlink()
    expected = {"line.py": "generator changed", "line_scalar.py": "generator changed", "other.py": "edited by hand"}
    assert states(check(plan)) == expected | {"other_scalar.py": "missing", FILE: "stale"}


def test_a_change_of_the_options_is_told_from_one_of_the_documentation(plan: Plan, write: Write) -> None:
    write("line")
    build(plan)
    found = states(check(replace(plan, options=Options(error_bound=True))))
    assert found == {"line.py": "options changed", "line_scalar.py": "unchanged", FILE: "stale"}
    assert states(check(replace(plan, options=Options(precision=ACCURATE))))["line.py"] == "options changed"
    write("line", doc="Another line.")
    assert set(states(check(plan)).values()) == {"spec changed", "stale"}


def test_a_checkout_with_other_line_ends_is_the_same_text(plan: Plan, write: Write) -> None:
    write("line")
    build(plan)
    for path in (*plan.out.iterdir(), plan.root / "spec.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = contents(plan.out)
    assert check(plan).ok
    assert set(states(build(plan)).values()) == {"unchanged"}
    assert contents(plan.out) == before
    write("line", output="a - b * x")
    assert set(states(check(plan)).values()) == {"spec changed", "stale"}  # and not edited by hand
    assert set(states(build(plan)).values()) == {"written"}
    assert b"\r" not in (plan.out / "line.py").read_bytes()


def while_verifying(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    verified = building.load_verified

    def verify(*arguments: object, **options: object) -> object:
        act()
        return verified(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "load_verified", verify)


@pytest.mark.parametrize(("name", "late"), [("line.py", False), ("line_scalar.py", False), ("line.py", True)])
def test_an_edit_meanwhile_stops_a_build(
    plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch, name: str, late: bool
) -> None:
    """Also a late one, when the texts are on the disk."""
    write("line")
    build(plan)
    before, sync = contents(plan.out), os.fsync
    mine = before[name] + b"# mine\n"
    write("line", output="a - b * x")
    if late:
        monkeypatch.setattr(os, "fsync", lambda handle: (sync(handle), (plan.out / name).write_bytes(mine)))
    else:
        while_verifying(monkeypatch, lambda: (plan.out / name).write_bytes(mine))
    with pytest.raises(BuildError, match=rf"{name} was edited by hand .* --force"):
        build(plan)
    assert contents(plan.out) == before | {name: mine}
    assert states(build(plan, force=True))[name] == "written"


def test_a_file_put_there_during_the_first_build_is_not_lost(plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("line")

    def put() -> None:
        plan.out.mkdir()
        (plan.out / "line_scalar.py").write_text("notes\n", encoding="utf-8")

    while_verifying(monkeypatch, put)
    with pytest.raises(BuildError, match=r"line_scalar\.py was edited by hand or is not a generated file"):
        build(plan)
    assert contents(plan.out) == {"line_scalar.py": b"notes\n"}


def test_another_build_that_ended_meanwhile_is_no_hand(plan: Plan, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("line")
    build(plan)
    write("line", output="a - b * x")
    while_verifying(monkeypatch, lambda: (monkeypatch.undo(), build(plan)))
    assert set(states(build(plan)).values()) == {"unchanged"}


def test_a_module_of_another_spec_is_not_taken_over(plan: Plan, write: Write) -> None:
    write("line")
    build(plan)
    write("line", file="second.py", output="a - b * x")
    write("line_scalar", file="third.py")
    second, before = with_another_spec(plan, "second.py"), contents(plan.out)
    with pytest.raises(BuildError, match=r"line\.py belongs to model line in spec\.py; model line in second\.py would take"):
        build(second)
    said = r"line_scalar\.py belongs to model line in spec\.py; model line_scalar in third\.py would take its place"
    with pytest.raises(BuildError, match=said):
        build(with_another_spec(plan, "third.py"))
    assert set(states(check(second)).values()) == {"of another spec", "stale"}
    assert contents(plan.out) == before
    assert set(states(build(second, force=True)).values()) == {"written"}
    assert {entry.spec for entry in read_manifest(plan.out).entries.values()} == {"second.py"}
    assert set(states(check(plan)).values()) == {"of another spec", "stale"}
    (plan.out / FILE).unlink()  # without it the file itself says whose it is
    with pytest.raises(BuildError, match=r"line\.py belongs to a model in second\.py"):
        build(plan)


@pytest.mark.parametrize("moved", [False, True])
def test_a_model_that_moves_to_another_file_takes_its_module_along(plan: Plan, write: Write, moved: bool) -> None:
    write("line")
    build(plan)
    write("line", file="second.py")
    if moved:
        (plan.root / "spec.py").unlink()
        second = with_another_spec(plan, "second.py")
    else:  # the old spec is read along, and makes another model now
        write("other")
        second = replace(plan, specs=[*plan.specs, str(plan.root / "second.py")])
    lines: list[str] = []
    assert states(build(second, progress=lines.append))["line.py"] == "written"
    assert "line.py was built from spec.py; it is from second.py now" in lines
    assert check(second).ok


def test_two_specs_of_one_name_outside_the_project_do_not_overwrite_each_other(plan: Plan, write: Write) -> None:
    for folder in ("first", "second"):
        (plan.root / folder).mkdir()
        write("line", file=f"{folder}/line.py")
    (plan.root / "project").mkdir()
    specs = [str(plan.root / folder / "line.py") for folder in ("first", "second")]
    both = replace(plan, specs=specs, root=plan.root / "project", out=plan.root / "project" / "out")
    with pytest.raises(BuildError, match=r"written by model line in .*first/line\.py and by model line in .*second/line\.py"):
        build(both)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_a_module_is_refused_without_waiting_for_it(plan: Plan, write: Write) -> None:
    write("line")
    plan.out.mkdir()
    os.mkfifo(plan.out / "line.py")
    with pytest.raises(BuildError, match="edited by hand or is not a generated file"):
        build(plan)
    assert states(check(plan))["line.py"] == "edited by hand"


def test_a_link_in_the_place_of_a_module_is_not_replaced(plan: Plan, write: Write) -> None:
    write("line")
    build(plan)
    (plan.root / "kept.py").write_bytes((plan.out / "line.py").read_bytes())
    (plan.out / "line.py").unlink()
    (plan.out / "line.py").symlink_to(plan.root / "kept.py")
    assert check(plan).ok
    write("line", output="a - b * x")
    with pytest.raises(BuildError, match="edited by hand or is not a generated file"):
        build(plan)
    assert (plan.out / "line.py").is_symlink()
