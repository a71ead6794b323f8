"""
Softmax: three kinds of iris
============================

A loop makes the scores of three classes; the loss is the likelihood of the observed class. The first score is 0, since only
differences of scores matter. The logarithm of the sum of exponentials does not overflow for any scores.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_iris

import symgraph

model = symgraph.Model("iris")
length, width = model.features("length width", domain=(0, 7))
model.target("kind", domain=(0, 2))
scores, decay = [], 0
for name in ("versicolor", "virginica"):
    a, b, c = model.weights([f"{name}_length", f"{name}_width", f"{name}_offset"], init=0.0)
    scores.append(a * length + b * width + c)
    decay += a**2 + b**2
model.outputs("versicolor virginica", *scores)
model.likelihood("categorical", logits=[0, *scores])
model.penalty(0.05 * decay)

# %%
# Petals of 150 flowers, from scikit-learn.

iris = load_iris()
petals, kind = iris.data[:, 2:], iris.target.astype(float)
result = symgraph.fit(model, petals, kind)
for name, value in result.values.items():
    print(f"{name:18s} {value:+8.3f} +- {result.errors[name]:.3f}")


# %%
# Each point of the plane belongs to the class with the greatest score; the shade shows its probability.


def probabilities(places):
    """Return the probability of each class at some places, (n, 2), as (n, 3)."""
    logits = np.column_stack([np.zeros(len(places)), result.predict(places)])
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


right = probabilities(petals).argmax(axis=1) == kind
print(f"{right.sum()} of {right.size} flowers")

grid = np.stack(np.meshgrid(np.linspace(0.5, 7.5, 180), np.linspace(-0.2, 2.8, 180)), axis=-1)
shares = probabilities(grid.reshape(-1, 2)).reshape(180, 180, 3)
colours = np.array([(0.12, 0.47, 0.71), (1.0, 0.6, 0.15), (0.17, 0.63, 0.17)])
_, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
axes.imshow(1 - (1 - shares @ colours) * 0.55, origin="lower", extent=(0.5, 7.5, -0.2, 2.8), aspect="auto")
for number, name in enumerate(iris.target_names):
    axes.plot(*petals[kind == number].T, "o", color=colours[number], markeredgecolor="white", label=name)
axes.set(xlabel="length of a petal (cm)", ylabel="width (cm)", title="Three kinds of iris")
axes.legend(loc="upper left")
plt.show()
