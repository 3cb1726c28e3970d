"""Floor 5: what a graph costs: columns of counts, memory, receptive fields, rooflines."""
