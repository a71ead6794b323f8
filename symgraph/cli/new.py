"""``symgraph new``: a spec to start from."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli.terminal import Quiet, note

_SPEC = '''"""The model {name}: a saturating curve with an offset, as a start. Change it to what you need."""

from sympy import exp

from symgraph import Model, Normal

model = Model("{name}", doc="A saturating curve with an offset.")

# Features are columns of the data, in this order; a domain says where a symbol lives, and is checked there.
dose = model.feature("dose", domain=(0, 10))

# The target is the column that predictions are compared with.
y = model.target("y")

# Weights are what training changes; init is the law of their initial values (Normal, Uniform, Constant or a number).
top, speed, offset = model.weights("top speed offset", init=Normal(1, 0.1))

# Nodes name intermediate values; the generated module computes each under its name.
reached = model.node("reached", 1 - exp(-speed * dose))

# The output is what predictions are. The loss is that of one row: an expression, or a name such as "squared_error".
y_hat = model.output("y_hat", top * reached + offset)
model.loss((y - y_hat) ** 2)
'''


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model; the file is NAME.py.")],
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder for the spec.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Write a small commented spec that builds at once."""
    from symgraph.errors import BuildError
    from symgraph.spec.names import check_model_name

    check_model_name(name)
    path = folder / f"{name}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(_SPEC.format(name=name))
    except FileExistsError:
        raise BuildError(f"{path} exists already; choose another name, or delete it first") from None
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error.strerror}") from error
    print(path)
    note(f"next: symgraph build {path}", quiet=quiet)
