"""Pictures of many boxes, made smaller: boxes of the same level share one, which lists their names."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace

from symgraph.show.drawing.layers import ranked
from symgraph.show.drawing.picture import INPUTS, KINDS, Arrow, Box, Picture
from symgraph.show.drawing.widths import wrapped

MOST = 60
"""Most boxes that a picture shows one by one."""
_COLUMNS = 7
"""Most levels of a picture of groups: of a deep graph, several levels are taken together."""
_FEW = 6
"""Boxes that need not share one, as long as there are not too many of all."""
_SIGNS, _LINES, _HINTS = 34, 5, 40
"""Signs of a line of names, lines of names, and lines of a hint."""


def grouped(picture: Picture) -> Picture:
    """Return a picture with at most `MOST` boxes, as far as its levels allow; its note says what was left out.

    Inputs share a box with those of their kind at their level, other boxes with all of their level; ends, and outputs that
    only ends use, keep their own as long as there is room.
    """
    if len(picture.boxes) <= MOST:
        return picture
    keys, found = _keys(picture), picture
    for fewest, special in ((_FEW + 1, True), (2, True), (2, False)):
        found = _merged(picture, {key: pair[0 if special else 1] for key, pair in keys.items()}, fewest)
        if len(found.boxes) <= MOST:
            break
    return found


def _keys(picture: Picture) -> dict[str, tuple[Hashable, Hashable]]:
    """Return for each box what it shares with others: with ends and outputs apart, and with these together."""
    edges = picture.edges
    ranks, used = ranked(len(picture.boxes), edges), {source for source, _ in edges}
    late = {source for source, target in edges if target in used}  # used by more than ends
    depth = max(ranks) + 1
    keys: dict[str, tuple[Hashable, Hashable]] = {}
    for index, box in enumerate(picture.boxes):
        band = ranks[index] * min(_COLUMNS, depth) // depth
        if box.kind in INPUTS:
            keys[box.key] = ((band, box.kind),) * 2
        elif index not in used or (box.kind == "output" and index not in late):
            keys[box.key] = (box.key, (index in used, box.kind))
        else:
            keys[box.key] = (band,) * 2
    return keys


def _merged(picture: Picture, keys: Mapping[str, Hashable], fewest: int) -> Picture:
    groups: dict[Hashable, list[Box]] = {}
    for box in picture.boxes:
        groups.setdefault(keys[box.key], []).append(box)
    boxes, home = list[Box](), dict[str, str]()
    for number, group in enumerate(groups.values()):
        shown = [_group(f"group {number}", group)] if len(group) >= fewest else group
        boxes += shown
        home |= {box.key: shown[0].key if len(group) >= fewest else box.key for box in group}
    arrows = _bundled(picture, home)
    shared = {box.key for box in boxes} - {box.key for box in picture.boxes}
    inside = sum(home[arrow.source] == home[arrow.target] for arrow in picture.arrows)
    return replace(picture, boxes=tuple(boxes), arrows=arrows, note=_note(picture, home, shared, inside))


def _group(key: str, group: list[Box]) -> Box:
    kinds = {box.kind for box in group}
    kind = kinds.pop() if len(kinds) == 1 else "node"
    names = wrapped(", ".join(box.name for box in group), 1.0, 0.62 * _SIGNS)
    lines = names[:_LINES]
    if len(names) > _LINES:
        rest = len(group) - sum(line.count(",") for line in lines)
        lines[-1] += f" and {rest} more" if rest else ""
    hint = "\n".join([*(box.hint or box.name for box in group[:_HINTS]), *(["..."] if len(group) > _HINTS else [])])
    return Box(key, kind if kind in INPUTS else "group", f"{len(group)} {KINDS[kind]}s", tuple(lines), hint)


def _bundled(picture: Picture, home: Mapping[str, str]) -> tuple[Arrow, ...]:
    """Return one arrow for all that lead from one box to another: it carries what they carry together."""
    bundles: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in picture.arrows:
        ends = home[arrow.source], home[arrow.target]
        if ends[0] != ends[1]:
            bundles.setdefault(ends, []).append(arrow)
    carried = {ends: sum((arrow.share or 0.0) ** 2 for arrow in bundle) for ends, bundle in bundles.items()}
    most = max(carried.values(), default=0.0) or 1.0
    arrows = []
    for ends, bundle in bundles.items():
        share = None if bundle[0].share is None else math.sqrt(carried[ends] / most)
        arrows.append(Arrow(*ends, bundle[0].hint if len(bundle) == 1 else f"{len(bundle)} uses", share))
    return tuple(arrows)


def _note(picture: Picture, home: Mapping[str, str], shared: set[str], inside: int) -> str:
    many = sum(one in shared for one in home.values())
    lacking = "formulas and numbers" if picture.has_numbers else "formulas"
    lacking += f", and {inside} arrows between those that share one" if inside else ""
    text = f"{len(picture.boxes)} boxes are more than the {MOST} that can be read: {many} share {len(shared)}."
    return f"{text} Left out: their {lacking}."
