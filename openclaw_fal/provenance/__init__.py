"""Provenance marks: metadata in a media file that says which model made it.

A mark is spliced into the file and can be removed again; the media data is never re-encoded, so the
file without its mark is byte for byte what fal served. One module per file format; `formats.py`
lists them.
"""
