"""The setting that meets a target."""
