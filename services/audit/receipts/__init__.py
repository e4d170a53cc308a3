"""Receipts answered with proof."""
