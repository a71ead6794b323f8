"""symgraph.compiler.ir.garbage_collection: the collector comes back, and there is nothing for it to do."""

import gc
from typing import Any

import pytest
from big_models import perceptron

from symgraph.compiler.generate import generate
from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.project.build.modules import load_verified


@pytest.fixture(autouse=True)
def collector() -> Any:
    """The collector is afterwards as it was, whatever a test does with it."""
    was = gc.isenabled()
    yield
    gc.set_debug(0)
    gc.unfreeze()
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_afterwards_as_it_was(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled() is enabled


def test_what_was_made_meanwhile_counts_as_old_unless_something_is_frozen() -> None:
    gc.enable()
    with uncollected():
        made: list[object] = []
    assert any(one is made for one in gc.get_objects(generation=2))
    gc.freeze()
    frozen = gc.get_freeze_count()
    with uncollected():
        pass
    assert frozen > 0
    assert gc.get_freeze_count() >= frozen - 10  # what has died since does not count any more


def test_a_build_leaves_nothing_to_the_collector() -> None:
    model = perceptron(1_200)
    load_verified(model, generate(model))  # what is kept for all builds is made
    gc.collect()
    gc.disable()
    load_verified(model, generate(model))
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    left = {type(one).__name__ for one in gc.garbage if not type(one).__module__.startswith("symgraph.runtime")}
    gc.garbage.clear()
    assert not left & {"Graph", "GraphBuilder", "Node", "Reference", "Program", "Step"}
