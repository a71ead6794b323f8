"""Functions of a C file for values of rows, for their derivatives, or for both, whose statements stand once where they can."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from symgraph.compiler.backends.c.parts import CFunction
from symgraph.compiler.backends.c.writer import WITH_SLOPES, FunctionWriter, Result, direction_of
from symgraph.compiler.backends.names import JACOBIAN
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import DOUBTS, NOTED, RESIDUAL_DOUBTS

WITH_VALUES = "with_values"
"""Flag that tells a function whether the values themselves are wanted."""


class Use(NamedTuple):
    """Function for the values of rows, for their slopes, or for both.

    Attributes:
        name: its name.
        array: the name of the array that it writes to, a column each.
        values: whether it writes the values.
        slopes: whether it writes the slopes.
    """

    name: str
    array: str
    values: bool = False
    slopes: bool = False


class UseWriter(FunctionWriter):
    """Writer of functions that have their statements together."""

    def terms(self, uses: Sequence[Use], prefix: str = "grad") -> list[CFunction]:
        """Write functions for the loss of each row, and for the terms of sums: the loss's, times the cotangent, and others."""
        parameters, arrays = (*direction_of(prefix), "y", "cotangent"), ("losses", "terms")
        kinds = ("loss", prefix)
        return self._uses(uses, (self.graph.roots["loss"],), self.sums(prefix), self.labels, parameters, arrays, kinds)

    def derivatives(self, uses: Sequence[Use], values: str, slopes: str, cotangents: str = JACOBIAN) -> list[CFunction]:
        """Write functions for outputs or residuals and for their derivatives.

        Args:
            uses: the functions.
            values: the kind of the roots that are the values.
            slopes: that of the derivatives.
            cotangents: see ``Names.cotangents``.
        """
        labels = self.names.cotangents(cotangents)[0] | self.names.nodes()
        parameters = ("y",) if values == "residual" else direction_of(slopes)
        roots = roots_of(self.graph, values), roots_of(self.graph, slopes)
        return self._uses(uses, *roots, labels, parameters, (values, "partials"), (values, slopes))

    def doubts(self, kind: str) -> CFunction | None:
        """Write the function that tells of each row how many bits may be lost, as the roots of a kind do, if there are any."""
        roots = roots_of(self.graph, kind)
        parameters = {DOUBTS: ("y", "cotangent"), RESIDUAL_DOUBTS: ("y",)}.get(kind, ())
        uses = [Use(kind, "bits", slopes=True)] if roots else []
        return next(iter(self._uses(uses, (), roots, self.labels, parameters, (kind, "partials"))), None)

    def _doubts_of(self, kind: str) -> tuple[Result, ...]:
        """Return what is below 0 where results of a kind are in doubt."""
        return tuple(Result(at) for root, at in self.graph.roots.items() if root.startswith(f"{NOTED} {kind} "))

    def _uses(
        self,
        uses: Sequence[Use],
        values: Sequence[int],
        slopes: Sequence[int],
        labels: Mapping[int, str],
        parameters: Sequence[str],
        arrays: tuple[str, str],
        kinds: tuple[str, str] = ("", ""),
    ) -> list[CFunction]:
        """Write functions over rows for the same values or slopes.

        Their statements stand once if they are one loop. If not, the values have parts of their own, and the slopes, and what
        writes both goes through these.

        Args:
            uses: the functions.
            values: the nodes of the values.
            slopes: those of the slopes; of a sum over rows, its terms.
            labels: the names that nodes must have.
            parameters: those that they have beside weights, columns, the rows' distance, and arrays for results.
            arrays: the names of the arrays for values and for slopes where statements stand once.
            kinds: those of the values and of the slopes, rows in doubt of which are noted.
        """
        doubts = [self._doubts_of(kind) for kind in kinds]
        values, slopes = [
            nodes if any(wanted) else ()
            for nodes, wanted in ((values, [use.values for use in uses]), (slopes, [use.slopes for use in uses]))
        ]
        noted = [one.position for some in doubts for one in some]
        cotangents = [node for node in self.graph.nodes if node.op == "cotangent" and "cotangent" in parameters]
        once = (
            not self.shared
            and all(node.varying for node in cotangents)
            and len(self._chunks((*values, *slopes, *noted))[0]) == 1
        )
        if len(uses) > 1 and once:
            return self._once(uses, values, slopes, labels, parameters, arrays, doubts)
        found: dict[str, CFunction] = {}
        for use in sorted(uses, key=lambda use: use.values and use.slopes):
            ends = [one for one in uses if one.values != one.slopes and use.values and use.slopes]
            if len(ends) == 2:
                found[use.name] = joined(*(found[one.name] for one in sorted(ends, key=lambda one: one.slopes)))
                continue
            seed = "cotangent[row] * " if cotangents and use.slopes else ""
            ordered = [Result(node, factor=seed) for node in values if use.values]
            others = [Result(node) for node in slopes if use.slopes]
            given = [name for name in parameters if use.slopes or name != "cotangent"]
            found[use.name] = self._over_rows(
                use.name, {use.array: [*ordered, *others]}, labels, given, noted=doubts[use.slopes]
            )
        return [found[use.name] for use in uses]

    def _once(
        self,
        uses: Sequence[Use],
        values: Sequence[int],
        slopes: Sequence[int],
        labels: Mapping[int, str],
        parameters: Sequence[str],
        arrays: tuple[str, str],
        doubts: Sequence[Sequence[Result]],
    ) -> list[CFunction]:
        """Write functions whose statements are one loop, which leaves out what is not wanted; see ``_uses``."""
        flags = {WITH_VALUES: [use.values for use in uses], WITH_SLOPES: [use.slopes for use in uses]}
        flags = {name: wanted for name, wanted in flags.items() if not all(wanted)}
        conditions = {name: f"if ({name}) " for name in flags}
        seed = "cotangent" in parameters and WITH_SLOPES in flags
        factor = ("seed * " if seed else "cotangent[row] * ") if "cotangent" in parameters else ""
        results = {
            arrays[0]: [Result(node, factor, conditions.get(WITH_VALUES, "")) for node in values],
            arrays[1]: [Result(node, "", conditions.get(WITH_SLOPES, "")) for node in slopes],
        }
        of_values, of_slopes = doubts if WITH_SLOPES in flags else ((), doubts[1])
        noted = [one if one in of_values else one._replace(wanted=conditions.get(WITH_SLOPES, "")) for one in of_slopes]
        noted += [one._replace(wanted=f"if (!{WITH_SLOPES}) ") for one in of_values if one not in of_slopes]
        whole = self._over_rows(uses[0].name, results, labels, parameters, tuple(flags), seed=seed, noted=noted)
        (part,), functions = whole.own, []
        for number, use in enumerate(uses):
            count = len(values) * use.values + len(slopes) * use.slopes
            before = 0, len(values) if use.values else 0
            places = [use.array + (f" + {first} * STRIDE" if first else "").replace(" 1 *", "") for first in before]
            pointers = [place if there else "NULL" for place, there in zip(places, (use.values, use.slopes), strict=True)]
            own = replace(
                part,
                name=use.name,
                results=count,
                array=use.array,
                passed=(*(str(int(wanted[number])) for wanted in flags.values()), *pointers),
                absent=() if use.slopes else ("cotangent",),
                owner=number == 0,
            )
            functions.append(CFunction((), (own,), 0, tuple(range(count))))
        return functions


def joined(first: CFunction, second: CFunction) -> CFunction:
    """Return the function that goes through the parts of two others, which stand before it."""
    count = len(first.places)
    behind = tuple(replace(part, first=count + part.first) for part in second.own)
    places = (*first.places, *(count + place for place in second.places))
    return CFunction((*first.parts, *behind), (), max(first.kept, second.kept), places)
