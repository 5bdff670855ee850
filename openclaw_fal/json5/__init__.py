"""JSON5: read, scan, edit in place, and keep a file's own style. Knows nothing of OpenClaw."""
