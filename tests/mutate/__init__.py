"""Breaks the program on purpose, one small change at a time, and sees whether the suite notices.

    python -m tests.mutate                 # all mutations, in copies of this checkout
    python -m tests.mutate --only fsync    # those whose name holds a word

Each mutation of `table.py` names the tests that guard what it breaks. They are run in a copy of
the checkout with that one change; a mutation that they do not notice survives, and the exit status
is 1. A mutation whose text is no longer in the file is an error: it would prove nothing.
"""
