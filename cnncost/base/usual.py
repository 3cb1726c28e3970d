"""What holds where nothing else is said: in every signature, option, configuration and page."""

CONVENTION = "lecture"  # how costs are counted
DTYPE = "float32"  # what numbers are stored as
