"""scikit-learn's own checks of estimators, on the families that come along; none of them is expected to fail."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from symgraph.use.sklearn import Classifier, Regressor

# checks fit one row, or columns that repeat each other, which leaves weights undetermined, as the warning says
pytestmark = [
    pytest.mark.filterwarnings("ignore::symgraph.FitWarning"),
    pytest.mark.filterwarnings(
        "ignore::symgraph.project.native.loading.NativeWarning"
    ),  # of C that a busy machine takes long to compile
]


@parametrize_with_checks([Regressor(), Classifier()])
def test_scikit_learn_finds_nothing_wrong(estimator: Any, check: Any) -> None:
    check(estimator)
