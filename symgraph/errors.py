"""Every error that symgraph raises on purpose.

Each message names what is at fault (model, node, column, row, option) and says what to do about it. The command line prints
the message alone and exits with 2; any other exception is a bug of ours and keeps its traceback.
"""


class SymgraphError(Exception):
    """Base class of all errors that a user of symgraph can cause."""


class SpecError(SymgraphError):
    """A model spec says something that cannot be built: an undeclared symbol, an unknown function, a reserved name."""


class VerificationError(SymgraphError):
    """A generated module disagrees with the spec it was generated from."""


class BuildError(SymgraphError):
    """A build cannot read its inputs or write its outputs: a missing spec, a read-only folder, a hand-edited file."""


class DataError(SymgraphError):
    """A data file cannot be used: a missing column, a cell that is no number, an untrusted pickle."""


class WeightsError(SymgraphError):
    """A weights file or vector does not belong to the model it is used with."""


class ModuleError(SymgraphError):
    """A generated module cannot be found or loaded, or follows another version of the module contract."""


class OptionError(SymgraphError):
    """An option of the command line or of a public function has a value it cannot take."""


class SpecWarning(UserWarning):
    """A model spec says something that can be built and is hardly meant: a sigmoid of a sigmoid."""
