"""Faults below Python: each system call of a command killed, or failing, and what comes of it.

    python -m tests.syscalls                          # every point of every scenario: hours
    python -m tests.syscalls --only sync --sample 50  # some points, chosen by a seed

A scenario is run once under strace, which records the calls that write, sync, name, remove or send.
Then it is run again, each time in a home of its own and against a fal of its own, with one of these
calls killed, failing with EIO or failing with ENOSPC. `jobs wait` picks up what is left, twice, and
the invariants of `invariants.py` are checked. The end is a table: scenario, call, fault, outcomes.
"""
