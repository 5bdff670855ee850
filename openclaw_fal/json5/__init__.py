"""JSON5: read, scan, edit in place in the file's own style. Knows nothing of OpenClaw."""
