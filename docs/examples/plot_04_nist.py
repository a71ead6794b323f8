"""
A curve of NIST, to the certified digit
=======================================

NIST certifies the results of 27 nonlinear regression problems. This is Misra1a: 14 rows, two weights with a correlation of
-0.9988. A formula is enough: names of columns of the data are features, all others are weights.
"""

import numpy as np
from matplotlib import pyplot as plt

import symgraph

table = np.genfromtxt("../../data/misra1a.csv", delimiter=",", names=True)
model = symgraph.Model.from_formula("y ~ b1*(1 - exp(-b2*x))", table.dtype.names)
result = symgraph.fit(model, table["x"], table["y"], start={"b1": 500, "b2": 1e-4})

certified = {"b1": (2.3894212918e02, 2.7070075241), "b2": (5.5015643181e-04, 7.2668688436e-06)}
for name, (value, error) in certified.items():
    print(f"{name}: {result.values[name]:.11g} +- {result.errors[name]:.9g}   certified {value:.11g} +- {error:.9g}")

# %%
# Data, curve, its band and the residuals:

result.plot()
plt.show()

# %%
# With such a correlation the data determine a combination of the weights much better than each weight. The joint 95 %
# confidence region is narrow and slightly bent; the ellipse of the covariance would be straight.

_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for level in (0.68, 0.95):
    border = result.contour("b1", "b2", level=level, points=40)
    axes.plot(*np.vstack([border, border[:1]]).T, label=f"{level:.0%}")
axes.plot(*result.w, "k+", markersize=10)
axes.set(xlabel="b1", ylabel="b2", title="Joint region of the weights")
axes.legend(frameon=False)
plt.show()
