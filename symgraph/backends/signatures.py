"""The signatures of a numpy module's functions, which depend on whether the model has features and a target."""

from symgraph.backends.layout import call_layout

_THREADS = "threads: int = 1"
_REDUCED = ["*", "sample_weight: ArrayLike | None = None", 'reduction: str = "mean"', _THREADS]


def signatures(has_features: bool, has_target: bool) -> dict[str, str]:
    """The ``def`` line or lines of each function, by name.

    X and y default to None where the model has none, so that a function of the weights alone is called with them alone.
    """
    x = "X: ArrayLike" if has_features else "X: None = None"
    rows = "Array" if has_features else "None"
    if not has_target:
        y, maybe_y = "y: None = None", "y: None = None"
    else:
        y = "y: ArrayLike" if has_features else "y: ArrayLike | None = None"
        maybe_y = "y: ArrayLike | None = None"
    w = "w: ArrayLike"
    batch = f"tuple[Array, {rows}, Array | None]"
    inner = [w, x.removesuffix(" = None"), "y: ArrayLike | None"]
    forms = {
        "inputs": ("_inputs", inner, batch),
        "weighted": (
            "_weighted",
            [*inner, "sample_weight: ArrayLike | None", "reduction: str"],
            f"tuple[{batch}, Array, float]",
        ),
        "forward": ("forward", [w, x, maybe_y], "Tape"),
        "predict": ("predict", [w, x, "*", _THREADS], "Array"),
        "per_sample_grad": ("per_sample_grad", [w, x, y, "*", _THREADS], "Array"),
        "error_bound": ("error_bound", [w, x, y], "tuple[Array, Array]"),
        "value_and_grad": ("value_and_grad", [w, x, y, *_REDUCED], "tuple[float, Array]"),
        "loss": ("loss", [w, x, y, *_REDUCED], "float"),
        "grad": ("grad", [w, x, y, *_REDUCED], "Array"),
        "jacobian": ("jacobian", [w, x, maybe_y, "*", _THREADS], "Array"),
        "residual": ("residual", [w, x, y, "*", _THREADS], "Array"),
        "residual_jacobian": ("residual_jacobian", [w, x, y, "*", _THREADS], "Array"),
    }
    return {
        key: call_layout(f"def {name}(", parameters, f") -> {result}:") for key, (name, parameters, result) in forms.items()
    }
