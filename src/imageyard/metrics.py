"""Prometheus metrics, low-cardinality labels only."""
