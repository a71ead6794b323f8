"""The functions of generated modules, a row each: what a function is about, what its C form takes and writes, and who has it.

A row is read by options and their help, by the C backend (heads and comments of headers, reserved names), by those who call
compiled files, and by what judges modules. Its method with the docstring is in `symgraph/runtime/binding.py`, its mathematics
where the graph is differentiated.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModuleFunction:
    """A function of generated modules, or of their C files alone.

    Attributes:
        name: its name; in C it stands behind the model's.
        value: the kind of value that it is about: "loss", "output", "residual", "penalty" or "constraints"; "" for none.
        takes: the parameters of its C form that it reads, by words: "w", the weights and constants; "direction", a number for
            each weight; "X", rows one after another, or "x", one row; "y", their targets; "s", a factor for each row; "n", the
            number of rows.
        writes: the arrays that its C form writes, behind these.
        returns: the one number that its C form returns; several outputs are written into an array of that name instead.
        by: "weights", "features" or "direction" for derivatives by these, "" for values.
        extra: the name by which ``--with`` asks for it; "" for one that is there wherever its value is.
        text: what the header says of it; {name} is the model's, {output} the output's, {s} is "s" where the value has several
            columns, which are {this}, and {count} and {features} are of what `doubts` writes.
    """

    name: str
    value: str
    takes: str
    writes: str = ""
    returns: str = ""
    by: str = ""
    extra: str = ""
    text: str = ""

    @property
    def over_rows(self) -> bool:
        """True for a function of some rows, not of one, or of weights alone."""
        return "n" in self.takes.split()

    @property
    def is_sum(self) -> bool:
        """True if it adds up rows, each times a factor."""
        return "s" in self.takes.split()

    @property
    def by_row(self) -> bool:
        """True if it gives something for each of some rows."""
        return self.over_rows and not self.is_sum

    def c_form(self, several: Collection[str]) -> tuple[str, list[tuple[str, str]]]:
        """Return the kind of what its C form returns, and its parameters with their kinds.

        Kinds are "real" and "count", numbers; "array", of numbers that are read, and "written"; "int", and "" for nothing.

        Args:
            several: "target", and the kinds of values, that have several columns. Several outputs are written where one is
                returned, and several targets of a row are an array.
        """
        by_array = self.value in several and self.returns == self.value
        alone = "" if self.over_rows or "target" in several else "y"
        kinds = {"n": "count", alone: "real"}
        parameters = [(word, kinds.get(word, "array")) for word in self.takes.split()]
        parameters += [(array, "written") for array in [self.returns] * by_array + self.writes.split()]
        return "" if by_array or not self.returns else "int" if self.returns == "int" else "real", parameters

    @property
    def along(self) -> bool:
        """True if it takes a direction."""
        return "direction" in self.takes.split()


_F = ModuleFunction
_NORMAL = """\
The normal equations of least squares over n rows: JtJ with an entry for each two weights, Jtr with one for each, and the
sum of the losses. They are sums of slope * J' * J and slope * J' * r of the residuals r and their derivatives J, each
times the factor of its row, where slope is that of the loss by r * r / 2: Jtr is the gradient of the sum."""
_DOUBTS = """\
Writes {count} numbers for each of n rows: how many bits may be lost in its loss, and in the loss or its gradient, 0 where
none is in doubt; then bounds, to first order, of the errors of its loss and of each term of the gradient."""
_NOTED = """\
What was noted in this thread since the last call, in the flags of its floating-point environment: 1 if a row that the
functions for losses, outputs, residuals and first derivatives computed may have lost digits, plus 2 if a number was too
large or too small to be a normal one, so that any row may have lost digits by it."""

MODULE_FUNCTIONS = (
    _F("row", "loss", "w x y", "grad", "loss", "weights", text="The loss of one row; writes its partials into grad."),
    _F(
        "value_and_grad", "loss", "w X y s n", "loss grad", by="weights",
        text="The sum of the losses of n rows, and its gradient. X has the rows one after another;\n"
        "s has a factor for each row, NULL stands for 1. For the mean, divide by n.",
    ),
    _F("loss", "loss", "w X y s n", returns="loss", text="The sum of the losses alone: the same number."),
    _F(
        "per_sample_grad", "loss", "w X y n", "grad", by="weights",
        text="The gradient of each of n rows, one after another.",
    ),
    _F("predict_row", "output", "w x", returns="output", text="The {output} of one row."),
    _F("predict", "output", "w X n", "output", text="The {output} of each of n rows."),
    _F(
        "residual", "residual", "w X y n", "residual",
        text="The residual{s} r of each of n rows: see {name}_residual_factor.",
    ),
    _F(
        "residual_jacobian", "residual", "w X y n", "jacobian", by="weights",
        text="The derivatives of the residual{s} of each of n rows by the weights, one after another.",
    ),
    _F(
        "jacobian", "output", "w X n", "jacobian", by="weights",
        text="The derivatives of the output{s} of each of n rows by the weights, one after another.",
    ),
    _F("normal_equations", "residual", "w X y s n", "JtJ Jtr loss", by="weights", text=_NORMAL),
    _F(
        "hessian", "loss", "w X y s n", "hessian", by="weights", extra="hessian",
        text="The second derivatives of the sum of the losses of n rows, row after row. For the mean, divide by n.",
    ),
    _F(
        "hvp", "loss", "w direction X y s n", "product", by="weights", extra="hvp",
        text="The second derivatives of the sum of the losses of n rows, times a vector. For the mean, divide by n.",
    ),
    _F(
        "feature_jacobian", "output", "w X n", "jacobian", by="features", extra="feature-jacobian",
        text="The derivatives of the output{s} of each of n rows by the features, one after another.",
    ),
    _F(
        "jvp", "output", "w direction X n", "derivative", by="direction", extra="jvp",
        text="The derivative of the output{s} of each of n rows by the weights along a direction.",
    ),
    _F(
        "predict_jacobian_row", "output", "w x", "jacobian", "output", "weights", "jacobian-row",
        text="The output{s} of one row; writes the derivatives by the weights into jacobian, one after another.",
    ),
)  # fmt: skip
"""The functions of rows."""

BESIDE = (
    _F(
        "penalty", "penalty", "w", "grad", "penalty", "weights",
        text="The penalty, and its partials in grad: what is added to the sum of the losses once a data set.\n"
        "No other function of this file contains it.",
    ),
    _F(
        "penalty_hessian", "penalty", "w", "hessian", by="weights",
        text="The second derivatives of the penalty, with an entry for each two weights: what is added to those of the sum of "
        "the losses.",
    ),
    _F("constraints", "constraints", "w", "values", text="The constraints, in the order of {name}_constraint_names."),
    _F(
        "constraints_jacobian", "constraints", "w", "jacobian", by="weights",
        text="The partials of each constraint by the weights, one after another.",
    ),
    _F("doubts", "loss", "w X y n", "doubts", text=_DOUBTS),
    _F(
        "residual_doubts", "residual", "w X y n", "doubts",
        text="How many bits may be lost in the residual{s}, and in {this} or the derivatives.",
    ),
    _F(
        "output_doubts", "output", "w X n", "doubts",
        text="How many bits may be lost in the output{s}, and in {this} or the derivatives by the weights{features}.",
    ),
    _F("noted", "", "", returns="int", text=_NOTED),
)  # fmt: skip
"""The functions that C files have beside them: of weights alone, and what tells where digits may be lost."""

ALL_FUNCTIONS = {one.name: one for one in (*MODULE_FUNCTIONS, *BESIDE)}
"""All rows by name."""
HESSIAN, HVP, FEATURE_JACOBIAN, JVP, JACOBIAN_ROW = (one.name for one in MODULE_FUNCTIONS if one.extra)
ON_REQUEST = tuple(one.name for one in MODULE_FUNCTIONS if one.extra and one.over_rows)
"""Functions of modules, and roots of graphs, that are there if such derivatives were asked for."""
DERIVATIVES = {one.extra: one.name for one in MODULE_FUNCTIONS if one.extra}
"""Names that ``--with`` takes for derivatives on request, and the functions that they are; hvp comes along with hessian."""
C_FUNCTIONS = tuple(one.name for one in MODULE_FUNCTIONS if not one.extra)
"""Functions that each C file of a model with such a value has, and the names that ``--functions`` takes."""
ALONG = tuple(one.name for one in MODULE_FUNCTIONS if one.along)
"""Functions that take a direction."""
TELLING = {one.value: one.name for one in BESIDE if one.writes == "doubts"}
"""The functions that tell where digits may be lost, by the kind of value."""
PARTIALS = {one.value: one.name for one in MODULE_FUNCTIONS if one.by_row and one.by == "weights" and not one.extra}
"""The functions that give the derivatives of each row by the weights, by the kind of value."""


def names_about(value: str) -> tuple[str, ...]:
    """Return the names of the functions of rows that are about a kind of value."""
    return tuple(one.name for one in MODULE_FUNCTIONS if one.value == value)
