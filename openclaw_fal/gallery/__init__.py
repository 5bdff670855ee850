"""A contact sheet: one HTML page that shows files with what made them, and needs no network."""
