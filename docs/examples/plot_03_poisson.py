"""
Counts: Poisson or more scatter than that?
==========================================

A named likelihood includes all its constants, so that you can compare two distributions for the same counts.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import exp

import symgraph

rng = np.random.default_rng(5)
dose = np.repeat(np.linspace(0, 4, 17), 4)
counts = rng.negative_binomial(3, 3 / (3 + np.exp(1.0 + 0.6 * dose))).astype(float)


def model_of(law: str) -> symgraph.Model:
    model = symgraph.Model(law)
    x = model.feature("dose", domain=(0, 5))
    model.target("count")
    base, slope = model.weights("base slope", init=0.5)
    model.output("rate", exp(base + slope * x))
    if law == "poisson":
        model.likelihood("poisson")
    else:
        model.likelihood("negative_binomial", dispersion=model.positive("spread", init=0.5))
    return model


fits = {law: symgraph.fit(model_of(law), dose, counts) for law in ("poisson", "negative_binomial")}
for law, result in fits.items():
    print(f"{law:18s} slope {result.values['slope']:.3f} +- {result.errors['slope']:.3f}, AIC {result.aic:.1f}")

# %%
# The Poisson distribution has too little scatter, so its standard errors are too small. The Akaike weights are clear:

print(symgraph.compare(*fits.values()))

# %%
# The confidence band of the better distribution:

line = np.linspace(0, 4, 100)
_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
axes.plot(dose + rng.uniform(-0.06, 0.06, dose.size), counts, "o", color="0.4", alpha=0.6, label="counts")
for (law, result), colour in zip(fits.items(), ("tab:orange", "tab:blue"), strict=True):
    low, high = result.confidence_band(line)
    axes.plot(line, result.predict(line), color=colour, label=law.replace("_", " "))
    axes.fill_between(line, low, high, color=colour, alpha=0.2)
axes.set(xlabel="dose", ylabel="count", title="Mean counts with their 95 % bands")
axes.legend(frameon=False)
plt.show()
