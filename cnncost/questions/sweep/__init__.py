"""Sweeping: the cost of every candidate of a design space, by arrays, closed forms or stage tables."""
