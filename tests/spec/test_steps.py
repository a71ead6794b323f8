"""Steps of the classic Runge-Kutta method as named nodes."""

import numpy as np
import pytest
import sympy as sp

import symgraph as sg
from symgraph.errors import SpecError
from symgraph.spec.canonical import postorder


def solved(rates, states, start, end, steps):
    """Solve with floats, by the textbook's formulas."""
    values, t, h = np.array(states, float), start, (end - start) / steps
    for _ in range(steps):
        k1 = np.array(rates(values, t))
        k2 = np.array(rates(values + h / 2 * k1, t + h / 2))
        k3 = np.array(rates(values + h / 2 * k2, t + h / 2))
        k4 = np.array(rates(values + h * k3, t + h))
        values, t = values + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), t + h
    return values


def pendulum(steps: int) -> sg.Model:
    m = sg.Model("pendulum")
    theta0, y = m.feature("theta0", domain=(-1.5, 1.5)), m.target("y")
    g, damping = m.weights("g damping", init=sg.Constant(0.5), domain=(0.1, 2.0))
    theta, _ = m.rk4(
        lambda state, t: (state[1], -g * sp.sin(state[0]) - damping * state[1]), {"theta": theta0, "omega": 0}, (0, 2), steps
    )
    m.output("y_hat", theta)
    m.residual(theta - y)
    return m


def test_steps_of_a_pendulum_are_those_of_the_method():
    module = sg.compile(pendulum(4), "numpy")  # verified, derivatives included
    X, w = np.linspace(-1.5, 1.5, 7), np.array([1.3, 0.4])
    g, damping = w
    want = [solved(lambda s, t: (s[1], -g * np.sin(s[0]) - damping * s[1]), (x, 0.0), 0.0, 2.0, 4)[0] for x in X]
    # four steps of some dozen roundings each
    np.testing.assert_allclose(module.predict(w, X), want, rtol=1e-13, atol=1e-15)


def test_nodes_are_named_by_state_step_and_stage_and_a_rate_or_a_start_of_0_leaves_no_term():
    m = pendulum(3)
    names = [node.name for node in m.nodes]
    assert names[:10] == [
        "theta_1_k1", "omega_1_k1", "theta_1_k2", "omega_1_k2", "theta_1_k3", "omega_1_k3", "theta_1_k4", "omega_1_k4",
        "theta_1", "omega_1",
    ]  # fmt: skip
    assert names[-3:] == ["theta_3", "omega_3", "y_hat"]
    assert max(len(list(postorder([node.expr]))) for node in m.nodes) < 30
    m = sg.Model("m")
    start, g = m.feature("start"), m.weight("g")
    theta, omega, scale = m.rk4(
        lambda s, t: (s[1], -g * s[2] * sp.sin(s[0]), 0.0 * s[0]), {"theta": start, "omega": 0.0, "scale": 1}, (0.0, 2.0), 2
    )
    m.output("y_hat", theta)
    formulas = {node.name: str(node.expr) for node in m.nodes}
    assert formulas["omega_1_k2"] == "-g*sin(start)"  # not sin(start + theta_1_k1/2) times scale + scale_1_k1/2
    assert formulas["omega_1"] == "(omega_1_k1 + 2*omega_1_k2 + 2*omega_1_k3 + omega_1_k4)/6"  # not 0.1666...*
    assert formulas["theta_1_k1"] == formulas["scale_2_k3"] == "0"
    assert [str(end) for end in (theta, omega, scale)] == ["theta_2", "omega_2", "scale_2"]
    written = [line.strip() for line in sg.compile(m, "numpy").__doc__.splitlines()]
    assert "scale_1_k1 = 0" in written  # and not the name of another node that is 0


def test_times_may_be_expressions_and_rates_a_mapping_that_depends_on_time():
    m = sg.Model("driven")
    end, k = m.feature("end", domain=(0.5, 2.0)), m.weight("k", domain=(0.5, 2.0))
    (v,) = m.rk4(lambda s, t: {"v": sp.cos(t) - k * s[0]}, {"v": 1}, (0.5, end), 4)
    m.output("y_hat", v)
    assert m.nodes[0].name == "v_step"
    module = sg.compile(m)
    want = [solved(lambda s, t: (np.cos(t) - 1.5 * s[0],), (1.0,), 0.5, x, 4)[0] for x in (0.7, 1.9)]
    np.testing.assert_allclose(module.predict([1.5], [0.7, 1.9]), want, rtol=1e-13)  # some dozen roundings


@pytest.mark.parametrize(
    ("states", "message"),
    [({}, "states must be a mapping of initial values by name"), ({"v": "1"}, "'1' is not a SymPy expression or a number")],
)
def test_mistakes_are_one_line_with_what_to_do(states, message):
    """Others are in the table of tests/cli/spec_mistakes.py."""
    m = sg.Model("m")
    m.weight("k")
    with pytest.raises(SpecError, match=f"^model m: rk4: {message}"):
        m.rk4(lambda s, t: s, states, (0, 1), 2)
