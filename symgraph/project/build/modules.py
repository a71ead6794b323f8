"""Modules of a model without files: generated, loaded, verified. A module named after ``symgraph.compile`` would hide it."""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.generate import Artifact, generate, require
from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.errors import BuildError, OptionError, SpecError
from symgraph.judge.verification_report import VerificationReport
from symgraph.module_functions import JACOBIAN_ROW
from symgraph.options import ACCURATE, AUTO, DOUBLE, Options, options_of
from symgraph.project.build.profile import Profile
from symgraph.project.build.specs import registered
from symgraph.project.native.compiler import is_at_hand
from symgraph.project.native.loading import (
    COMPILE_SECONDS,
    Floats,
    NativeWarning,
    chosen,
    compiled_model,
    native_module,
    runs_on_numpy,
)
from symgraph.project.native.module import from_source
from symgraph.spec.model import Model


def compile(  # noqa: A001  what users call as symgraph.compile
    model: Model,
    backend: str = "auto",
    *,
    extras: Iterable[str] = (),
    precision: str = DOUBLE,
    functions: Iterable[str] = (),
    compile_seconds: float = COMPILE_SECONDS,
) -> ModuleType:
    """Generate, verify and load a model's module without writing a file.

    Args:
        model: the spec; it is frozen by this.
        backend: "native" is the numpy module with functions in compiled C; "auto" is the value of SYMGRAPH_BACKEND, else
            native if there is a C compiler; "numpy", "scalar", "array_api", or "c", which is C alone.
        extras: further functions of the module, for instance ("error-bound",).
        precision: "double"; by NumPy also "auto" for pairs of floats where digits are lost, or "accurate" for all rows.
        functions: names of functions of the C file, to which it is limited; all by default.
        compile_seconds: processor time that the C compiler may take.

    Returns:
        The module, as ``load`` returns it from a built file; its `repr` names its backend, which never changes.

    Raises:
        SpecError: the model cannot be lowered.
        VerificationError: the module disagrees with the spec.
        OptionError: it is no model; the backend is unknown or lacks an extra or the precision; or one of these is unknown.
        BuildError: C was asked for and there is no C compiler, or it takes too long.

    Warns:
        NativeWarning: the module runs on NumPy because its C file cannot be used.

    Example:
        >>> from symgraph import Model, compile
        >>> module = compile(Model.from_formula("y ~ a*x", ("x", "y")))
        >>> module.value_and_grad([2.0], [1.0, 2.0], [2.0, 5.0])
        (0.25, array([-1.]))
    """
    if not isinstance(model, Model):
        raise OptionError(f"compile needs a symgraph.Model, not {model!r}")
    options = options_of(extras, precision, functions)
    asked = backend if backend in BACKENDS else chosen(backend, BACKENDS)
    native = asked in ("auto", "native")
    if asked == "c" and options.precision == AUTO:
        raise OptionError("C alone tells where digits are lost and computes nothing over pairs; leave out backend='c'")
    other = "c" if native and _may_be_native(options, asked) else "numpy" if native else asked
    of_c = (JACOBIAN_ROW,) if native and other == "c" else ()
    derivatives = tuple(name for name in options.derivatives if name not in of_c)
    require(("numpy",) if native else (asked,), replace(options, derivatives=derivatives))
    optional = ("c",) if asked == "auto" else ()
    artifacts, refusals = artifacts_of(model, tuple(dict.fromkeys(("numpy", other))), optional, options=options)
    for refusal in refusals.values():
        warnings.warn(runs_on_numpy(model.name, refusal.args[0]), NativeWarning, stacklevel=2)
    files = {artifact.name: artifact.text for artifact in artifacts if artifact.backend == "c"}
    made = compiled_model(model.name, files, "auto" if asked == "auto" else "native", compile_seconds) if files else None
    modules, _ = load_verified(model, artifacts, None if made is None else made.library)
    if native:
        if made is None:
            return modules["numpy"]
        in_floats = partial(_in_floats, model, options.derivatives) if options.precision == DOUBLE else dict
        floats = Floats(made, in_floats, partial(verifier(), model, None))
        return native_module(modules["numpy"], made, files, floats)
    return modules[asked]


def _in_floats(model: Model, derivatives: tuple[str, ...]) -> dict[str, str]:
    """Write the C file of a model in single precision, and its header."""
    options = Options(single=True, derivatives=derivatives)
    return {artifact.name: artifact.text for artifact in generate(model, ("c",), options=options)}


def artifacts_of(
    model: Model, backends: Sequence[str], optional: Collection[str], **how: Any
) -> tuple[tuple[Artifact, ...], Mapping[str, SpecError]]:
    """Generate the files of a model by all backends that do not refuse it, and give the refusals by backend.

    Args:
        model: the spec.
        backends: names of backends.
        optional: those among them whose refusal is no error.
        how: the other arguments of ``generate``.

    Raises:
        SpecError: the model cannot be lowered, or a backend refuses it that is not optional.
    """
    refusals: dict[str, SpecError] = {}
    while True:
        try:
            return generate(model, [name for name in backends if name not in refusals], **how), refusals
        except SpecError as error:  # for instance a name that C has for itself
            if error.backend not in optional:
                raise
            refusals[error.backend] = error


def _may_be_native(options: Options, asked: str) -> bool:
    """Tell if a module is to have compiled functions, which compute in plain doubles."""
    able = options.precision != ACCURATE and not options.standalone
    if asked == "native" and not able:
        raise OptionError("accurate and standalone modules run on NumPy; leave out backend='native'")
    return able and (asked == "native" or is_at_hand())


def load_verified(
    model: Model, artifacts: Sequence[Artifact], compiled: ModuleType | None = None, profile: Profile | None = None
) -> tuple[Mapping[str, ModuleType], VerificationReport]:
    """Load the Python modules of a model and verify them against the model.

    Args:
        model: the spec.
        artifacts: the generated files, that of the numpy backend among them.
        compiled: the module of the c backend, if there is one.
        profile: records time and memory of each stage.

    Returns:
        The modules by backend, and the report of verification.

    Raises:
        VerificationError: a module disagrees with the spec.
        BuildError: python-flint is not installed.
    """
    profile = profile or Profile()
    users = {name: module for op in model.functions.values() for one in op.every for name, module in one.modules.items()}
    with uncollected(), registered(users):  # the functions of users, whose modules are forgotten where they lie beside a spec
        modules = {
            artifact.backend: profile.run(f"{artifact.backend}: load", load_artifact, artifact)
            for artifact in artifacts
            if BACKENDS[artifact.backend].loader == "python"
        }
    if compiled is not None:
        modules["c"] = compiled
    verify = verifier()
    others = tuple(module for name, module in modules.items() if name != "numpy")
    report = profile.run("verify", verify, model, modules["numpy"], others)
    return modules, replace(report, unrun=tuple(one.name for one in artifacts if one.backend not in modules))


def verifier() -> Callable[..., VerificationReport]:
    """Return the function that verifies modules; imported only when needed, since it depends on a separate package.

    Raises:
        BuildError: python-flint is not installed.
    """
    try:
        from symgraph.judge.verify import verify
    except ModuleNotFoundError as error:
        if error.name != "flint":
            raise
        raise BuildError(
            "builds are verified with python-flint, which is not installed: `pip install python-flint`; or build without "
            "verification, by --no-verify, which the manifest will say"
        ) from None
    return verify


def load_artifact(artifact: Artifact) -> ModuleType:
    """Make a module of a generated text; tracebacks show its lines."""
    return from_source(artifact.text, artifact.name.removesuffix(".py"), f"symgraph:{artifact.name}")
