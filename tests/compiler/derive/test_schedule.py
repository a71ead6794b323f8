"""The module schedule: every operation in the right function, before what needs it, no more on the tape than is read."""

import pytest
from zoo import ZOO

from symgraph.compiler.derive.schedule import Counts, Kernel, count, roots_of, schedule
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.graph import LEAVES, reachable


def kernel_of(name: str) -> Kernel:
    return schedule(differentiated(ZOO[name]()))


def counts_of(kernel: Kernel) -> list[Counts]:
    """The operations of forward and backward."""
    return [count(kernel.graph, part) for part in ((*kernel.forward, *kernel.forward_target), kernel.beyond["grad"])]


@pytest.mark.parametrize("name", ZOO)
def test_operands_are_ready_no_operation_is_done_twice_or_in_vain_and_the_tape_holds_what_is_read(name: str) -> None:
    kernel = kernel_of(name)
    graph, primals = kernel.graph, (*kernel.forward, *kernel.forward_target)
    needed = [position for root, position in graph.roots.items() if not root.startswith(("grad ", "jacobian "))]
    assert set(primals) <= reachable(graph.nodes, needed)
    for part in ("grad", "jacobian"):
        beyond = kernel.beyond.get(part, ())
        assert len({*primals, *beyond}) == len(primals) + len(beyond)
        assert set(beyond) <= reachable(graph.nodes, roots_of(graph, part))
        ready = {position for position, node in enumerate(graph.nodes) if node.op == "const" or node.op in LEAVES}
        for position in (*primals, *beyond):
            assert set(graph.nodes[position].args) <= ready
            ready.add(position)

    later = (*kernel.beyond.get("grad", ()), *kernel.beyond.get("jacobian", ()))
    read = {arg for position in later for arg in graph.nodes[position].args}
    read |= {*roots_of(graph, "grad"), *roots_of(graph, "jacobian")}
    named = {position for root, position in graph.roots.items() if root.startswith("node ") or root in ("loss", "output")}
    assert set(kernel.tape) == read.intersection(primals) - named


def test_what_needs_the_target_stands_apart() -> None:
    kernel = kernel_of("pieces")
    graph = kernel.graph
    assert {graph.roots["loss"], graph.roots["node r"]} <= set(kernel.forward_target)
    assert graph.roots["output"] in kernel.forward
    assert not any(graph.nodes[position].op == "target" for position in reachable(graph.nodes, kernel.forward))
    assert not any(kernel_of(name).forward_target for name in ("rosenbrock", "energy", "curve"))  # which have none


def test_results_of_the_founding_model_come_last_in_the_order_of_the_weights_and_it_costs_what_was_asked() -> None:
    kernel = kernel_of("nine_weights")
    assert kernel.beyond["grad"][-9:] == roots_of(kernel.graph, "grad")
    assert [root for root in kernel.graph.roots if root.startswith("grad ")] == [f"grad w{i}" for i in range(1, 10)]
    forward, backward = counts_of(kernel)
    # exp, tanh, sin, exp in sigmoid; cos, exp in sech; exp(-|z|/2), without which sigmoid's slope has no digits at |z| = 720
    assert forward.transcendental + backward.transcendental <= 7
    assert (forward.arithmetic <= 30, backward.arithmetic <= 45) == (True, True)
    assert (forward.uniform, backward.uniform, backward.sums) == (0, 0, 9)


def test_counts_tell_rows_from_calls() -> None:
    forward, backward = counts_of(kernel_of("uniform_nodes"))
    # scale*x1 + shift*x2 + k, then y - y_hat, its square and the sum with the penalty; scale and shift may overflow, so where
    # x1 or x2 is 0 a comparison and a selection make the product 0
    assert (forward.arithmetic, forward.transcendental, forward.sums) == (7 + 4, 0, 0)
    assert forward.uniform > 8
    assert backward.sums == 4  # to scale, to shift, to k, and of the cotangent itself for the penalty
