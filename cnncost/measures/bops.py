"""Bit operations, and the size of a model whose numbers have few bits."""

from __future__ import annotations

from cnncost.base.poly import Num
from cnncost.graph.bits import Quantised
from cnncost.graph.graph import Node

PRODUCTS = ("matmul", "einsum", "attention")  # of activations with each other: they have no weights


def bit_operations(node: Node, how: Quantised, default: int) -> Num:
    """Return a layer's multiply-adds times the bits of both factors: weights and activations, or activations twice.

    Source: Bayesian Bits, arXiv:2005.07093: BOPs of a layer are its MACs times the bits of its weights and of its inputs.
    """
    if node.runs == 0:
        return 0
    weights, activations = how.of(node.name, default)
    return node.cost.macs * activations * (activations if node.kind in PRODUCTS else weights)


def stored_bits(node: Node, how: Quantised, default: int) -> Num:
    """Return the bits of a layer's parameters, those that are zero left out. They need not be whole."""
    bits = how.of(node.name, default)[0] * node.cost.params
    if how.density == 1:
        return bits
    return bits * how.density if isinstance(bits, int) else bits * how.density.numerator / how.density.denominator
