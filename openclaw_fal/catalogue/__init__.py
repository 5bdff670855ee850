"""fal's endpoints as data: read one, search, build, refresh."""
