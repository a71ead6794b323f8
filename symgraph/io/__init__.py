"""Files: settings, data, weights, built modules and the checks before one is trusted."""
