# model: perceptron
# function: adam
# mistake: the bias correction of both moments is forgotten
import numpy as np


def adam(W, dW, m, v, t, lr, beta1, beta2, epsilon):
    m = beta1 * m + (1 - beta1) * dW
    v = beta2 * v + (1 - beta2) * dW**2
    W = W - lr * m / (np.sqrt(v) + epsilon)
    return W, m, v
