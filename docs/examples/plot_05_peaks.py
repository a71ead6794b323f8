"""
Two peaks on a background
=========================

A spectrum of two overlapping lines on a sloping background. A loop adds the peaks; their widths are declared positive.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import exp

import symgraph

model = symgraph.Model("spectrum")
x = model.feature("x", domain=(0, 10))
y = model.target("y")
peaks = []
for name, centre in (("left", 3.5), ("right", 6.0)):
    height, place = model.weight(f"height_{name}", init=1.0), model.weight(f"place_{name}", init=centre)
    width = model.positive(f"width_{name}", init=1.0)
    peaks.append(model.node(name, height * exp(-(((x - place) / width) ** 2) / 2)))
offset, slope = model.weights("offset slope", init=0.0)
background = model.node("background", offset + slope * x)
model.output("signal", sum(peaks) + background)
model.loss("squared_error")

# %%
# Synthetic data with known weights:

rng = np.random.default_rng(6)
position = np.linspace(0, 10, 160)
truth = 0.5 + 0.08 * position
for height, place, width in ((3, 4, 0.7), (2, 5.6, 0.9)):
    truth += height * np.exp(-(((position - place) / width) ** 2) / 2)
seen = truth + 0.1 * rng.normal(size=position.size)
result = symgraph.fit(model, position, seen)
for name, value in result.values.items():
    print(f"{name:18s} {value:8.3f} +- {result.errors[name]:.3f}")

# %%
# The distance of the peaks follows from the weights, with their correlation:

apart = result.derived("place_right - place_left")
print(f"apart by {apart.value:.3f} +- {apart.stderr:.3f}")

# %%
# The module computes each named node, so the parts of the sum can be drawn without writing them again.

module = symgraph.compile(model)
tape = module.forward(result.w, position)
_, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
axes.plot(position, seen, ".", color="0.5", label="measured")
axes.plot(position, tape.signal, color="black", label="fit")
for name in ("left", "right"):
    axes.fill_between(position, tape.background, tape.background + getattr(tape, name), alpha=0.35, label=f"the {name} peak")
axes.plot(position, tape.background, "--", color="0.4", label="background")
axes.set(xlabel="x", ylabel="signal", title="Two peaks and what lies under them")
axes.legend(frameon=False)
plt.show()
