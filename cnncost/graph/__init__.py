"""Floor 3: tracing a model function writes down a graph of rule applications."""
