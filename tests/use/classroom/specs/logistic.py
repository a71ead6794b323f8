"""Logistic regression of two classes with a ridge penalty, as a first course writes it."""

from sympy import log

from symgraph import Model, sigmoid

model = Model("logistic", doc="Three features, a bias, cross entropy, a ridge penalty.")
x1, x2, x3 = model.features("x1 x2 x3")
y = model.target("y", domain=(0, 1))
w1, w2, w3, b = model.weights("w1 w2 w3 b", init=0.1)
lam = model.constant("lam", 0.05)

z = model.node("z", w1 * x1 + w2 * x2 + w3 * x3 + b)
p = model.output("p", sigmoid(z))
model.loss(-y * log(p) - (1 - y) * log(1 - p))
model.penalty(lam * (w1**2 + w2**2 + w3**2))
