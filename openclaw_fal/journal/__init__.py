"""The journal of jobs, in SQLite."""
