"""The gallery: one HTML page that shows media files with their prompts and models, offline."""
