"""Keywords that users know from other libraries, told under the names that they have here."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from symgraph.errors import did_you_mean

P = ParamSpec("P")
R = TypeVar("R")

_RATE, _SEED, _EPOCHS = "rate={}", "seed={}", "epochs={}"
_ENDS = "leave it out: the search ends where no step leads further"
OF_OPTIMIZERS: Mapping[str, str] = {
    "lr": _RATE, "learning_rate": _RATE, "step_size": _RATE, "eta": _RATE, "eta0": _RATE,
    "eps": "epsilon={}", "b1": "beta1={}", "b2": "beta2={}", "beta_1": "beta1={}", "beta_2": "beta2={}",
    "betas": "beta1={0}, beta2={1}", "rho": "alpha={}", "decay": "alpha={}",
    "momentum": "the optimizer momentum(rate, gamma={})", "nesterov": "the optimizer nesterov(rate, gamma=0.9)",
    "weight_decay": "the optimizer adamw(rate, weight_decay={})",
    "clipnorm": "train(..., clip=clip_by_norm({}))", "global_clipnorm": "train(..., clip=clip_by_norm({}))",
    "clipvalue": "train(..., clip=clip_by_value({}))", "max_grad_norm": "train(..., clip=clip_by_norm({}))",
}  # fmt: skip
"""Texts to write in the place of keywords of torch.optim, optax and Keras, by the keyword; {} is its value."""

OF_SCHEDULES: Mapping[str, str] = {
    "lr": _RATE, "learning_rate": _RATE, "init_value": _RATE, "initial_learning_rate": _RATE, "base_lr": _RATE,
    "step_size": "every={}", "transition_steps": "every={}", "decay_steps": _EPOCHS, "T_max": _EPOCHS, "total_steps": _EPOCHS,
    "gamma": "factor={}", "decay_rate": "factor={}", "eta_min": "least={}", "alpha": "least={}", "end_value": "least={}",
    "warmup_steps": _EPOCHS, "warmup_epochs": _EPOCHS, "num_warmup_steps": _EPOCHS,
}  # fmt: skip
"""The same for schedules of learning rates."""

OF_STOPS: Mapping[str, str] = {"tolerance": "tol={}", "atol": "tol={}", "min_delta": "converged(tol={})", "patience": _EPOCHS}
"""The same for stops."""

OF_TRAINING: Mapping[str, str] = {
    "lr": "optimizer=adam({})", "learning_rate": "optimizer=adam({})", "n_epochs": _EPOCHS, "num_epochs": _EPOCHS,
    "nb_epoch": _EPOCHS, "max_iter": _EPOCHS, "steps": _EPOCHS, "batch": "batch_size={}", "bs": "batch_size={}",
    "random_state": _SEED, "random_seed": _SEED, "validation_split": "validation={}", "validation_data": "validation={}",
    "tol": "stop=converged({})", "patience": "stop=patience({})", "early_stopping": "stop=patience(10)",
    "start": "w0={}", "init": "w0={}", "x0": "w0={}", "initial_weights": "w0={}", "weights": "w0={}", "opt": "optimizer={}",
    "verbose": "callbacks=[Live()]", "callback": "callbacks=[{}]", "clip_norm": "clip=clip_by_norm({})",
    "max_norm": "clip=clip_by_norm({})", "device": "backend='auto'",
}  # fmt: skip
"""The same for runs of training."""

OF_FITS: Mapping[str, str] = {
    "p0": "start={}", "x0": "start={}", "beta0": "start={}", "w0": "start={}", "init": "start={}", "params": "start={}",
    "random_state": _SEED, "n_starts": "starts={}", "n_restarts": "starts={}", "sx": "sigma_x={}", "sy": "sigma={}",
    "weights": "sigma=1/sqrt(weights)", "sample_weight": "sigma=1/sqrt(sample_weight)", "fix": "fixed={}", "bound": "bounds={}",
    "loss": "model.residual(..., loss={}) in the spec", "jac": "leave it out: derivatives are exact", "optimizer": "method={}",
    "tol": _ENDS, "ftol": _ENDS, "xtol": _ENDS, "gtol": _ENDS, "max_nfev": _ENDS, "maxfev": _ENDS, "max_iter": _ENDS,
    "scale_covar": "absolute_sigma, which is its contrary",
}  # fmt: skip
"""The same for fits."""


def explains(words: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a decorator under which an argument that a function does not take is answered by what to write in its place.

    Args:
        words: what to write, by keywords of other libraries.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        every = inspect.signature(function).parameters
        parameters = tuple(every)
        by_name = [name for name, one in every.items() if one.kind is one.KEYWORD_ONLY]
        by_place = parameters[: len(parameters) - len(by_name)]

        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> R:
            if len(args) > len(by_place):
                others = (
                    f", the others by name, as in {by_name[0]}={_short(args[len(by_place)])}"
                    if by_name
                    else ", and nothing else"
                )
                raise TypeError(f"{function.__name__} takes {', '.join(by_place)} by place{others}")
            strange = next((name for name in options if name not in parameters), None)
            if strange is not None:
                raise TypeError(_explained(function.__name__, strange, options[strange], parameters, words))
            return function(*args, **options)

        return called

    return decorated


def _explained(function: str, name: str, value: Any, parameters: tuple[str, ...], words: Mapping[str, str]) -> str:
    """Return the message about a keyword that a function lacks."""
    meant, several = words.get(name, ""), isinstance(value, tuple | list)
    own = meant.partition("=")[0]
    if meant and (not own.isidentifier() or own in parameters) and (several or "{1}" not in meant):
        shown = map(repr, value) if several and "{1}" in meant else [_short(value)]
        return f"{function} has no {name}; {'' if meant.startswith('leave') else 'write '}{meant.format(*shown)}"
    return f"{function} has no {name}; it has {', '.join(parameters)}{did_you_mean(name, parameters)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else "..."
