"""Names that results of other libraries have, and where a `FitResult` has the same."""

OTHER_NAMES = {
    # lmfit's ModelResult and MinimizerResult
    "best_fit": "predict(X)",
    "best_values": "values",
    "chisqr": "chi2",
    "ci_report": "interval() or profile(name)",
    "conf_interval": "profile(name)",
    "covar": "covariance",
    "eval": "predict(X)",
    "eval_uncertainty": "confidence_band(X)",
    "fit_report": "report()",
    "init_values": "problem.start",
    "ndata": "statistics.n",
    "nfree": "dof",
    "params": "values and errors, by the names of weights",
    "plot_fit": "plot()",
    "plot_residuals": "plot()",
    "redchi": "reduced_chi2",
    "rsquared": "r2",
    "var_names": "names",
    # SciPy's OptimizeResult, statsmodels' results and scikit-learn's estimators
    "bse": "stderr",
    "coef_": "w, or values by name",
    "conf_int": "interval()",
    "cost": "found.cost",
    "cov_params": "covariance",
    "fun": "found.cost, or residual",
    "nfev": "found.calls",
    "njev": "found.derivatives",
    "popt": "w, or values by name",
    "pcov": "covariance",
    "perr": "stderr, or errors by name",
    "resid": "residual",
    "summary": "report()",
    "x": "w, or values by name",
}
"""By a name elsewhere the name here; a test asks a result for each."""
