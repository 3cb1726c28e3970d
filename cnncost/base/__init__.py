"""Floor 1: errors, exact columns, polynomials, units and limits: what everything else is written with."""
