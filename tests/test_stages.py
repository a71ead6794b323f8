"""symgraph.stages: what a build keeps of its stages, and that the collector comes back."""

import gc
import weakref

import pytest
from big_models import perceptron
from zoo import line, nine_weights

from symgraph.build.build import Plan, stage_names
from symgraph.build.memory import load_verified
from symgraph.collector import uncollected, weakly
from symgraph.derive.lowering import lower
from symgraph.generate import differentiated, generate
from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.options import ERROR_BOUND, options_of
from symgraph.passes import STEPS
from symgraph.stages import Stages, largest_memory


def test_a_stage_is_kept_with_its_model_its_time_and_the_nodes_of_the_graph_that_came_out() -> None:
    stages = Stages()
    stages.model = "m"

    def make(count: int, *, name: str) -> Graph:
        builder = GraphBuilder(name)
        for index in range(count):
            builder.leaf("weight", f"a{index}")
        return builder.build({}, {})

    assert stages.run("make", make, 3, name="g").name == "g"
    assert stages.run("other", lambda: 7) == 7
    assert [(stage.model, stage.name, stage.nodes) for stage in stages.done] == [("m", "make", 3), ("m", "other", None)]
    assert all(stage.seconds >= 0 for stage in stages.done)
    assert all(stage.memory is None or stage.memory >= 0 for stage in stages.done)  # the largest memory does not shrink


def test_a_stage_that_fails_is_not_kept_and_its_error_passes() -> None:
    stages = Stages()
    with pytest.raises(ZeroDivisionError):
        stages.run("fails", lambda: 1 // 0)
    assert stages.done == []


def test_a_watcher_hears_of_each_stage_before_it_runs() -> None:
    heard: list[tuple[str, str]] = []
    stages = Stages(lambda model, name: heard.append((model, name)))
    stages.model = "m"
    stages.run("one", lambda: heard.append(("", "runs")))
    assert heard == [("m", "one"), ("", "runs")]


def test_the_largest_memory_is_known_or_said_to_be_unknown() -> None:
    found = largest_memory()
    assert found is None or 1 < found < 10**6  # Python alone takes several MiB; no machine of the tests has a TiB


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_afterwards_as_it_was(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
        with pytest.raises(KeyError), uncollected():
            raise KeyError
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_what_was_made_meanwhile_counts_as_old_unless_something_is_frozen() -> None:
    was = gc.isenabled()
    gc.enable()
    try:
        with uncollected():
            made: list[object] = []
        assert any(one is made for one in gc.get_objects(generation=2))
        gc.freeze()
        frozen = gc.get_freeze_count()
        with uncollected():
            pass
        assert frozen > 0
        assert gc.get_freeze_count() >= frozen - 10  # what has died since does not count any more
    finally:
        gc.unfreeze()
        (gc.enable if was else gc.disable)()


def test_a_build_leaves_nothing_to_the_collector() -> None:
    model = perceptron(1_200)
    load_verified(model, generate(model))  # what is kept for all builds is made
    gc.collect()
    was = gc.isenabled()
    gc.disable()
    try:
        load_verified(model, generate(model))
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = {type(one).__name__ for one in gc.garbage if not type(one).__module__.startswith("symgraph.runtime")}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        (gc.enable if was else gc.disable)()
    assert not left & {"Graph", "GraphBuilder", "Node", "Reference", "Program", "Step"}


def test_a_method_that_is_held_weakly_does_not_keep_its_object() -> None:
    class Kept:
        def __init__(self) -> None:
            self.double = weakly(self.doubled)

        def doubled(self, value: int) -> int:
            return 2 * value

    kept = Kept()
    double, gone = kept.double, weakref.ref(kept)
    assert double(3) == 6
    del kept
    assert gone() is None
    with pytest.raises(ReferenceError, match="is gone"):
        double(3)


def test_generating_and_verifying_go_through_every_stage_in_order() -> None:
    stages = Stages()
    model = line()
    artifacts = generate(model, ("numpy", "scalar"), stages=stages)
    _, report = load_verified(model, artifacts, stages=stages)
    plan = Plan([], None, None, ("numpy", "scalar"))  # type: ignore[arg-type]  # no path is looked at
    assert (*(stage.name for stage in stages.done), "digits", "write files") == stage_names(plan)
    assert {stage.model for stage in stages.done} == {"line"}
    assert report.points > 0


def test_the_nodes_of_each_step_are_those_of_its_graph() -> None:
    stages = Stages()
    model = nine_weights()
    generate(model, stages=stages)
    nodes = {stage.name: stage.nodes for stage in stages.done}
    assert nodes["lower"] == len(lower(model).nodes)
    assert nodes[STEPS[-1].__name__] == nodes["check the graph"] == len(differentiated(model).nodes)
    assert nodes["numpy: write"] is None


def test_what_is_asked_for_besides_is_a_stage_of_its_own() -> None:
    stages = Stages()
    generate(nine_weights(), options=options_of([ERROR_BOUND]), stages=stages)
    assert "errors of constants" in [stage.name for stage in stages.done]
