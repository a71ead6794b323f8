"""
Logistic regression
===================

Two classes by two measurements. The model's output is the logit, not the probability: the loss, a cross entropy, is then
accurate also for rows far from the border, where 1 - p would round to 0.
"""

import numpy as np
from matplotlib import pyplot as plt

import symgraph
from symgraph import sigmoid

model = symgraph.Model("iris")
length, width = model.features("length width")
y = model.target("y", domain=(0, 1))
a, b, c = model.weights("a b c", init=0.0)
logit = model.output("logit", a * length + b * width + c)
model.node("probability", sigmoid(logit))
model.loss("bce_with_logits")

# %%
# Two overlapping clouds, and the fit. Errors come from the sandwich formula, since the loss was not declared as a likelihood.

rng = np.random.default_rng(4)
X = np.vstack([rng.normal((-0.8, -0.4), 0.9, (60, 2)), rng.normal((0.9, 0.6), 0.9, (60, 2))])
labels = np.repeat([0.0, 1.0], 60)
result = symgraph.fit(model, X, labels)
for name, value in result.values.items():
    print(f"{name} = {value:+.3f} +- {result.errors[name]:.3f}")

# %%
# The picture: lines of equal probability over the data.

grid = np.stack(np.meshgrid(np.linspace(-3.5, 3.5, 120), np.linspace(-3, 3, 120)), axis=-1)
probability = 1 / (1 + np.exp(-result.predict(grid.reshape(-1, 2)).reshape(120, 120)))
_, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
shades = axes.contourf(grid[..., 0], grid[..., 1], probability, levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.75)
axes.contour(grid[..., 0], grid[..., 1], probability, levels=[0.5], colors="black", linewidths=1)
for label, colour in ((0.0, "tab:blue"), (1.0, "tab:red")):
    axes.plot(*X[labels == label].T, "o", color=colour, markeredgecolor="white", label=f"class {label:.0f}")
axes.set(xlabel="length", ylabel="width", title="Probability of class 1")
axes.legend(loc="lower right")
plt.colorbar(shades, ax=axes)
plt.show()
