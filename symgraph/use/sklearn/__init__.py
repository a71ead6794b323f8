"""Models as estimators of scikit-learn, fitted by ``symgraph.fit``; the extra ``sklearn``."""

from symgraph.data.extra import library

library("sklearn", "sklearn", "symgraph.sklearn")

from symgraph.use.sklearn.estimators import Classifier, Regressor  # noqa: E402  they are subclasses of its classes
from symgraph.use.sklearn.families import linear, softmax  # noqa: E402

__all__ = ["Classifier", "Regressor", "linear", "softmax"]
