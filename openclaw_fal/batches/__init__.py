"""Batches: manifests of many requests, each run exactly once."""
