"""The user's files: config, keys, journal, outputs."""
