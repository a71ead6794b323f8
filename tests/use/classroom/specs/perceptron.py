"""A perceptron of two features, two hidden units and one output, squared loss."""

from sympy import tanh

from symgraph import Model, sigmoid

model = Model("perceptron", doc="Two features, two hidden units of tanh, one output of the logistic function.")
x1, x2 = model.features("x1 x2")
y = model.target("y")
w11, w12, w21, w22, b1, b2 = model.weights("w11 w12 w21 w22 b1 b2", init=0.1)
v1, v2, c = model.weights("v1 v2 c", init=0.1)

z1 = model.node("z1", w11 * x1 + w12 * x2 + b1)
z2 = model.node("z2", w21 * x1 + w22 * x2 + b2)
h1 = model.node("h1", tanh(z1))
h2 = model.node("h2", tanh(z2))
s = model.node("s", v1 * h1 + v2 * h2 + c)
y_hat = model.output("y_hat", sigmoid(s))
model.loss((y - y_hat) ** 2)
