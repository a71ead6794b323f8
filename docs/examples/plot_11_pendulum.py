"""
A pendulum: weights of a differential equation
==============================================

``model.rk4`` writes a fixed number of steps of the classic Runge-Kutta method as nodes of the graph, and the chain rule goes
through all of them. So the constants of an equation of motion can be weights.
"""

import numpy as np
from matplotlib import pyplot as plt
from scipy.integrate import solve_ivp
from sympy import sin

import symgraph

model = symgraph.Model("pendulum")
t = model.feature("t", domain=(0.1, 4))
seen = model.target("angle")
g, damping = model.weights("g damping", init=[3.0, 0.1], domain=(0, 6))


def rates(state, t):
    """Return the rates of angle and angular velocity."""
    theta, omega = state
    return omega, -g * sin(theta) - damping * omega


theta, omega = model.rk4(rates, {"theta": 2.0, "omega": 0}, (0, t), steps=8)
model.output("theta_hat", theta)
model.residual(theta - seen)

# %%
# The data come from a solver with step control, independent of the model's eight steps.


def truth(times):
    """Return the angle of a pendulum with g = 4.2 and damping 0.3 at some times."""
    return solve_ivp(lambda _, s: (s[1], -4.2 * np.sin(s[0]) - 0.3 * s[1]), (0, 4), (2, 0), t_eval=times, rtol=1e-10).y[0]


times = np.linspace(0.1, 4, 40)
angle = truth(times) + 0.05 * np.random.default_rng(11).normal(size=times.size)
result = symgraph.fit(model, times, angle)
for name, value in result.values.items():
    print(f"{name:7s} {value:.3f} +- {result.errors[name]:.3f}")

# %%
# The amplitude is large, so the motion is not a sine.

_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
axes.plot(times, angle, "o", color="0.4", label="measured")
axes.plot(times, result.predict(times), color="tab:blue", label="eight steps of Runge-Kutta")
axes.plot(times, 2 * np.cos(np.sqrt(4.2) * times) * np.exp(-0.15 * times), ":", color="0.6", label="small-angle formula")
axes.set(xlabel="t (s)", ylabel="angle (rad)", title="A pendulum that starts at 2 rad")
axes.legend(frameon=False, loc="lower left")
axes.set_ylim(-3.6, 2.5)
plt.show()
