"""Hand-written module of the scalar backend (ABI 1): y = w1 * x + w2 with a squared loss."""

ABI = 2
MODEL = "line"
FEATURES = ("x",)
TARGET = "y"
WEIGHTS = ("w1", "w2")
METADATA = {"spec": "line.py", "doc": "", "model_hash": "sha256:1", "has_loss": True, "domains": {}}


def predict_row(w, x):
    return w[0] * x[0] + w[1]


def row(w, x, y, grad):
    r = y - predict_row(w, x)
    grad[0] = -2.0 * r * x[0]
    grad[1] = -2.0 * r
    return r * r
