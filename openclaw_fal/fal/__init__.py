"""Speaks HTTP with fal: runs, jobs, uploads, downloads. Nothing else reaches the network."""
