"""
A formula in a pipeline of scikit-learn
=======================================

``Regressor`` makes a model an estimator that can be scaled, cross-validated and searched. Here a law with two
meaningful weights is compared with generic estimators, also outside the range of the data.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from symgraph import Model
from symgraph.sklearn import Regressor

table = np.genfromtxt("../../data/misra1a.csv", delimiter=",", names=True)
X, y = table["x"][:, None], table["y"]
law = Model.from_formula("y ~ b1*(1 - exp(-b2*x))", ("x", "y"))
estimators = {
    "law": Regressor(law, start={"b1": 500, "b2": 1e-4}),
    "cubic": make_pipeline(StandardScaler(), PolynomialFeatures(3), LinearRegression()),
    "forest": RandomForestRegressor(50, random_state=0),
}
folds = KFold(7, shuffle=True, random_state=0)
for name, estimator in estimators.items():
    scores = cross_val_score(estimator, X, y, cv=folds, scoring="neg_root_mean_squared_error")
    print(f"{name:7s} off by {-scores.mean():.2f}")

# %%
# After ``fit``, ``result_`` is the result of the fit, with standard errors:

law_fitted = estimators["law"].fit(X, y)
for name, value in law_fitted.result_.values.items():
    print(f"{name} = {value:.5g} +- {law_fitted.result_.errors[name]:.2g}")

# %%
# Outside the range of the data only the law is useful:

line = np.linspace(0, 2500, 300)[:, None]
_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for name, estimator in estimators.items():
    axes.plot(line, estimator.fit(X, y).predict(line), label=name)
axes.plot(X, y, "o", color="black", markersize=4, label="data of NIST")
axes.set(xlabel="pressure", ylabel="adsorbed", title="Inside and outside of the data", ylim=(0, 260))
axes.legend(frameon=False)
plt.show()
