"""
When a float is not enough: the accurate mode
=============================================

If a and b agree in their first digits, ``a*x - b*x`` loses these digits in ordinary arithmetic, and rewriting
does not help, since the digits of the *inputs* decide. ``precision="accurate"`` computes in pairs of floats and gives the
nearest float.
"""

import mpmath
import numpy as np
from matplotlib import pyplot as plt
from sympy import exp

import symgraph

model = symgraph.Model("difference")
x = model.feature("x", domain=(0, 5))
a, b = model.weights("a b", init=1.0)
model.output("y_hat", a * exp(-x) - b * exp(-x * x / 4))
module = symgraph.compile(model)
accurate = symgraph.compile(model, precision="accurate")

# %%
# Near x = 4 the exponents, and so both terms, are nearly equal. The exact values are computed with fifty digits:


def errors(found, places):
    """Return the errors in units of the last place."""
    with mpmath.workdps(50):
        exact = [mpmath.exp(-mpmath.mpf(float(p))) - mpmath.exp(-(mpmath.mpf(float(p)) ** 2) / 4) for p in places]
        return np.array([float(abs(f - e) / abs(e)) * 2.0**52 for f, e in zip(found, exact, strict=True)])


places = 4 + np.concatenate([-np.logspace(0, -12, 60), np.logspace(-12, 0, 60)])
w = [1.0, 1.0]
plain, exact = errors(module.predict(w, places), places), errors(accurate.predict(w, places), places)
print(f"worst error: plain {plain.max():.1e}, accurate {exact.max():.2f} units of the last place")

# %%
# The nearer to the zero, the more digits floats lose. Pairs of floats give the nearest float everywhere.

_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
distance = np.abs(places - 4)
axes.loglog(distance, plain, ".", label="double")
axes.loglog(distance, np.maximum(exact, 1e-3), ".", label="accurate")
axes.axhline(1, color="0.6", linewidth=1, label="one unit")
axes.set(xlabel="distance from the zero at x = 4", ylabel="error, units of the last place", title="Digits lost to cancellation")
axes.legend(frameon=False)
plt.show()
