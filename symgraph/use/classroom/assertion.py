"""`assert_right`: the graders of a worksheet, for pytest."""

from functools import lru_cache
from pathlib import Path

from symgraph.errors import OptionError
from symgraph.project.build.specs import read_spec
from symgraph.spec.model import Model
from symgraph.use.classroom.grade_report import text
from symgraph.use.classroom.grading import grade


@lru_cache(maxsize=8)
def _model(spec: Path, name: str) -> Model:
    models = read_spec(str(spec), spec.parent).models
    found = next((model for model in models if model.name == name), None)
    if found is None:
        raise OptionError(f"{spec} has no model {name}; it has {', '.join(model.name for model in models)}")
    return found


def assert_right(file: Path, spec: Path, model: str, function: str) -> None:
    """Judge one function of a student's file.

    Args:
        file: the student's.
        spec: the model's spec file.
        model: the model's name.
        function: the name of the function, which must return all that the worksheet asks for.

    Raises:
        AssertionError: something is wrong; the message names the mistake.
        OptionError: there is no such file, model or function to grade.
    """
    __tracebackhide__ = True  # pytest shows the line of the worksheet that calls this, and the message
    found = grade(file, _model(spec.resolve(), model), [function], complete=True)
    if not found.passed:
        raise AssertionError("\n" + text(found))
