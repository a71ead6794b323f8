"""The layout: columns from left to right, boxes apart, no more crossings than there must be."""

import random
from itertools import combinations, pairwise, permutations, product

import pytest

from symgraph.show.drawing.layers import Layout, Size, _Grid, layered, ranked


def acyclic(seed: int) -> tuple[list[Size], list[tuple[int, int]]]:
    draw = random.Random(seed)
    count = draw.randrange(1, 30)
    pairs = [pair for pair in combinations(range(count), 2) if draw.random() < 2.5 / count]
    return [Size(draw.uniform(20, 200), draw.uniform(20, 80)) for _ in range(count)], pairs


@pytest.mark.parametrize("seed", range(40))
def test_boxes_do_not_overlap_no_edge_goes_through_one_and_columns_are_ordered_no_worse_than_at_first(seed: int) -> None:
    sizes, edges = acyclic(seed)
    placed = layered(sizes, edges)
    corners = zip(placed.corners, sizes, strict=True)
    boxes = [(spot.x, spot.y, spot.x + size.width, spot.y + size.height) for spot, size in corners]
    for (left, top, right, low), (other_left, other_top, other_right, other_low) in combinations(boxes, 2):
        assert right <= other_left or other_right <= left or low <= other_top or other_low <= top
    for source, target in edges:
        assert boxes[source][2] <= boxes[target][0]
    assert min((top for _, top, _, _ in boxes), default=0.0) >= -1e-9
    assert max((low for _, _, _, low in boxes), default=0.0) <= placed.height + 1e-9
    for route in placed.routes:
        for one, other in zip(route[2:-2:2], route[3:-2:2], strict=True):  # straight through the columns on the way
            assert one.y == other.y
            crossed = [box for box in boxes if box[0] < other.x and one.x < box[2]]
            assert not any(top < one.y < low for _, top, _, low in crossed)
    grid = _Grid(sizes, edges, ranked(len(sizes), edges))
    first = grid.crossings()
    grid.reduce_crossings()
    assert grid.crossings() <= first


def crossings(placed: Layout) -> int:
    pairs = combinations([pair for route in placed.routes for pair in zip(route[1::2], route[2::2], strict=False)], 2)
    return sum(one[0].x == other[0].x and (one[0].y - other[0].y) * (one[1].y - other[1].y) < 0 for one, other in pairs)


def test_a_tree_is_drawn_without_a_crossing_a_chain_is_straight_and_inputs_stand_before_the_first_that_uses_them() -> None:
    assert crossings(layered([Size(40, 20)] * 9, [(0, 6), (2, 6), (1, 7), (3, 7), (6, 8), (7, 8), (4, 8), (5, 7)])) == 0
    assert crossings(layered([Size(40, 20)] * 4, SMALL["two to two"])) == 1
    # 0 -> 1 -> 2 -> 3, and 4 is used by 3 alone
    assert ranked(5, [(0, 1), (1, 2), (2, 3), (4, 3)]) == [0, 1, 2, 3, 2]
    placed = layered([Size(30, 20)] * 5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    assert all(abs(one.y - other.y) < 1e-6 for route in placed.routes for one, other in pairwise(route))
    placed = layered([], [])
    assert (placed.width, placed.height, placed.corners) == (0.0, 0.0, ())


SMALL = {
    "two to two": [(0, 2), (0, 3), (1, 2), (1, 3)],
    "twisted": [(0, 5), (1, 4), (2, 3), (0, 4), (2, 5)],
    "three columns": [(0, 3), (1, 4), (2, 5), (0, 5), (3, 8), (4, 7), (5, 6), (3, 6)],
    "past a column": [(0, 3), (1, 3), (1, 4), (2, 4), (3, 5), (4, 6), (2, 5), (0, 6)],
}


@pytest.mark.parametrize("name", SMALL)
def test_small_graphs_have_as_few_crossings_as_any_order_of_their_columns(name: str) -> None:
    edges = SMALL[name]
    count = 1 + max(map(max, edges))
    grid = _Grid([Size(40, 20)] * count, edges, ranked(count, edges))
    grid.reduce_crossings()
    found, fewest = grid.crossings(), []
    for orders in product(*(list(map(list, permutations(column))) for column in grid.columns)):
        grid.columns = list(orders)
        fewest.append(grid.crossings())
    assert found == min(fewest)
