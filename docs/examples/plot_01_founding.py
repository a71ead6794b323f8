"""
The notebook that symgraph started from
=======================================

A course on backpropagation asked its students to derive nine partial derivatives of one formula by hand, to check them by
finite differences, and to train the weights with three optimizers. symgraph derives them from the formula.

The formula, with its nodes named:
"""

import sympy
from matplotlib import pyplot as plt

import symgraph
from symgraph import Normal, plots, sigmoid
from symgraph.data.reading import read_data
from symgraph.gradcheck import gradcheck
from symgraph.training import adam, momentum, sgd, train

model = symgraph.Model("nine_weights", doc="Five features, nine weights, squared loss.")
f1, f2, f3, f4, f5 = model.features("f1:6")
y = model.target("y")
w1, w2, w3, w4, w5, w6, w7, w8, w9 = model.weights("w1:10", init=Normal(0, 0.1))

t = model.node("t", w1 * f1 + w2 * f2)
e = model.node("exp", sympy.exp(t**2 + w6))
th = model.node("tanh", sympy.tanh(e + w7))
s = model.node("sigmoid", sigmoid(w8 + sympy.sin(w3 * f3) * (w4 * f4 + w5 * f5)))
y_hat = model.output("y_hat", th + w9 * s)
model.loss((y - y_hat) ** 2)
module = symgraph.compile(model)

# %%
# The course's graders ask for the partials at the first row, with all weights 0.1. These are their figures:

rows = read_data("../../data/nine_weights.csv", module.FEATURES, module.TARGET)
gradient = module.grad([0.1] * 9, rows.X[0], rows.y[0])
for name, partial in zip(module.WEIGHTS, gradient, strict=True):
    print(f"d loss / d {name} = {partial:+.8f}")

# %%
# The graph with the numbers of that row: values in blue, derivatives of the loss in orange. The thicker an edge, the larger the
# gradient that flows back along it.

model.draw([0.1] * 9, [*rows.X[0], rows.y[0]])

# %%
# The students' gradient check compares with finite differences. symgraph's check also estimates the error of the differences
# for every weight:

print(gradcheck(module, rows.X, rows.y, points=1))

# %%
# The three optimizers from the same weights, with an update after each row. Plain gradient descent is slow here. Adam is
# fast, but then fluctuates, since its steps do not shrink with the gradient; momentum reaches the lowest loss.

built = symgraph.load("nine_weights")  # what a build wrote of the same spec; single updates run on Python floats
start = built.initial_weights(seed=42) * 10  # the standard deviation of the notebook
optimizers = {"vanilla": sgd(), "momentum": momentum(), "Adam": adam()}
runs = {
    name: train(built, rows.X, rows.y, optimizer=optimizer, w0=start, epochs=60, shuffle=False)
    for name, optimizer in optimizers.items()
}
for name, run in runs.items():
    print(f"{name:9s} mean loss {run.losses[0]:.4f} after the first epoch, {run.losses[-1]:.2g} after the last")

plots.losses(runs)
plt.show()
