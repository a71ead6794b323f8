"""All that uses built modules: training, fits, estimators, bridges, classes, reports."""
