"""Models with their likelihoods as textbooks write them, for readers."""

from sympy import Integer, evaluate

from symgraph.spec.likelihoods import LIKELIHOODS
from symgraph.spec.model import Model


def textbook(model: Model) -> Model:
    """Return a model with its loss in the form of a textbook, or the model itself where there is no other form."""
    declared = model.likelihood_declared
    form = None if declared is None else LIKELIHOODS[declared.name].textbook
    if declared is None or form is None or len(model.target_inputs) != 1:
        return model
    given = [one if not isinstance(one, int) else Integer(one) for one in declared.parameters]
    with evaluate(True):
        loss = form(model.target_inputs[0].symbol, *given)
    return model.rewritten(model.nodes, loss, model.penalty_expr)
