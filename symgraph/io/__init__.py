"""Files: settings, data, weights, built modules and what must be known before one is trusted."""
