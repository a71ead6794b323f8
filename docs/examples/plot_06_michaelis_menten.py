"""
Michaelis-Menten: one constant for two experiments
==================================================

The rate of an enzyme with and without puromycin, a classic of nonlinear regression (Bates and Watts). Does the drug change the
affinity ``km``, or only the greatest rate ``vm``? Fitting both data sets at once with a shared ``km`` answers it.
"""

import numpy as np
from matplotlib import pyplot as plt

import symgraph

rows = np.genfromtxt("../../data/puromycin.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
model = symgraph.Model.from_formula("rate ~ vm*conc/(km + conc)", rows.dtype.names, {"vm": 200, "km": 0.1}, name="kinetics")
sets = {}
for state in ("treated", "untreated"):
    chosen = rows[rows["state"] == state]
    sets[state] = (model, chosen["conc"], chosen["rate"])

shared = symgraph.fit_together(sets, shared="km")
apart = symgraph.fit_together(sets, shared=())
for name, value in shared.values.items():
    print(f"{name:14s} {value:8.4f} +- {shared.errors[name]:.4f}")

# %%
# By the F test one ``km`` is enough:

print(symgraph.compare(shared, apart))

# %%
# The increase of the greatest rate by the drug, with its standard error:

ratio = shared.derived("vm[treated]/vm[untreated]")
print(f"{ratio.value:.3f} +- {ratio.stderr:.3f}")

line = np.linspace(0.01, 1.15, 200)
_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for state, colour in (("treated", "tab:red"), ("untreated", "tab:blue")):
    _, conc, rate = sets[state]
    low, high = shared.sets[state].confidence_band(line)
    axes.plot(conc, rate, "o", color=colour)
    axes.plot(line, shared.sets[state].predict(line), color=colour, label=state)
    axes.fill_between(line, low, high, color=colour, alpha=0.15)
axes.set(xlabel="concentration (ppm)", ylabel="rate (counts/min²)", title="Puromycin, with one km")
axes.legend(frameon=False, loc="lower right")
plt.show()
