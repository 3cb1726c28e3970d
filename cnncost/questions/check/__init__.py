"""Limits held: configuration, snapshots, verdicts."""
