"""
A robust fit
============

A single wrong row can move a least squares fit arbitrarily far. Belgium's telephone calls, 1950 to 1973: for six years minutes
were recorded instead of calls (Rousseeuw and Leroy, 1987).
"""

import numpy as np
from matplotlib import pyplot as plt

import symgraph

year = np.arange(50.0, 74.0)
calls = np.fromstring(
    "0.44 0.47 0.47 0.59 0.66 0.73 0.81 0.88 1.06 1.20 1.35 1.49 "
    "1.61 2.12 11.90 12.40 14.20 15.90 18.20 21.20 4.30 2.40 2.70 2.90",
    sep=" ",
)


def line(loss: str) -> symgraph.Model:
    """Make the line with one of the robust losses: residuals above 0.1 count less than their squares."""
    model = symgraph.Model("calls")
    x, y = model.feature("year"), model.target("calls")
    a, b = model.weights("a b", init=0.1)
    model.residual(model.output("y_hat", a + b * (x - 60)) - y, loss=loss, f_scale=0.1)
    return model


squares = symgraph.fit(symgraph.Model.from_formula("calls ~ a + b*(year - 60)", ("year", "calls")), year, calls)
fits = {"squares": squares} | {loss: symgraph.fit(line(loss), year, calls, starts=5) for loss in ("huber", "cauchy")}
for name, result in fits.items():
    print(f"{name:8s} slope {result.values['b']:.3f} +- {result.errors['b']:.3f}")

# %%
# Squares follow the six wrong years; Huber's loss, which grows like an absolute value, follows them less; Cauchy's nearly
# ignores distant rows.

_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
axes.plot(year, calls, "o", color="0.35", label="recorded")
for name, result in fits.items():
    axes.plot(year, result.predict(year), label=name)
axes.set(xlabel="year, 19..", ylabel="tens of millions", title="Telephone calls in Belgium")
axes.legend(frameon=False)
plt.show()
