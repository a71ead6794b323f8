"""Models, modules and families as estimators of scikit-learn."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError
from symgraph.use.sklearn import Classifier, Regressor, linear, softmax

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 3.0 + 0.1 * RNG.normal(size=60)
LABELS = np.array(["cat", "dog", "eel"])[np.digitize(X @ [1.0, 1.0, 0.0] + 0.5 * RNG.normal(size=60), [-0.7, 0.7])]
TIMES = np.column_stack([np.linspace(0.0, 4.0, 40), RNG.normal(size=40)])
LEVELS = 2.0 * np.exp(-0.7 * TIMES[:, 0]) + 0.3 * TIMES[:, 1] + 0.01 * RNG.normal(size=40)


def decay(loss: str = "linear") -> Model:
    """Return a curve in two named features."""
    model = Model("decay")
    (t, u), (a, k, b), y = model.features("t u"), model.weights("a k b", init=1.0), model.target("y")
    model.residual(model.output("level", a * sp.exp(-k * t) + b * u) - y, loss=loss, f_scale=0.02)
    return model


def two_classes() -> Model:
    """Return logistic regression by bce_with_logits."""
    model = Model("two_classes")
    (x1, x2, x3), (a, b, c, d), _ = model.features("x1:4"), model.weights("a b c d", init=0.0), model.target("y")
    model.output("logit", a * x1 + b * x2 + c * x3 + d)
    model.loss("bce_with_logits")
    model.penalty((a**2 + b**2 + c**2) / 2)
    return model


def counts(features: int) -> Model:
    """Return Poisson regression in any number of features."""
    model = Model("counts")
    x, w, _ = model.features(f"x1:{features + 1}"), model.weights(f"w0:{features + 1}", init=0.1), model.target("y")
    model.output("rate", sp.exp(sp.Add(w[0], *(a * b for a, b in zip(w[1:], x, strict=True)))))
    model.likelihood("poisson")
    return model


@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_linear_is_ridge_regression(alpha: float) -> None:
    ours, theirs = Regressor(linear, constants={"alpha": alpha}).fit(X, Y), Ridge(alpha).fit(X, Y)
    assert np.allclose(ours.result_.w, [*theirs.coef_, theirs.intercept_], rtol=1e-10)  # what Ridge's normal equations leave
    assert np.allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)


def test_softmax_is_logistic_regression() -> None:
    # with K sets of slopes theirs has another penalty than ours with K - 1, unless there are two classes
    chosen = LABELS != "eel"
    ours = Classifier(softmax, constants={"alpha": 0.5}).fit(X[chosen], LABELS[chosen])
    theirs = LogisticRegression(C=2.0, tol=1e-10).fit(X[chosen], LABELS[chosen])
    assert ours.classes_.tolist() == ["cat", "dog"]
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)  # of its search
    assert np.allclose(ours.predict_log_proba(X), np.log(ours.predict_proba(X)), atol=1e-12)
    free = [Classifier(constants={"alpha": 0.0}).fit(X, LABELS), LogisticRegression(C=np.inf, tol=1e-10).fit(X, LABELS)]
    assert np.allclose(free[0].predict_proba(X), free[1].predict_proba(X), atol=1e-5)
    assert free[0].score(X, LABELS) == free[1].score(X, LABELS)
    labels = np.where(LABELS == "cat", "cat", "other")
    ours, theirs = Classifier(two_classes()).fit(X, labels), LogisticRegression(tol=1e-10).fit(X, labels)
    assert np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert set(ours.predict(X)) == {"cat", "other"}


@pytest.mark.parametrize("given", [decay("linear"), decay("huber"), symgraph.compile(decay("soft_l1"))], ids=repr)
def test_a_row_of_weight_2_counts_as_two_rows(given: Any) -> None:
    weights = np.arange(40) % 4.0
    start = {"a": 2.0, "k": 0.7, "b": 0.3}
    by_weight = Regressor(given, start=start, starts=3, random_state=1).fit(TIMES, LEVELS, sample_weight=weights)
    often = np.repeat(np.arange(40), weights.astype(int))
    by_rows = Regressor(given, start=start).fit(TIMES[often], LEVELS[often])
    assert np.allclose(by_weight.result_.w, by_rows.result_.w, rtol=1e-7)  # of robust losses, whose searches end otherwise
    score = by_rows.score(TIMES[often], LEVELS[often])
    assert by_weight.score(TIMES, LEVELS, weights) == pytest.approx(score, rel=1e-6, abs=0.0)
    assert by_weight.result_.problem.rows.n == 30  # those of weight 0 are left out
    assert by_weight.result_.problem.start.tolist() == [2.0, 0.7, 0.3]
    for bad, said in ((-weights, "Negative"), (0.0 * weights, "must contain at least one non-zero number")):
        with pytest.raises(ValueError, match=said):
            Regressor(given).fit(TIMES, LEVELS, sample_weight=bad)


def test_one_sample_weight_is_that_of_every_row() -> None:
    ours, theirs = Regressor().fit(X, Y, sample_weight=4.0), Ridge(1.0).fit(X, Y, sample_weight=4.0)
    assert np.allclose(ours.result_.w, [*theirs.coef_, theirs.intercept_], rtol=1e-10)  # what Ridge's normal equations leave


def test_a_frame_gives_a_model_its_features_by_name() -> None:
    frame = pd.DataFrame({"u": TIMES[:, 1], "more": 0.0, "t": TIMES[:, 0]})
    by_name, by_place = Regressor(decay()).fit(frame, LEVELS), Regressor(decay()).fit(TIMES, LEVELS)
    assert by_name.feature_names_in_.tolist() == ["u", "more", "t"]
    assert np.array_equal(by_name.predict(frame), by_place.predict(TIMES))
    with pytest.raises(ValueError, match="feature names should match"):
        by_name.predict(frame[["t", "u", "more"]])
    with pytest.raises(DataError, match="X has no column 't', a feature of decay; it has u, more"):
        Regressor(decay()).fit(frame[["u", "more"]], LEVELS)
    with pytest.raises(DataError, match="X has 3 columns; decay has 2 features: t, u"):
        Regressor(decay()).fit(frame.to_numpy(), LEVELS)
    two, turned = frame[["u", "t"]], TIMES[:, ::-1]  # a family tells its features by their places
    assert np.array_equal(Regressor().fit(two, LEVELS).predict(two), Regressor().fit(turned, LEVELS).predict(turned))


def test_a_model_with_several_targets_predicts_all_outputs() -> None:
    model = Model("pair")
    x, (p, q), (a, b) = model.feature("x"), model.targets("p q"), model.weights("a b", init=0.5)
    first, second = model.outputs("p_hat q_hat", a * x, b * x**2)
    model.residual(first - p, second - q)
    y = np.column_stack([2.0 * X[:, 0], 3.0 * X[:, 0] ** 2])
    fitted = Regressor(model).fit(X[:, :1], y, sample_weight=np.arange(60.0))
    assert np.allclose(fitted.result_.w, [2.0, 3.0], rtol=1e-14)
    assert (fitted.predict(X[:, :1]).shape, fitted.score(X[:, :1], y)) == ((60, 2), 1.0)


def test_families_of_likelihoods_predict_the_output_and_equal_models_share_one_compilation() -> None:
    columns, y = X[:, :2], RNG.poisson(np.exp(0.5 + X @ [0.3, -0.2, 0.0]))
    ours, theirs = Regressor(counts).fit(columns, y), PoissonRegressor(alpha=0.0, tol=1e-10).fit(columns, y)
    assert np.allclose(ours.predict(columns), theirs.predict(columns), rtol=1e-6)
    with pytest.raises(DataError, match="a count"):
        Regressor(counts).fit(columns, Y)
    for other in (clone(Regressor(counts)), Regressor(counts(2))):
        assert other.fit(columns, y).module_ is ours.module_
    assert Regressor(counts).fit(X[:, :1], y).module_ is not ours.module_


@pytest.mark.parametrize("given", [linear, linear(3), symgraph.compile(linear(3))], ids=["family", "model", "module"])
def test_estimators_are_cloned_and_pickled(given: Any) -> None:
    fitted = Regressor(given, constants={"alpha": 2.0}).fit(X, Y, sample_weight=np.arange(60.0))
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301  made here
    assert np.array_equal(copy.predict(X), fitted.predict(X))
    assert copy.result_.report() == fitted.result_.report()
    again = clone(fitted)
    assert not hasattr(again, "result_")
    assert np.array_equal(again.fit(X, Y, sample_weight=np.arange(60.0)).predict(X), fitted.predict(X))


@pytest.mark.parametrize("processes", [None, pytest.param(2, marks=pytest.mark.slow)])  # which start for 4 seconds
def test_a_grid_is_searched_over_constants_in_a_pipeline(processes: int | None) -> None:
    grid = {"regressor__constants__alpha": [0.1, 100.0]}
    ours = GridSearchCV(make_pipeline(StandardScaler(), Regressor(linear)), grid, n_jobs=processes, cv=2).fit(X, Y)
    theirs = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 100.0]}, cv=2).fit(X, Y)
    assert np.allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-9)
    assert ours.best_params_ == {"regressor__constants__alpha": theirs.best_params_["ridge__alpha"]}
    of_classes = GridSearchCV(Classifier(), {"constants": [{"alpha": 0.1}, {"alpha": 1.0}]}, cv=2).fit(X, LABELS)
    assert set(of_classes.best_params_["constants"]) == {"alpha"}


def test_a_constant_that_is_set_leaves_the_others_as_they_were() -> None:
    """As a search over one of them does; a model is looked at by fit alone."""
    regressor = Regressor(None, constants={"alpha": 1.0, "beta": 2.0}).set_params(constants__alpha=5.0)
    assert regressor.constants == {"alpha": 5.0, "beta": 2.0}
    one = Regressor(constants={"alpha": 2.0})
    assert one.get_params()["constants__alpha"] == 2.0
    assert one.set_params(constants__alpha=3.0, starts=2).constants == {"alpha": 3.0}
    assert Regressor().set_params(constants__alpha=3.0).constants == {"alpha": 3.0}
    assert "constants__alpha" not in one.get_params(deep=False)
    assert "alpha" in one._repr_html_()
    with pytest.raises(ValueError, match="Invalid parameter 'alpha'"):
        one.set_params(alpha=1.0)


def test_models_that_are_no_regressor_or_classifier_and_constants_that_are_none_are_refused() -> None:
    blind = Model("blind")
    x, y = blind.feature("x"), blind.target("y")
    blind.loss((blind.weight("a") * x - y) ** 2)
    two = LABELS == "cat"
    for estimator, given, error, said in (
        (Regressor(3), (X, Y), OptionError, r"model must be a symgraph\.Model, a module, or a function that returns one"),
        (Regressor(lambda _: 3), (X, Y), OptionError, r"model must return a symgraph\.Model, not 3"),
        (Regressor(blind), (X[:, :1], Y), OptionError, r"blind has no output to predict; declare one with model\.output"),
        (Classifier(two_classes()), (X, LABELS), DataError, "y has 3 classes; two_classes has 2"),
        (Classifier(softmax(3, 3)), (X, two), DataError, "y has 2 classes; softmax has 3"),
        (Classifier(linear(3)), (X, two), OptionError, "loss of linear is no negative logarithm of a probability of classes"),
        (Classifier(), (X, np.zeros(60)), ValueError, r"y has one class, .*; a classifier needs two"),
        (Regressor(constants={"beta": 1.0}), (X, Y), ValueError, "beta"),
        (Regressor(decay(), constants={"beta": 1.0}), (TIMES, LEVELS), OptionError, "decay has no constants; leave out beta"),
        (Regressor(constants=3), (X, Y), OptionError, "constants must be values by name, not 3"),
    ):
        with pytest.raises(error, match=said):
            estimator.fit(*given)
