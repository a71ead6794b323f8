"""
Pharmacokinetics: half-life and exposure after one dose
=======================================================

A drug is swallowed, absorbed and cleared (Bateman's function). A clinician needs quantities that are not weights of the
formula: the half-life, the time of the highest concentration, the area under the curve. They follow from the weights, and their
standard errors take the correlations into account.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import exp

import symgraph

DOSE = 320.0  # mg

model = symgraph.Model("oral_dose")
t = model.feature("t", domain=(0, 25))
conc = model.target("conc")
ka, ke, volume = (model.positive(name, init=init) for name, init in (("ka", 1.5), ("ke", 0.08), ("volume", 30.0)))
c_hat = model.output("c_hat", DOSE * ka / (volume * (ka - ke)) * (exp(-ke * t) - exp(-ka * t)))
model.residual((c_hat - conc) / c_hat)  # the scatter is a share of the concentration

# %%
# Ten samples of one patient (synthetic, with a scatter of 6 %). A positive number is fitted by its logarithm.

hours = np.array([0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37])
truth = DOSE * 1.4 / (32 * (1.4 - 0.09)) * (np.exp(-0.09 * hours) - np.exp(-1.4 * hours))
measured = truth * (1 + 0.06 * np.random.default_rng(8).normal(size=hours.size))
result = symgraph.fit(model, hours, measured)
print(result)

# %%
# Derived quantities. Their formulas use the names of the fitted weights:

quantities = {
    "half-life (h)": "log(2)/exp(log_ke)",
    "time of the peak (h)": "(log_ka - log_ke)/(exp(log_ka) - exp(log_ke))",
    "area under the curve (mg h/l)": "320/(exp(log_volume)*exp(log_ke))",
}
for name, formula in quantities.items():
    found = result.derived(formula)
    print(f"{name:30s} {found.value:7.2f} +- {found.stderr:.2f}")

# %%
# The curve with its band:

line = np.linspace(0.05, 25, 300)
low, high = result.confidence_band(line)
_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
axes.fill_between(line, low, high, alpha=0.2)
axes.plot(line, result.predict(line), label="fit, with its 95 % band")
axes.plot(hours, measured, "o", color="black", label="samples")
axes.axvline(result.derived(quantities["time of the peak (h)"]).value, color="0.6", linestyle=":", label="time of the peak")
axes.set(xlabel="hours after the dose", ylabel="concentration (mg/l)", title="One dose by mouth")
axes.legend(frameon=False)
plt.show()
