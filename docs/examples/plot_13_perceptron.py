"""
A small perceptron
==================

Two hidden units and nine named weights: small enough to read in the generated text. It learns two classes at opposite corners,
which a line cannot separate. For larger networks use PyTorch or JAX.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import tanh

import symgraph
from symgraph import Normal, plots
from symgraph.training import adam, train

model = symgraph.Model("corners")
x1, x2 = model.features("x1 x2", domain=(-2, 2))
model.target("y", domain=(0, 1))
hidden = []
for unit in ("left", "right"):
    a, b, c = model.weights([f"{unit}_x1", f"{unit}_x2", f"{unit}_bias"], init=Normal(0, 1))
    hidden.append(model.node(unit, tanh(a * x1 + b * x2 + c)))
v1, v2, bias = model.weights("v1 v2 bias", init=Normal(0, 1))
model.output("logit", v1 * hidden[0] + v2 * hidden[1] + bias)
model.loss("bce_with_logits")
module = symgraph.compile(model)

# %%
# Four clouds, and training by Adam. The loss has several minima, since the data are symmetric; the seed sets the start.

rng = np.random.default_rng(13)
centres = np.array([(-1, -1), (1, 1), (-1, 1), (1, -1)])
X = np.repeat(centres, 40, axis=0) + 0.35 * rng.normal(size=(160, 2))
y = np.repeat([0.0, 0.0, 1.0, 1.0], 40)
result = train(module, X, y, optimizer=adam(0.05), epochs=80, batch_size=16, seed=3)
print(result.summary())

# %%
# Each hidden unit is a line; the border of the classes is where the output changes sign.

grid = np.stack(np.meshgrid(np.linspace(-2.2, 2.2, 150), np.linspace(-2.2, 2.2, 150)), axis=-1)
tape = module.forward(result.weights, grid.reshape(-1, 2))
logit, left, right = (getattr(tape, name).reshape(150, 150) for name in ("logit", "left", "right"))
_, (border, losses) = plt.subplots(2, figsize=(6.4, 7.6), height_ratios=(5, 3), layout="constrained")
border.contourf(*np.moveaxis(grid, -1, 0), np.tanh(logit / 2), levels=15, cmap="RdBu_r", alpha=0.7)
for unit in (left, right):
    border.contour(*np.moveaxis(grid, -1, 0), unit, levels=[0.0], colors="black", linestyles="--", linewidths=1)
points = border.scatter(*X.T, c=y, cmap="RdBu_r", edgecolor="white", s=25)
border.legend(*points.legend_elements(), title="class", loc="upper right")
border.set(title="Border, and the lines of the units", xlabel="x1", ylabel="x2")
plots.losses(result, losses)
plt.show()
