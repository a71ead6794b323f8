"""View of a C file and its header: functions over rows and over blocks of rows, as finished text."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

from symgraph.compiler.backends.c.facts import facts_of
from symgraph.compiler.backends.c.library import functions_called
from symgraph.compiler.backends.c.memory import BLOCK_BYTES, MOST_ROWS, beside, rows_of_block
from symgraph.compiler.backends.c.names import HEADERS, ascii_name
from symgraph.compiler.backends.c.parts import Body, CFunction, Part, Summed
from symgraph.compiler.backends.c.penalty import constraint_bodies, hessian_body, penalty_body
from symgraph.compiler.backends.c.public import Heads, Public, public_functions
from symgraph.compiler.backends.c.uses import Use, UseWriter
from symgraph.compiler.backends.names import FEATURES, JACOBIAN, RESIDUAL
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import DOUBTS, RESIDUAL_DOUBTS, values_of
from symgraph.errors import SpecError
from symgraph.module_functions import (
    ALL_FUNCTIONS,
    C_FUNCTIONS,
    FEATURE_JACOBIAN,
    HESSIAN,
    HVP,
    JACOBIAN_ROW,
    JVP,
    ON_REQUEST,
    TELLING,
    ModuleFunction,
)
from symgraph.spec.model import Model
from symgraph.spec.ops.optext import OpTexts

_DOUBTS = tuple(TELLING.values())

AHEAD_BYTES = 10_240
"""Bytes by which features are prefetched: the latency of memory at the pace of models with some ten operations a feature."""


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
        by_part: whether a block has the columns of those features alone that a part reads.
        rows: rows of a block.
        loops: the functions over rows, None where the file needs none or another one does the same. "terms" writes the terms of
            the sums, "losses" the loss of each row, "prediction" the output, "jacobian" its derivatives, "residual" the
            residual where it is not the output less the target, "residual_jacobian" its derivatives where they are not those
            of the output, "normal" the residual, or the output that is the residual but for the target, and behind it these
            derivatives. "doubts" and "output_doubts" tell where digits may be lost. On request "by_features" writes
            the derivatives of the output by the features, "along" that along a direction, "both" the output with those by the
            weights.
        gradient: the code that makes partials of the sums.
        direct: whether the partials of a row are the terms of its sums.
        difference: whether the residual is the output less the target.
        residual_factor: the c of a loss c * r**2; 0.0 where there is no residual r.
        residual_slope: twice that.
        no_residual: the reason why there is none, as a C literal; "NULL" where there is one.
        robust: the name of the residual's robust loss, as a C literal, and its scale; None for a multiple of the square.
        penalty: the body of the function for the penalty; none without one.
        penalty_hessian: that of the function for its second derivatives, if they were asked for.
        constraints: the body of the function for the constraints, and that for their partials; none without constraints.
        limits: the lower ends of their ranges, and the upper ones.
        shared: the parts that compute a long output, with which all functions begin.
        functions: the text of the functions that it brings along.
        chosen: the public functions that the file has.
        summed: the Hessian and its product with a vector, as far as they were asked for.
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
    by_part: bool
    weights: int
    sums: int
    rows: int
    loops: Mapping[str, CFunction | None]
    gradient: Body | None
    direct: bool
    difference: bool
    residual_factor: str
    residual_slope: str
    no_residual: str
    robust: tuple[str, str] | None
    penalty: tuple[str, ...]
    penalty_hessian: tuple[str, ...]
    constraints: tuple[tuple[str, ...], ...]
    limits: Mapping[str, tuple[str, ...]]
    shared: tuple[Part, ...]
    functions: str
    chosen: tuple[str, ...]
    summed: tuple[Summed, ...] = ()
    workspace: bool = False
    single: bool = False

    def has(self, *names: str) -> bool:
        """Tell if the file has one of some public functions."""
        return any(name in self.chosen for name in names)

    def row(self, name: str) -> ModuleFunction:
        """Return what is known of a public function."""
        return ALL_FUNCTIONS[name]

    @property
    def heads(self) -> Heads:
        """Return what writes the heads of its public functions."""
        counts = {"target": self.targets, "output": self.outputs, "residual": self.residuals}
        return Heads(self.name, frozenset(name for name, count in counts.items() if count), self.workspace)

    @property
    def public(self) -> tuple[Public, ...]:
        """Return the public functions, with what the header says of them."""
        doubts = self.loops["doubts"]
        beside = {
            "penalty": self.penalty, "penalty_hessian": self.penalty_hessian, "constraints": self.constraints,
            "constraints_jacobian": self.constraints, "noted": self.has(*_DOUBTS),
        }  # fmt: skip
        names = (*self.chosen, *(name for name, there in beside.items() if there))
        count, by_features = 0 if doubts is None else len(doubts.places), self.loops["by_features"] is not None
        return public_functions(self.heads, names, self.output, count, by_features=by_features)

    @property
    def adds_up(self) -> bool:
        """Tell if some function adds up rows."""
        return any(ALL_FUNCTIONS[name].is_sum for name in self.chosen)

    @property
    def over_rows(self) -> tuple[str, ...]:
        """Return the public functions over rows."""
        return tuple(name for name in self.chosen if ALL_FUNCTIONS[name].over_rows)

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
        found = (*self.loops.values(), *(one.terms for one in self.summed))
        return tuple(function for function in found if function is not None)

    @property
    def rows_at_once(self) -> int:
        """Return the number of rows whose products normal equations add up together.

        They are up to four blocks, or a part of one, whose columns the first-level cache holds; half of it where blocks are
        smaller than usual, since such models need more of the stack beside them.
        """
        normal, room = self.loops["normal"], BLOCK_BYTES // (1 if self.rows == MOST_ROWS else 2)
        most = room // (8 * (1 if normal is None else len(normal.places)))
        return self.rows * min(4, most // self.rows) if most >= self.rows else max(1, most)

    @property
    def in_parts(self) -> bool:
        """Tell if a function is so long that it is written in parts."""
        return any(len(function.parts) > 1 for function in self.written)

    def arrays(self, function: str) -> dict[str, tuple[str, int]]:
        """Return the arrays of a public function over rows: name -> the number of its entries, as C and as an integer."""
        loops = self.loops
        own: Mapping[str, tuple[CFunction | None, str]] = {
            "value_and_grad": (loops["terms"], "terms"),
            "loss": (loops["losses"], "losses"),
            "per_sample_grad": (loops["terms"], "terms"),
            "predict": (loops["prediction"], "outputs" if self.outputs else ""),
            "jacobian": (loops["jacobian"], "partials"),
            "residual": (loops["residual"] or loops["prediction"], "residuals" if self.residuals else ""),
            "residual_jacobian": (loops["residual_jacobian"] or loops["jacobian"], "partials"),
            "normal_equations": (loops["normal"], "results"),
            FEATURE_JACOBIAN: (loops["by_features"], "partials"),
            JVP: (loops["along"], "outputs" if self.outputs else ""),
            **{name: (loops[name], "bits") for name in _DOUBTS},
            **{one.name: (one.terms, "terms") for one in self.summed},
        }
        sums_of = {one.name: (f"{self.prefix}_{one.name.upper()}_SUMS_", one.sums) for one in self.summed}
        written, name = own[function]
        assert written is not None
        whole = function == "per_sample_grad" and not self.direct
        columns = {name: self.sums if whole else written.most} if name else {}
        columns |= {"ones": 1} if name == "terms" or function == DOUBTS else {}
        columns |= {"x": written.features if self.by_part else self.features, "kept": written.kept}
        block = f"{self.prefix}_ROWS_"
        found = {
            name: (f"{count} * {block}" if count > 1 else block, count * self.rows) for name, count in columns.items() if count
        }
        single = ("sums", "lost") if function == "value_and_grad" or function in sums_of else ("sums",) if whole else ()
        if function == "normal_equations":
            beyond = {"columns": len(written.places) * self.rows_at_once, "lost": 2 * self.weights}
            beyond |= dict.fromkeys(("shares", "losses", "products"), self.rows_at_once)
            found |= {name: (str(count), count) for name, count in beyond.items()}
        return found | dict.fromkeys(single, sums_of.get(function, (f"{self.prefix}_SUMS_", self.sums)))

    def stack(self, function: str) -> int:
        """Return the stack that a function needs at most, rounded up to kibibytes."""
        arrays = {} if self.workspace else self.arrays(function)
        numbers = sum(count for _, count in arrays.values())
        return -(-(self.bytes * numbers + beside(self.written)) // 1024)


def c_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> CView:
    """Write the functions of a C file.

    Raises:
        SpecError: the header would have the name of one of the C library, or names of the file would belong to C itself.
    """
    _check_model_name(source.model)
    model = source.model
    chosen = _chosen(source)
    writer = UseWriter(source, texts, literals)
    there = [name for name in ON_REQUEST if roots_of(source.graph, name)]
    loops = _loops(source, writer, {*chosen, *there})
    terms = loops["terms"]
    gradient = None if terms is None else writer.gradient(terms)
    summed = tuple(_summed(writer, name, len(model.weight_inputs)) for name in there if name in (HESSIAN, HVP))
    written = [function for function in (*loops.values(), *(one.terms for one in summed)) if function is not None]
    name, single = ascii_name(model.name), source.options.single
    called = [text for one in (*written, gradient, *(one.finish for one in summed)) if one for text in one.texts]
    own = source.penalty
    penalty = () if own is None else penalty_body(writer, own)
    penalty_hessian = () if own is None or not roots_of(own.graph, HESSIAN) else hessian_body(writer, own)
    constraints = () if source.constraints is None else constraint_bodies(writer, source.constraints)
    features, weights, sums = len(model.feature_inputs), len(model.weight_inputs), 1 + len(writer.sums())
    columns = max((one.features if writer.by_part else features) + one.most + one.kept for one in written)
    rows = rows_of_block(columns, single, beside(written) + 2 * (4 if single else 8) * sums)
    return CView(
        file=model.name,
        name=name,
        prefix=name.upper(),
        **facts_of(source),
        features=features,
        by_part=writer.by_part,
        weights=weights,
        sums=sums,
        rows=rows,
        loops=loops,
        gradient=gradient,
        penalty=penalty,
        penalty_hessian=penalty_hessian,
        constraints=constraints,
        shared=writer.shared,
        direct=roots_of(source.graph, "grad") == writer.sums(),
        functions=functions_called((*called, *penalty, *penalty_hessian, *chain(*constraints)), name, single),
        chosen=(*chosen, *there),
        summed=summed,
        workspace=source.options.workspace,
        single=single,
    )


def _chosen(source: Source) -> tuple[str, ...]:
    """Return the public functions that the file has: those asked for, of those that the model has.

    Raises:
        SpecError: it has none of those asked for.
    """
    offered = tuple(name for name in C_FUNCTIONS if values_of(source.graph, ALL_FUNCTIONS[name].value))
    asked = source.options.functions or offered
    chosen = tuple(name for name in offered if name in asked)
    chosen += (JACOBIAN_ROW,) if JACOBIAN_ROW in source.options.derivatives and "predict" in offered else ()
    chosen += tuple(name for name in _DOUBTS if _tells(source, name))
    if not chosen:
        raise SpecError(f"model {source.model.name} has no function {', '.join(asked)}; it has {', '.join(offered)}")
    return chosen


def _tells(source: Source, name: str) -> bool:
    """Tell if a file has one of the functions of rows in doubt; that of residuals only if these are no differences."""
    return bool(roots_of(source.graph, name)) and not (name == RESIDUAL_DOUBTS and source.residual_is_difference)


def _loops(source: Source, writer: UseWriter, chosen: Set[str]) -> dict[str, CFunction | None]:
    """Write what the chosen functions need over rows, by their names in the view.

    Functions that stand together here have the same statements.
    """
    difference, own_slopes = source.residual_is_difference, bool(roots_of(source.graph, "residual_jacobian"))
    losses = {"terms": Use("terms", "terms", values=True, slopes=True), "losses": Use("losses", "losses", values=True)}
    normal = Use("normal", "columns", values=True, slopes=True)
    outputs = {
        "prediction": Use("outputs", "output", values=True),
        "jacobian": Use("derivatives", "partials", slopes=True),
        **({"normal": normal} if difference else {}),
        "both": Use("both", "both", values=True, slopes=True),
    }
    residuals = {
        "residual": Use("residuals", "residual", values=True),
        **({"residual_jacobian": Use("slopes", "partials", slopes=True)} if own_slopes else {}),
        "normal": normal,
    }
    needed_by = {
        "terms": {"row", "value_and_grad", "per_sample_grad"},
        "losses": {"loss"},
        "prediction": {"predict", "predict_row", *(["residual"] if difference else [])},
        "jacobian": {"jacobian", *([] if own_slopes else ["residual_jacobian"])},
        "residual": {"residual"},
        "residual_jacobian": {"residual_jacobian"},
        "normal": {"normal_equations"},
        "both": {JACOBIAN_ROW},
        "by_features": {FEATURE_JACOBIAN},
        "along": {JVP},
    }
    named = ("residual_jacobian", RESIDUAL) if own_slopes else ("jacobian", JACOBIAN)
    by_features, along = Use("by_features", "partials", slopes=True), Use("along", "derivative", slopes=True)
    kinds: list[tuple[Mapping[str, Use], Callable[[Sequence[Use]], list[CFunction]]]] = [
        (losses, writer.terms),
        (outputs, lambda uses: writer.derivatives(uses, "output", "jacobian")),
        ({} if difference else residuals, lambda uses: writer.derivatives(uses, "residual", *named)),
        ({"by_features": by_features}, lambda uses: writer.derivatives(uses, "output", FEATURE_JACOBIAN, FEATURES)),
        ({"along": along}, lambda uses: writer.derivatives(uses, "output", JVP)),
    ]
    found: dict[str, CFunction | None] = dict.fromkeys(needed_by)
    for some, write in kinds:
        wanted = {name: use for name, use in some.items() if needed_by[name] & chosen}
        found |= dict(zip(wanted, write([*wanted.values()]), strict=True)) if wanted else {}
    found |= {name: writer.doubts(name) if _tells(source, name) else None for name in _DOUBTS}
    return found


def _summed(writer: UseWriter, name: str, weights: int) -> Summed:
    """Write what a function on request needs that adds up rows."""
    upper = [weights * row + column for row in range(weights) for column in range(row, weights)]
    result, entries = ("hessian", upper) if name == HESSIAN else ("product", [])
    (terms,) = writer.terms([Use(f"{name}_terms", "terms", values=True, slopes=True)], name)
    finish = writer.gradient(terms, name, result, entries)
    return Summed(name, result, terms, finish, 1 + len(writer.sums(name)), along=name == HVP)


def _check_model_name(model: Model) -> None:
    name = model.name
    if name.lower() in HEADERS:
        raise SpecError(f"model name {name!r}: {name}.h would hide a header of C; choose another", model.place())
    if name.startswith("_"):
        text = "in C, names that begin with an underscore belong to the compiler; drop it"
        raise SpecError(f"model name {name!r}: {text}", model.place())
