"""Training of generated modules with NumPy alone: optimizers, schedules, clipping and stops are values that `train` takes."""

from symgraph.training.clipping import CLIPS, Clip, clip_by_norm, clip_by_value
from symgraph.training.doubts import doubts
from symgraph.training.epoch import Epoch, run_epoch
from symgraph.training.history import Callback, EpochEnd, Failure, Stop, TrainResult
from symgraph.training.optimizers import OPTIMIZERS, Optimizer, OptimizerState, Parameter, adam, momentum, sgd
from symgraph.training.plots import plot_comparison, plot_loss
from symgraph.training.rows import Rows, as_rows, batches, shuffled
from symgraph.training.schedules import SCHEDULES, Schedule, constant, step_decay
from symgraph.training.stopping import STOPS, converged
from symgraph.training.train import train

__all__ = [
    "CLIPS",
    "OPTIMIZERS",
    "SCHEDULES",
    "STOPS",
    "Callback",
    "Clip",
    "Epoch",
    "EpochEnd",
    "Failure",
    "Optimizer",
    "OptimizerState",
    "Parameter",
    "Rows",
    "Schedule",
    "Stop",
    "TrainResult",
    "adam",
    "as_rows",
    "batches",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "converged",
    "doubts",
    "momentum",
    "plot_comparison",
    "plot_loss",
    "run_epoch",
    "sgd",
    "shuffled",
    "step_decay",
    "train",
]
