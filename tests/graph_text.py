"""Parser of the text form of graphs, in which fixtures are written: the inverse of `symgraph.compiler.ir.text.to_text`."""

import re

from symgraph.compiler.ir.graph import LEAVES, Graph, GraphBuilder

_LINE = re.compile(
    r"%(?P<id>\d+) = (?P<op>[^\s(]+)(?: (?P<leaf>[^\s(;]+)(?P<uniform> uniform)?|\((?P<args>[^)]*)\))?(?:\s+; (?P<origin>.*))?"
)
_DOMAIN = re.compile(r"domain (?P<name>.+) = (?P<low>\S+) (?P<high>\S+)")
_ALIAS = re.compile(r"(?P<kind>name|root) (?P<name>.+) = %(?P<id>\d+)")


def from_text(text: str) -> Graph:
    """Parse text that ``to_text`` has printed; blank lines and lines that start with # are skipped.

    Raises:
        ValueError: a line is none of the format, or refers to a node that is not defined before it.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or not lines[0].startswith("graph "):
        raise ValueError("a graph's text starts with a line 'graph <name>'")
    builder = GraphBuilder(lines[0].removeprefix("graph "))
    moved: dict[int, int] = {}
    aliases: dict[str, dict[str, int]] = {"name": {}, "root": {}}
    domains: dict[str, tuple[float, float]] = {}
    for line in lines[1:]:
        domain = _DOMAIN.fullmatch(line)
        if domain:
            domains[domain["name"]] = (float(domain["low"]), float(domain["high"]))
            continue
        alias = _ALIAS.fullmatch(line)
        try:
            if alias:
                aliases[alias["kind"]][alias["name"]] = moved[int(alias["id"])]
            else:
                _parse_node(builder, line, moved)
        except KeyError as error:
            raise ValueError(f"{line!r} refers to node %{error.args[0]}, which no line before it defines") from None
    builder.domains = domains
    return builder.build(aliases["root"], aliases["name"])


def _parse_node(builder: GraphBuilder, line: str, moved: dict[int, int]) -> None:
    match = _LINE.fullmatch(line)
    if match is None or match["leaf" if match["op"] == "const" or match["op"] in LEAVES else "args"] is None:
        raise ValueError(f"{line!r} is no line of a graph's text")
    builder.origin = match["origin"] or ""
    op = match["op"]
    if op == "const":
        position = builder.const(float(match["leaf"]))
    elif op in LEAVES:
        position = builder.leaf(op, match["leaf"], varying=False if match["uniform"] else None)
    else:
        args = [int(part.strip().removeprefix("%")) for part in match["args"].split(",")]
        position = builder.add(op, *(moved[arg] for arg in args))
    moved[int(match["id"])] = position
