"""The user's files: references in, outputs out."""
