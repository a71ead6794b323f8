"""
Where did the slope change?
===========================

A line bends at an unknown place. ``Max`` expresses this model directly; its derivative by the place is that of the active
branch.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import Max

import symgraph

model = symgraph.Model("bend")
x = model.feature("x", domain=(0, 10))
y = model.target("y")
level, before, change = model.weights("level before change", init=0.5)
place = model.weight("place", init=5.0, bounds=(0, 10))
model.output("y_hat", level + before * x + change * Max(0, x - place))
model.loss("squared_error")

rng = np.random.default_rng(10)
time = np.sort(rng.uniform(0, 10, 70))
level_seen = 1 + 0.3 * time + 1.1 * np.maximum(0, time - 6.2) + 0.35 * rng.normal(size=time.size)
result = symgraph.fit(model, time, level_seen)
for name, value in result.values.items():
    print(f"{name:7s} {value:.3f} +- {result.errors[name]:.3f}")

# %%
# As a function of the place, the sum of squares has a kink at every row, so a symmetric standard error is only rough. The
# profile refits the other weights at each place and gives the true interval:

print("by Student's t: {:.2f} to {:.2f}".format(*result.interval()["place"]))
print("by the profile: {:.2f} to {:.2f}".format(*result.profile("place")))

# %%
# Data with the bend, and the profile below:

places = np.linspace(5.2, 7.2, 60)
_, (above, below) = plt.subplots(2, figsize=(6.4, 5.6), layout="constrained")
above.plot(time, level_seen, "o", color="0.4")
above.plot(time, result.predict(time), color="tab:blue")
above.axvline(result.values["place"], color="tab:red", linestyle=":", label="place of the bend")
above.legend(frameon=False)
above.set(xlabel="x", ylabel="y", title="A bend, and the range in which it may lie")
below.plot(places, result.rises("place", places), color="tab:red")
below.axvspan(*result.profile("place"), color="tab:red", alpha=0.15, label="95 % range")
below.set(xlabel="place of the bend", ylabel="rise of chi2")
below.legend(frameon=False)
plt.show()
