"""The founding model: five features, nine weights, squared loss, from a notebook on backpropagation."""

from sympy import exp, sin, tanh

from symgraph import Model, Normal, sigmoid

model = Model("nine_weights", doc="Five features, nine weights, squared loss.")
f1, f2, f3, f4, f5 = model.features("f1:6")
y = model.target("y")
w1, w2, w3, w4, w5, w6, w7, w8, w9 = model.weights("w1:10", init=Normal(0, 0.01))

t = model.node("t", w1 * f1 + w2 * f2)
e = model.node("exp", exp(t**2 + w6))
th = model.node("tanh", tanh(e + w7))
s = model.node("sigmoid", sigmoid(w8 + sin(w3 * f3) * (w4 * f4 + w5 * f5)))
y_hat = model.output("y_hat", th + w9 * s)
model.loss((y - y_hat) ** 2)
