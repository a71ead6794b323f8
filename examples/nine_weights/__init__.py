"""The founding notebook, reproduced: its functions and graders over the generated module, and its runs with their oddities.

Nothing else in symgraph knows that notebook.
"""

from examples.nine_weights.functions import (
    backward_propagation,
    forward_propagation,
    grader_backprop,
    grader_forwardprop,
    grader_sigmoid,
    gradient_checking,
    sigmoid,
)
from examples.nine_weights.report import Line, Replay, draw, replay
from examples.nine_weights.runs import SETUPS, Run, Setup, initial_weights, train_as_notebook

__all__ = [
    "SETUPS",
    "Line",
    "Replay",
    "Run",
    "Setup",
    "backward_propagation",
    "draw",
    "forward_propagation",
    "grader_backprop",
    "grader_forwardprop",
    "grader_sigmoid",
    "gradient_checking",
    "initial_weights",
    "replay",
    "sigmoid",
    "train_as_notebook",
]
