"""View of a C file and its header: functions over rows and over blocks of rows, as finished text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symgraph.backends.c.functions import functions_called
from symgraph.backends.c.names import HEADERS, ascii_name, comment, string
from symgraph.backends.c.writer import CFunction, FunctionWriter
from symgraph.backends.formula import formulas
from symgraph.backends.layout import number
from symgraph.backends.names import FEATURES, JACOBIAN, RESIDUAL
from symgraph.backends.source import ABI, Source, describe, model_hash
from symgraph.derive.schedule import count, operations, roots_of
from symgraph.errors import SpecError
from symgraph.ir.graph import reachable
from symgraph.ir.optext import OpTexts
from symgraph.options import FEATURE_JACOBIAN, HESSIAN, HVP, JACOBIAN_ROW, JVP
from symgraph.spec.laws import Constant
from symgraph.spec.residuals import residual_of

BLOCK_BYTES = 1 << 15
"""Most bytes of the columns and terms of a block, which are to stay in the first-level cache."""

MOST_ROWS, LEAST_ROWS = 64, 8

AHEAD_BYTES = 10_240
"""Bytes by which features are prefetched: the latency of memory at the pace of models with some ten operations a feature."""


@dataclass(frozen=True, slots=True)
class Summed:
    """Function on request that adds up rows.

    Attributes:
        name: its name, and the text of what it writes.
        result: the name of what it writes.
        terms: the function that writes the terms of the sums.
        finish: the function that makes the results of the sums.
        places: the place of each result.
        sums: the number of sums.
        along: whether it takes a direction.
    """

    name: str
    result: str
    terms: CFunction
    finish: CFunction
    places: tuple[int, ...]
    sums: int
    along: bool


@dataclass(frozen=True, slots=True)
class CView:
    """Values that the C templates print; tuples of text are finished lines.

    Attributes:
        file: the model's name, and that of both files.
        name: the same in ASCII, with which the names of all functions and tables begin.
        prefix: the same in capitals, with which all macros begin.
        title: comment lines about the model.
        counts: operations of a row, in words.
        names: the public tables of names: table -> C literals.
        constants: the values of the constants that stand behind the weights, unless the caller gives others.
        target: the target's name as a C literal, "NULL" without one.
        output: likewise the output's.
        hash: digest of the canonical model, as a C literal.
        abi: the version of the contract.
        features: the number of features; likewise ``weights`` and ``sums``.
        rows: rows of a block.
        terms: the function that writes the terms of the sums; None without a loss.
        gradient: the function that makes partials of the sums.
        losses: the function that computes the loss of each row.
        prediction: the function that computes the output; None without one.
        jacobian: the function that computes its derivatives.
        has_residual: whether there is a residual.
        residual: the function that computes it; None where it is the output less the target, or where there is none.
        residual_jacobian: the function that computes its derivatives; None where they are those of the output.
        residual_factor: the c of a loss c * r**2; 0.0 where there is no residual r.
        no_residual: the reason why there is none, as a C literal; "NULL" where there is one.
        functions: the text of the functions that it brings along.
        summed: the Hessian and its product with a vector, as far as they were asked for.
        by_features: the function that computes the derivatives of the output by the features, if that was asked for.
        along: the function that computes its derivative along a direction, if that was asked for.
        both: the function that computes the output with its derivatives, if that was asked for.
        single: whether numbers are floats; the text still speaks of doubles, see ``single.in_single``.
    """

    file: str
    name: str
    prefix: str
    title: tuple[str, ...]
    counts: str
    names: Mapping[str, tuple[str, ...]]
    constants: tuple[str, ...]
    target: str
    output: str
    hash: str
    abi: int
    features: int
    weights: int
    sums: int
    rows: int
    terms: CFunction | None
    gradient: CFunction | None
    losses: CFunction | None
    prediction: CFunction | None
    jacobian: CFunction | None
    has_residual: bool
    residual: CFunction | None
    residual_jacobian: CFunction | None
    residual_factor: str
    no_residual: str
    functions: str
    summed: tuple[Summed, ...] = ()
    by_features: CFunction | None = None
    along: CFunction | None = None
    both: CFunction | None = None
    single: bool = False

    @property
    def ahead(self) -> int:
        """Return the number of blocks by which features are prefetched."""
        return max(1, round(AHEAD_BYTES / (8 * self.rows * max(1, self.features))))

    @property
    def bytes(self) -> int:
        """Return the bytes of a number."""
        return 4 if self.single else 8

    @property
    def real(self) -> str:
        """Return the type of numbers."""
        return "float" if self.single else "double"

    def of(self, double: str | int, single: str | int) -> str | int:
        """Choose the text for the precision."""
        return single if self.single else double

    @property
    def kibibytes(self) -> int:
        """Return the stack that the functions over rows need, rounded up to kibibytes."""
        sums = max([self.sums, self.weights, *(one.sums for one in self.summed)])
        a_block = self.bytes * self.rows * (self.features + sums + 2)
        written = [self.terms, self.losses, self.prediction, self.jacobian, self.residual, self.residual_jacobian]
        written += [self.by_features, self.along, self.both, *(one.terms for one in self.summed)]
        functions = [function for function in written if function is not None]
        kept = max((self.bytes * self.rows * len(function.arrays) for function in functions), default=0)
        # compilers keep values of a loop on the stack, as vectors of up to 64 bytes, one for each statement at most
        values = max((64 * len(lines) for function in functions for lines in function.loops), default=0)
        return -(-(a_block + kept + values + 3 * self.bytes * sums + 1024) // 1024)


def c_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> CView:
    """Write the functions of a C file.

    Raises:
        SpecError: the header would have the name of one of the C library, or names of the file would belong to C itself.
    """
    _check_model_name(source.model.name)
    model, roots = source.model, source.graph.roots
    writer = FunctionWriter(source, texts, literals)
    has_loss, has_output = "loss" in roots, "output" in roots
    own_slopes, difference = bool(roots_of(source.graph, "residual_jacobian")), source.residual_is_difference
    parts = {
        "terms": writer.terms() if has_loss else None,
        "gradient": writer.gradient() if has_loss else None,
        "losses": writer.root("loss") if has_loss else None,
        "prediction": writer.root("output") if has_output else None,
        "jacobian": writer.partials("jacobian", JACOBIAN) if has_output else None,
        "residual": writer.root("residual") if source.has_residual and not difference else None,
        "residual_jacobian": writer.partials("residual_jacobian", RESIDUAL) if own_slopes else None,
    }
    asked = source.options.derivatives
    there = {root.partition(" ")[0] for root in roots}
    parts |= {
        "by_features": writer.partials(FEATURE_JACOBIAN, FEATURES) if FEATURE_JACOBIAN in there else None,
        "along": writer.partials(JVP, JACOBIAN) if JVP in there else None,
        "both": writer.both() if has_output and JACOBIAN_ROW in asked else None,
    }
    summed = tuple(_summed(writer, name, len(model.weight_inputs)) for name in (HESSIAN, HVP) if name in there)
    written = [function for function in parts.values() if function is not None]
    written += [function for one in summed for function in (one.terms, one.finish)]
    name = ascii_name(model.name)
    features, weights, sums = len(model.feature_inputs), len(model.weight_inputs), 1 + len(writer.sums("grad"))
    single = source.options.single
    rows = _rows(
        features + max([sums, weights, *(one.sums for one in summed)]) + max(len(function.arrays) for function in written),
        single,
    )
    target, output, residual = model.target_input, model.output_node, residual_of(model)
    return CView(
        file=model.name,
        name=name,
        prefix=name.upper(),
        title=tuple(_title(source)),
        counts=_counts(source),
        names={
            table: tuple(string(entry.name) for entry in entries)
            for table, entries in (
                ("features", model.feature_inputs),
                ("weights", model.weight_inputs),
                ("constants", model.constant_inputs),
            )
            if entries or table != "constants"
        },
        constants=tuple(number(i.init.value) for i in model.constant_inputs if isinstance(i.init, Constant)),
        target="NULL" if target is None else string(target.name),
        output="NULL" if output is None else string(output.name),
        hash=string(model_hash(model)),
        abi=ABI,
        features=features,
        weights=weights,
        sums=sums,
        rows=rows,
        has_residual=source.has_residual,
        residual_factor=number(residual.factor),
        no_residual=string(residual.reason) if residual.reason else "NULL",
        **parts,
        summed=summed,
        functions=functions_called((text for function in written for text in function.texts), name, single),
        single=single,
    )


def _summed(writer: FunctionWriter, name: str, weights: int) -> Summed:
    upper = [weights * row + column for row in range(weights) for column in range(row, weights)]
    return Summed(
        name=name,
        result="hessian" if name == HESSIAN else "product",
        terms=writer.terms(name),
        finish=writer.gradient(name),
        places=tuple(upper if name == HESSIAN else range(weights)),
        sums=1 + len(writer.sums(name)),
        along=name == HVP,
    )


def _check_model_name(name: str) -> None:
    if name.lower() in HEADERS:
        raise SpecError(f"model name {name!r}: {name}.h would hide a header of C; choose another")
    if name.startswith("_"):
        raise SpecError(f"model name {name!r}: in C, names that begin with an underscore belong to the compiler; drop it")


def _rows(columns: int, single: bool) -> int:
    """Return the rows of a block: as many as keep the given number of columns in the first-level cache, a power of two."""
    rows = MOST_ROWS
    while rows > LEAST_ROWS and (4 if single else 8) * rows * columns > BLOCK_BYTES:
        rows //= 2
    return rows


def _title(source: Source) -> Iterable[str]:
    yield from comment(source.model.doc or f"The model {source.model.name}.")
    yield ""
    for name, formula in formulas(source.lowered).items():
        yield from comment(f"    {name} = {formula}")


def _counts(source: Source) -> str:
    graph = source.graph
    if "loss" not in graph.roots:
        return ""
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    return describe(count(graph, operations(graph, reachable(graph.nodes, results))))
