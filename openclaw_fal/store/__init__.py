"""The user's folders, the stored key, aliases, and locks."""
