"""What the founding notebook printed and asserted, and how it trained."""

from collections.abc import Mapping
from types import MappingProxyType

WEIGHT = 0.1
"""Every weight, at the graders and at the gradient check; the data point is the first row."""

SIGMOID_OF_2 = 0.8807970779778823
"""What `grader_sigmoid` asserts, exactly."""

FORWARD_DIGITS = 4
FORWARD: Mapping[str, float] = MappingProxyType(
    {"dl": -1.9285, "loss": 0.9298, "exp": 1.1273, "tanh": 0.8418, "sigmoid": 0.5279}
)
"""What `grader_forwardprop` asserts, after rounding to FORWARD_DIGITS."""

BACKWARD_DIGITS = 8
BACKWARD: Mapping[str, float] = MappingProxyType(
    {
        "dw1": -0.22973323,
        "dw2": -0.02140761,
        "dw3": -0.00562541,
        "dw4": -0.00465794,
        "dw5": -0.00100772,
        "dw6": -0.63347519,
        "dw7": -0.56194184,
        "dw8": -0.04806288,
        "dw9": -1.01810444,
    }
)
"""What `grader_backprop` asserts, after rounding to BACKWARD_DIGITS."""

DELTA = 1e-7
"""By how much the gradient check moves a weight."""

CHECK: Mapping[str, float] = MappingProxyType(
    {
        "dw1": -4.918867403857781e-10,
        "dw2": 4.313072065448279e-07,
        "dw3": -5.96991379072821e-08,
        "dw4": 5.328311462684123e-07,
        "dw5": 5.785228848348613e-07,
        "dw6": -2.4944672635960616e-08,
        "dw7": -1.5675493248917714e-07,
        "dw8": -3.6260816099250785e-08,
        "dw9": -1.1321577367826861e-08,
    }
)
"""What the gradient check printed: the rounding noise of differences, of which only the size means anything."""

CHECK_SIZE = 1e-6
"""Below which every figure of the gradient check lies, and the same with the weights put back."""

SEED = 42
DEVIATION = 0.1
"""The initial weights are DEVIATION times standard normal numbers of RandomState(SEED)."""

EPOCHS = 100
"""Epochs at most; they are counted from 0, and rows are visited in the order of the file, with an update after each."""

ADAM_AFTER_FIRST_EPOCH = (
    0.67253833,
    0.26039121,
    -0.75599003,
    -0.71208851,
    -0.68629166,
    0.45414311,
    0.55713967,
    1.14462593,
    0.99733857,
)
"""The weights that Adam's run printed before epoch 1."""

ADAM_TOLERANCE = 5e-9
"""Half of the last printed digit of those weights."""
