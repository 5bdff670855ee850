"""Where a file came from: marks are put into media files, read back, and taken out again.

Nothing is decoded or encoded again: the bytes of a mark are spliced into the file, and without them
the file is what fal served. One file a format; `formats.py` lists them.
"""
