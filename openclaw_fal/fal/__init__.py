"""The HTTP client for fal: runs, queue, uploads, downloads. Nothing else uses the network."""
