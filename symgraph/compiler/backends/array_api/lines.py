"""The straight lines of a module for arrays of any library, whose functions each function of the module takes from w."""

from collections.abc import Mapping, Sequence

from symgraph.compiler.backends.layout import unpacked
from symgraph.compiler.backends.names import Names
from symgraph.compiler.backends.numpy.lines import ARGUMENTS, LinesWriter
from symgraph.compiler.backends.numpy.view import NumpyView, view_of
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.schedule import schedule
from symgraph.spec.ops.optext import OpTexts


def array_api_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> NumpyView:
    """Write every statement of the module and collect what the template lays out."""
    return view_of(ArrayApiWriter(source, schedule(source.graph), texts, literals))


class ArrayApiWriter(LinesWriter):
    """Writes the functions of one module; ``xp`` has the functions of the library of w."""

    taken = ARGUMENTS | {"xp", "namespace"}
    constant = "xp.full_like({w}[0], {value})"
    largest = "xp.finfo({w}.dtype).max"
    transposed = "{X}"
    first_column = "X[..., 0]"
    first_target = "y[..., 0]"
    every_row = "xp.broadcast_to({value}, {column}.shape)"
    binders = ("bind_arrays", "bind_arrays")
    on_request = ""
    lacks = frozenset({"normal_equations", "penalty_residual", "penalty_jacobian", "class_probabilities"})

    def body(self) -> tuple[str, ...]:
        """The statements of _forward."""
        return _with_namespace(super().body(), "w")

    def reverse(self, prefix: str, suffix: str = "") -> tuple[tuple[str, ...], str]:
        """The statements of a function that reads the tape, and the one that returns its results; see ``roots_of``."""
        lines, result = super().reverse(prefix, suffix)
        *opened, result = _with_namespace((*lines, result), "tape.w")
        return tuple(opened), result

    def _by_row(self, position: int, loss: str) -> str:
        """The text of the loss, which a tape has once for each row; y, which says how many there are, may be None."""
        text = super()._by_row(position, loss)
        return text if text == loss or self.source.model.feature_inputs else f"{loss} if y is None else {text}"

    def of_weights(
        self, names: Names, results: Sequence[int], *, seconds: bool = False, bases: Sequence[str] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements that compute some nodes of a graph without rows from w, and the expression for each."""
        lines, values = super().of_weights(names, results, seconds=seconds, bases=bases)
        opened = _with_namespace((*lines, *values), "w")
        return opened[: len(opened) - len(values)], values

    def _unpacked(self, kind: str, names: Sequence[str], vector: str) -> list[str]:
        if "" in names or len(names) < 2:
            place = "" if kind == "w" else "..., "
            return [f"{name} = {vector}[{place}{index}]" for index, name in enumerate(names) if name]
        return unpacked(names, f"xp.columns({vector})", 4)


def _with_namespace(lines: tuple[str, ...], w: str) -> tuple[str, ...]:
    """Statements, before them that which names the functions of the library of w, if they need it."""
    return (f"    xp = namespace({w})", *lines) if any("xp." in line for line in lines) else lines
