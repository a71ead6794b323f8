"""Models as users write them, in every backend that takes them, with first and second derivatives, against the reference."""

from collections.abc import Mapping
from functools import lru_cache
from inspect import isfunction
from pathlib import Path

import models_of_users
import numpy as np
import pytest
from models_of_users import USERS
from scipy.optimize import least_squares

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import SpecError
from symgraph.judge.verify import verify
from symgraph.module_functions import DERIVATIVES, ON_REQUEST
from symgraph.options import PLAIN, options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.spec.likelihoods import LIKELIHOODS
from symgraph.spec.losses import LOSSES
from symgraph.spec.robust import ROBUST
from symgraph.spec.steps import Steps

EXTRAS = tuple(name for name, function in DERIVATIVES.items() if function in ON_REQUEST)
UNITS = 64
"""Largest error in ulp, or in radii of an evaluation in doubles where these are more: modules round at other places than the
spec's own expressions, and functions err by some units; a lost digit is 10 of them at the least."""

SEVERAL = ("randles_cell", "options_chain", "epidemic", "decay_chain", "refractive_index")
REFUSED = {
    **dict.fromkeys(("overdispersed", "eight_schools", "psychometric"), ("hessian",)),
    **dict.fromkeys(SEVERAL, ("feature-jacobian", "jvp")),
    "irises": EXTRAS,
}
"""Derivatives that may be refused: second ones beside a penalty, and of several outputs those by features or along a vector."""
IN_PYTHON = BACKENDS.keys() - {"numpy", "c"}
ON_NUMPY_ALONE = ("voigt_doublet", "airy_rings", "solar_cell", "well_test", "matern_field")
"""Models with a function that SciPy has and C and Python's math lack."""


@lru_cache(maxsize=1)  # the tests of a model follow one another, and each counts what it costs
def with_derivatives(name: str) -> tuple[Artifact, ...]:
    """The numpy module and, where C has the functions, the C file of a model, with all the derivatives that it has.

    Others are refused by an error that names the model and what to leave out.
    """
    extras, backends = EXTRAS, ("numpy",) if name in ON_NUMPY_ALONE else ("numpy", "c")
    while True:
        try:
            return generate(USERS[name](), backends, options=options_of(extras))
        except SpecError as error:
            said = str(error)
            refused = next(extra for extra in extras if extra.replace("-", "_") in said)
            assert refused in REFUSED.get(name, ())
            assert f"model {name}: " in said
            assert "leave" in said
            extras = tuple(extra for extra in extras if extra != refused)


@lru_cache(maxsize=1)
def plain(name: str) -> Mapping[str, Artifact]:
    """The modules in Python without those derivatives, by backend."""
    backends = ("numpy",) if name in ON_NUMPY_ALONE else ("numpy", *sorted(IN_PYTHON))
    return {artifact.backend: artifact for artifact in generate(USERS[name](), backends)}


def test_they_are_forty_and_use_all_that_a_spec_can_say() -> None:
    assert len(USERS) >= 40
    text = Path(models_of_users.__file__).read_text()
    declarations = {name for part in Steps.__mro__ for name, one in vars(part).items() if isfunction(one) and name[0] != "_"}
    # two that are no declarations, and a function of the user's own, which tests/spec/test_functions_of_users.py has
    declarations -= {"place", "leading_to", "function"}
    assert [name for name in declarations if f"model.{name}(" not in text] == []
    losses = (*LOSSES, *LIKELIHOODS, *ROBUST)
    assert [name for name in losses if f'("{name}"' not in text and f'loss="{name}"' not in text] == []
    assert all(f"{option}=" in text for option in ("init", "domain", "bounds", "fixed", "lower", "upper", "f_scale", "sigma"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "pendulum")) for name in USERS], scope="module"
)
def test_values_and_derivatives_are_those_of_the_reference(name: str) -> None:
    report = verify(USERS[name](), load_artifact(with_derivatives(name)[0]))
    assert (report.unverified, report.untaken) == ((), ())
    assert report.worst < UNITS


@pytest.mark.slow
@pytest.mark.parametrize("name", USERS, scope="module")
def test_every_other_backend_takes_them_or_names_the_function_that_it_lacks(name: str) -> None:
    if name in ON_NUMPY_ALONE:
        for backend in (*IN_PYTHON, "c"):
            with pytest.raises(SpecError, match=rf"model {name}: .* needs \w+, which the backend {backend} lacks"):
                generate(USERS[name](), (backend,), options=with_derivatives(name)[0].options if backend == "c" else PLAIN)
        return
    _, *c = with_derivatives(name)
    compiled = module_of(c[0].name, {artifact.name: artifact.text for artifact in c})
    modules = (compiled, *(load_artifact(plain(name)[backend]) for backend in IN_PYTHON))
    assert verify(USERS[name](), None, modules).worst < UNITS


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, build in USERS.items() if (model := build()).residual_exprs and not model.robust], scope="module"
)
def test_least_squares_finds_the_weights_of_data_without_noise(name: str) -> None:
    """The initial weights, moved by a twentieth, give the data; SciPy takes the module's functions as they are."""
    model, module, rng = USERS[name]().freeze(), load_artifact(plain(name)["numpy"]), np.random.RandomState(1)
    domains = [entry.domain or (-2.0, 2.0) for entry in model.feature_inputs]
    X = np.array([rng.uniform(*domain, 60) for domain in domains]).T
    start = module.initial_weights(0)
    y = module.predict(start + 0.05 * rng.normal(size=len(start)) * np.maximum(np.abs(start), 0.2), X)
    found = least_squares(module.residual, start, module.residual_jacobian, x_scale="jac", args=(X, y))
    assert found.cost < 1e-10 * np.sum(module.residual(start, X, y) ** 2)
