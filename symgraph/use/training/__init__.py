"""Training of generated modules with NumPy alone: optimizers, schedules, clipping and stops are values that `train` takes."""

from symgraph.data.rows import Rows, Split, as_rows, batches, shuffled, split
from symgraph.use.training.checkpoints import Checkpoints, checkpoints, resume
from symgraph.use.training.clipping import CLIPS, Clip, clip_by_norm, clip_by_value
from symgraph.use.training.doubts import doubts
from symgraph.use.training.epoch import Epoch, run_epoch
from symgraph.use.training.history import Callback, EpochEnd, Failure, Stop, TrainResult
from symgraph.use.training.live import Live
from symgraph.use.training.optimizers import (
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
from symgraph.use.training.recorder import Recorder
from symgraph.use.training.schedules import SCHEDULES, Schedule, constant, cosine, exponential, step_decay, warmup
from symgraph.use.training.stopping import STOPS, converged, patience
from symgraph.use.training.train import train

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
