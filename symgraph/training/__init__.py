"""Training of generated modules with NumPy alone: optimizers, schedules, clipping and stops are values that `train` takes."""

from symgraph.training.checkpoints import Checkpoints, checkpoints, resume
from symgraph.training.clipping import CLIPS, Clip, clip_by_norm, clip_by_value
from symgraph.training.doubts import doubts
from symgraph.training.epoch import Epoch, run_epoch
from symgraph.training.history import Callback, EpochEnd, Failure, Stop, TrainResult
from symgraph.training.live import Live
from symgraph.training.optimizers import (
    OPTIMIZERS,
    Optimizer,
    OptimizerState,
    Parameter,
    adam,
    adamw,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)
from symgraph.training.recorder import Recorder
from symgraph.training.rows import Rows, Split, as_rows, batches, shuffled, split
from symgraph.training.schedules import SCHEDULES, Schedule, constant, cosine, exponential, step_decay, warmup
from symgraph.training.stopping import STOPS, converged, patience
from symgraph.training.train import train

__all__ = [
    "CLIPS",
    "OPTIMIZERS",
    "SCHEDULES",
    "STOPS",
    "Callback",
    "Checkpoints",
    "Clip",
    "Epoch",
    "EpochEnd",
    "Failure",
    "Live",
    "Optimizer",
    "OptimizerState",
    "Parameter",
    "Recorder",
    "Rows",
    "Schedule",
    "Split",
    "Stop",
    "TrainResult",
    "adam",
    "adamw",
    "as_rows",
    "batches",
    "checkpoints",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "converged",
    "cosine",
    "doubts",
    "exponential",
    "momentum",
    "nesterov",
    "patience",
    "resume",
    "rmsprop",
    "run_epoch",
    "sgd",
    "shuffled",
    "split",
    "step_decay",
    "train",
    "warmup",
]
