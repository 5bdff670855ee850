"""Runs requests: sends them, waits, saves their files, and picks up jobs of earlier processes."""
