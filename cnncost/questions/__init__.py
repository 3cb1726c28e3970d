"""Floor 6: what one asks of costs: closed forms, targets, sweeps, explanations, differences, limits."""
