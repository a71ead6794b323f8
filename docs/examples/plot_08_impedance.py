"""
Impedance of an electrode: a complex model
==========================================

A Randles circuit: the resistance of the solution, in series with a double layer (a constant phase element) parallel to the
resistance of the reaction. The formula is complex; ``complex_output`` splits it into the two real outputs that are measured.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import I

import symgraph

model = symgraph.Model("randles")
omega = model.feature("omega", domain=(0.1, 1e6))
re, im = model.targets("re im")
solution, reaction = model.weight("solution", init=5.0, domain=(1, 100)), model.weight("reaction", init=80.0, domain=(1, 1000))
layer, power = model.weight("layer", init=1e-4, domain=(1e-6, 1e-2)), model.weight("power", init=0.9, domain=(0.6, 1))
z_re, z_im = model.complex_output("z", solution + 1 / (1 / reaction + layer * (I * omega) ** power))
model.residual(z_re - re, z_im - im)

# %%
# A spectrum over five decades, with noise, and the fit. The weights differ by six powers of ten; you need not scale them.

w = np.logspace(-0.5, 5, 45)
z = 10 + 1 / (1 / 100 + 4e-5 * (1j * w) ** 0.85)
noise = np.random.default_rng(9).normal(size=(w.size, 2))
data = np.stack([z.real, z.imag], axis=1) + 0.4 * noise
result = symgraph.fit(model, w, data)
for name, value in result.values.items():
    print(f"{name:9s} {value:11.5g} +- {result.errors[name]:.2g}")

# %%
# Nyquist's plot, as electrochemists draw it:

line = result.predict(np.logspace(-1.5, 6, 400))
_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
axes.plot(data[:, 0], -data[:, 1], "o", markerfacecolor="none", label="measured")
axes.plot(line[:, 0], -line[:, 1], color="tab:red", label="fit")
axes.set(xlabel="Re Z (Ω)", ylabel="-Im Z (Ω)", title="A depressed semicircle", aspect="equal")
axes.legend(frameon=False, loc="lower center")
plt.show()
