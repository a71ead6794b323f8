"""View of a C file and its header: functions over rows and over blocks of rows, as finished text."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from symgraph.backends.c.facts import facts_of
from symgraph.backends.c.functions import functions_called
from symgraph.backends.c.names import HEADERS, ascii_name
from symgraph.backends.c.parts import CFunction, Part
from symgraph.backends.c.penalty import hessian_body, penalty_body
from symgraph.backends.c.writer import FunctionWriter
from symgraph.backends.names import FEATURES, JACOBIAN, RESIDUAL
from symgraph.backends.source import Source
from symgraph.derive.schedule import roots_of
from symgraph.errors import SpecError
from symgraph.ir.graph import values_of
from symgraph.ir.optext import OpTexts
from symgraph.options import C_FUNCTIONS, FEATURE_JACOBIAN, HESSIAN, HVP, JACOBIAN_ROW, JVP

BLOCK_BYTES = 1 << 15
"""Most bytes of the columns and terms of a block, which are to stay in the first-level cache."""

MOST_ROWS, LEAST_ROWS = 64, 8

_ROOTS = dict.fromkeys(("row", "value_and_grad", "loss", "per_sample_grad"), "loss")
_ROOTS |= dict.fromkeys(("predict_row", "predict", "jacobian", JACOBIAN_ROW), "output")
_ROOTS |= dict.fromkeys(("residual", "residual_jacobian", "normal_equations"), "residual")
"""The kind of the roots of the graph that each public function is about."""

AHEAD_BYTES = 10_240
"""Bytes by which features are prefetched: the latency of memory at the pace of models with some ten operations a feature."""


@dataclass(frozen=True, slots=True)
class Summed:
    """Function on request that adds up rows.

    Attributes:
        name: its name.
        result: the name of the array that it writes.
        terms: the function that writes the terms of the sums.
        finish: the code that makes the results of the sums.
        sums: the number of sums.
        along: whether it takes a direction.
    """

    name: str
    result: str
    terms: CFunction
    finish: Part
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
        target: the target's name as a C literal, "NULL" without one, or where there are several, which have a table of names.
        output: likewise the output's.
        targets: the number of targets where there are several, else 0; likewise ``outputs`` and ``residuals``.
        has_target: whether there are targets.
        hash: digest of the canonical model, as a C literal.
        abi: the version of the contract.
        features: the number of features; likewise ``weights`` and ``sums``.
        rows: rows of a block.
        terms: the function that writes the terms of the sums; None without a loss.
        gradient: the code that makes partials of the sums.
        direct: whether the partials of a row are the terms of its sums.
        losses: the function that computes the loss of each row.
        prediction: the function that computes the output; None without one.
        jacobian: the function that computes its derivatives.
        residual: the function that computes it; None where it is the output less the target, or where there is none.
        residual_jacobian: the function that computes its derivatives; None where they are those of the output.
        normal: the function that computes the derivatives of the residual and what is behind them: the residual, or the output
            that is the residual but for the target.
        difference: whether the residual is the output less the target.
        residual_factor: the c of a loss c * r**2; 0.0 where there is no residual r.
        residual_slope: twice that.
        no_residual: the reason why there is none, as a C literal; "NULL" where there is one.
        robust: the name of the residual's robust loss, as a C literal, and its scale; None for a multiple of the square.
        penalty: the body of the function for the penalty; none without one.
        penalty_hessian: that of the function for its second derivatives, if they were asked for.
        shared: the parts that compute a long output, with which all functions begin.
        functions: the text of the functions that it brings along.
        chosen: the public functions that the file has.
        summed: the Hessian and its product with a vector, as far as they were asked for.
        by_features: the function that computes the derivatives of the output by the features, if that was asked for.
        along: the function that computes its derivative along a direction, if that was asked for.
        both: the function that computes the output with its derivatives, if that was asked for.
        workspace: whether those over rows take their memory from the caller.
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
    targets: int
    outputs: int
    residuals: int
    has_target: bool
    hash: str
    abi: int
    features: int
    weights: int
    sums: int
    rows: int
    terms: CFunction | None
    gradient: Part | None
    direct: bool
    losses: CFunction | None
    prediction: CFunction | None
    jacobian: CFunction | None
    residual: CFunction | None
    residual_jacobian: CFunction | None
    normal: CFunction | None
    difference: bool
    residual_factor: str
    residual_slope: str
    no_residual: str
    robust: tuple[str, str] | None
    penalty: tuple[str, ...]
    penalty_hessian: tuple[str, ...]
    shared: tuple[Part, ...]
    functions: str
    chosen: tuple[str, ...]
    summed: tuple[Summed, ...] = ()
    by_features: CFunction | None = None
    along: CFunction | None = None
    both: CFunction | None = None
    workspace: bool = False
    single: bool = False

    def has(self, *names: str) -> bool:
        """Tell if the file has one of some public functions."""
        return any(name in self.chosen for name in names)

    @property
    def over_rows(self) -> tuple[str, ...]:
        """Return the public functions over rows."""
        return tuple(name for name in self.chosen if name not in ("row", "predict_row", JACOBIAN_ROW))

    @property
    def work(self) -> int:
        """Return the most numbers that a function over rows needs memory for."""
        return max((sum(count for _, count in self.arrays(name).values()) for name in self.over_rows), default=0)

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
    def written(self) -> tuple[CFunction, ...]:
        """Return the functions that it has over rows."""
        found = (self.terms, self.losses, self.prediction, self.jacobian, self.residual, self.residual_jacobian)
        others = (self.by_features, self.along, self.both, self.normal, *(one.terms for one in self.summed))
        return tuple(function for function in (*found, *others) if function is not None)

    @property
    def normal_columns(self) -> tuple[int, ...]:
        """Return the column of each derivative that ``normal`` writes, and behind these of each residual."""
        places = () if self.normal is None else self.normal.places
        return tuple(sorted(range(len(places)), key=places.__getitem__))

    @property
    def normal_blocks(self) -> int:
        """Return the number of blocks whose products are added up together, as many as the first-level cache holds."""
        return max(1, min(4, BLOCK_BYTES // (8 * self.rows * max(1, len(self.normal_columns)))))

    @property
    def in_parts(self) -> bool:
        """Tell if a function is so long that it is written in parts."""
        return any(len(function.parts) > 1 for function in self.written)

    def arrays(self, function: str) -> dict[str, tuple[str, int]]:
        """Return the arrays of a public function over rows: name -> the number of its entries, as C and as an integer."""
        own: Mapping[str, tuple[CFunction | None, str]] = {
            "value_and_grad": (self.terms, "terms"),
            "loss": (self.losses, "losses"),
            "per_sample_grad": (self.terms, "terms"),
            "predict": (self.prediction, "outputs" if self.outputs else ""),
            "jacobian": (self.jacobian, "partials"),
            "residual": (self.residual or self.prediction, "residuals" if self.residuals else ""),
            "residual_jacobian": (self.residual_jacobian or self.jacobian, "partials"),
            "normal_equations": (self.normal, "columns"),
            FEATURE_JACOBIAN: (self.by_features, "partials"),
            JVP: (self.along, "outputs" if self.outputs else ""),
            **{one.name: (one.terms, "terms") for one in self.summed},
        }
        sums_of = {one.name: (f"{self.prefix}_{one.name.upper()}_SUMS_", one.sums) for one in self.summed}
        written, name = own[function]
        assert written is not None
        whole = function == "per_sample_grad" and not self.direct
        columns = {name: self.sums if whole else len(written.places) if name == "columns" else written.most} if name else {}
        if name == "columns":
            columns = {name: count * self.normal_blocks for name, count in columns.items()}
            columns |= dict.fromkeys(("residual", "shares", "losses", "weighted"), self.normal_blocks)
        columns |= {"ones": 1} if name == "terms" else {}
        columns |= {"x": self.features, "kept": written.kept}
        block = f"{self.prefix}_ROWS_"
        found = {
            name: (f"{count} * {block}" if count > 1 else block, count * self.rows) for name, count in columns.items() if count
        }
        single = ("sums", "lost") if function == "value_and_grad" or function in sums_of else ("sums",) if whole else ()
        found |= {"lost": (f"2 * {self.prefix}_WEIGHTS", 2 * self.weights)} if name == "columns" else {}
        return found | dict.fromkeys(single, sums_of.get(function, (f"{self.prefix}_SUMS_", self.sums)))

    def stack(self, function: str) -> int:
        """Return the stack that a function needs at most, rounded up to kibibytes."""
        arrays = {} if self.workspace else self.arrays(function)
        numbers = sum(count for _, count in arrays.values())
        # compilers keep values of a loop on the stack, as vectors of up to 64 bytes, one for two statements at most
        values = max(len(part.texts) for one in self.written for part in one.parts)
        return -(-(self.bytes * numbers + 32 * values + 1024) // 1024)


def c_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> CView:
    """Write the functions of a C file.

    Raises:
        SpecError: the header would have the name of one of the C library, or names of the file would belong to C itself.
    """
    _check_model_name(source.model.name)
    model = source.model
    chosen = _chosen(source)
    writer = FunctionWriter(source, texts, literals)
    there = [name for name in (HESSIAN, HVP, FEATURE_JACOBIAN, JVP) if roots_of(source.graph, name)]
    functions: dict[str, Any] = _functions(source, writer, {*chosen}) | _on_request(writer, {*chosen, *there})
    terms = functions["terms"]
    gradient = None if terms is None else writer.gradient(terms)
    summed = tuple(_summed(writer, name, len(model.weight_inputs)) for name in there if name in (HESSIAN, HVP))
    written = [function for function in (*functions.values(), *(one.terms for one in summed)) if function is not None]
    name, single = ascii_name(model.name), source.options.single
    called = [text for one in (*written, gradient, *(one.finish for one in summed)) if one for text in one.texts]
    own = source.penalty
    penalty = () if own is None else penalty_body(writer, own)
    penalty_hessian = () if own is None or not roots_of(own.graph, HESSIAN) else hessian_body(writer, own)
    features, weights, sums = len(model.feature_inputs), len(model.weight_inputs), 1 + len(writer.sums())
    by_part = [function for function in written if function is not functions["normal"]] or written
    rows = _rows(features + max(function.most + function.kept for function in by_part), single)
    return CView(
        file=model.name,
        name=name,
        prefix=name.upper(),
        **facts_of(source),
        features=features,
        weights=weights,
        sums=sums,
        rows=rows,
        **functions,
        gradient=gradient,
        penalty=penalty,
        penalty_hessian=penalty_hessian,
        shared=writer.shared,
        direct=roots_of(source.graph, "grad") == writer.sums(),
        functions=functions_called((*called, *penalty, *penalty_hessian), name, single),
        chosen=(*chosen, *there),
        summed=summed,
        workspace=source.options.workspace,
        single=single,
    )


def _on_request(writer: FunctionWriter, wanted: Set[str]) -> dict[str, CFunction | None]:
    """Write the derivatives of the output that were asked for."""
    return {
        "by_features": writer.partials(FEATURE_JACOBIAN, "by_features", FEATURES) if FEATURE_JACOBIAN in wanted else None,
        "along": writer.partials(JVP, "along", JACOBIAN, "derivative") if JVP in wanted else None,
        "both": writer.both() if JACOBIAN_ROW in wanted else None,
    }


def _chosen(source: Source) -> tuple[str, ...]:
    """Return the public functions that the file has: those asked for, of those that the model has.

    Raises:
        SpecError: it has none of those asked for.
    """
    offered = tuple(name for name in C_FUNCTIONS if values_of(source.graph, _ROOTS[name]))
    asked = source.options.functions or offered
    chosen = tuple(name for name in offered if name in asked)
    chosen += (JACOBIAN_ROW,) if JACOBIAN_ROW in source.options.derivatives and "predict" in offered else ()
    if not chosen:
        raise SpecError(f"model {source.model.name} has no function {', '.join(asked)}; it has {', '.join(offered)}")
    return chosen


def _functions(source: Source, writer: FunctionWriter, chosen: Set[str]) -> dict[str, CFunction | None]:
    """Write what the chosen functions need over rows."""
    difference, own_slopes = source.residual_is_difference, bool(roots_of(source.graph, "residual_jacobian"))
    outputs = {"predict", "predict_row", *(["residual"] if difference else [])}
    slopes = {"jacobian", *([] if own_slopes else ["residual_jacobian"])}
    has_slopes, has_residual = own_slopes and "residual_jacobian" in chosen, not difference and "residual" in chosen
    return {
        "terms": writer.terms() if chosen & {"row", "value_and_grad", "per_sample_grad"} else None,
        "losses": writer.values("loss", "losses", "losses") if "loss" in chosen else None,
        "prediction": writer.values("output", "outputs", "output") if chosen & outputs else None,
        "jacobian": writer.partials("jacobian", "derivatives", JACOBIAN) if chosen & slopes else None,
        "residual": writer.values("residual", "residuals", "residual") if has_residual else None,
        "residual_jacobian": writer.partials("residual_jacobian", "slopes", RESIDUAL) if has_slopes else None,
        "normal": writer.normal(
            "residual_jacobian" if own_slopes else "jacobian",
            "output" if difference else "residual",
            RESIDUAL if own_slopes else JACOBIAN,
        )
        if "normal_equations" in chosen
        else None,
    }


def _summed(writer: FunctionWriter, name: str, weights: int) -> Summed:
    """Write what a function on request needs that adds up rows."""
    upper = [weights * row + column for row in range(weights) for column in range(row, weights)]
    result, entries = ("hessian", upper) if name == HESSIAN else ("product", [])
    terms = writer.terms(name)
    finish = writer.gradient(terms, name, result, entries)
    return Summed(name, result, terms, finish, 1 + len(writer.sums(name)), along=name == HVP)


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
