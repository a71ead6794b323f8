# model: logistic
# function: vanilla
# mistake: the step goes up the gradient instead of down
def vanilla(W, dW, lr):
    return [w + lr * d for w, d in zip(W, dW)]
