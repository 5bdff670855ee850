"""Printing: results, errors, tables and progress."""
