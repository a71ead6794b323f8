"""symgraph.project.build.profile: what a build keeps of its stages, and that every step goes through it."""

import pytest
from zoo import line, nine_weights

from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated, generate
from symgraph.compiler.ir.graph import Graph, GraphBuilder
from symgraph.compiler.passes import STEPS
from symgraph.options import ERROR_BOUND, options_of
from symgraph.project.build.build import stage_names
from symgraph.project.build.modules import load_verified
from symgraph.project.build.plan import Plan
from symgraph.project.build.profile import Profile, largest_memory


def test_a_stage_is_told_of_and_kept_with_its_model_its_time_and_the_nodes_of_the_graph_that_came_out() -> None:
    heard: list[tuple[str, str]] = []
    profile = Profile(lambda model, name: heard.append((model, name)))
    profile.model = "m"

    def make(count: int, *, name: str) -> Graph:
        builder = GraphBuilder(name)
        for index in range(count):
            builder.leaf("weight", f"a{index}")
        return builder.build({}, {})

    assert profile.run("make", make, 3, name="g").name == "g"
    assert profile.run("other", lambda: heard.append(("", "runs")) or 7) == 7
    assert heard == [("m", "make"), ("m", "other"), ("", "runs")]
    assert [(stage.model, stage.name, stage.nodes) for stage in profile.done] == [("m", "make", 3), ("m", "other", None)]
    assert all(stage.seconds >= 0 for stage in profile.done)
    found = largest_memory()
    # the largest memory does not shrink, and these stages need next to none of it
    assert all(stage.memory is None or 0 <= stage.memory < (found or 0) / 2 for stage in profile.done)
    assert found is None or 1 < found < 10**6  # Python alone takes several MiB; no machine of the tests has a TiB
    with pytest.raises(ZeroDivisionError):
        profile.run("fails", lambda: 1 // 0)
    assert len(profile.done) == 2


def test_generating_and_verifying_go_through_every_stage_in_order() -> None:
    profile = Profile()
    profile.model = "line"
    model = line()
    _, report = load_verified(model, generate(model, ("numpy", "scalar"), run=profile.run), profile=profile)
    plan = Plan([], None, None, ("numpy", "scalar"))  # type: ignore[arg-type]  # no path is looked at
    names = [stage.name for stage in profile.done]
    names.insert(names.index("numpy: load"), "digits")
    assert (*names, "write files") == stage_names(plan)
    assert {stage.model for stage in profile.done} == {"line"}
    assert report.points > 0


def test_the_nodes_of_each_step_are_those_of_its_graph() -> None:
    profile = Profile()
    model = nine_weights()
    generate(model, run=profile.run)
    nodes = {stage.name: stage.nodes for stage in profile.done}
    assert nodes["lower"] == len(lower(model).nodes)
    assert nodes[STEPS[-1].__name__] == nodes["check the graph"] == len(differentiated(model).nodes)
    assert nodes["numpy: write"] is None
    generate(line(), options=options_of([ERROR_BOUND]), run=profile.run)  # what is asked for besides is a stage of its own
    assert "errors of constants" in [stage.name for stage in profile.done]
