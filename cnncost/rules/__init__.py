"""Floor 2: one cost rule per layer type."""
