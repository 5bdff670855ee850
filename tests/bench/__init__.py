"""What the program costs beside the network: time, memory and requests, against goals.

    python -m tests.bench                     everything, 11 rounds: a few minutes
    python -m tests.bench --runs 21 --only start-up
    python -m tests.bench --json bench.json

Every command runs as a process of its own, against sandboxes in processes of their own, with a home
of its own and the console script where it is installed. All cases run once in each round (A B C
A B C …), so that a machine that grows slower slows all of them; a ratio is the median of the ratios
of the rounds. The first round warms up and does not count. Run it on a quiet machine, and quote the
medians with their spread.

The references: `python -c pass`; `import typer`, the floor of every command that has options; a
script with fal's own Python client (submit, wait, download one image), pointed at the same sandbox;
and curl for the large download, where there is one. None of this belongs to the test suite, which
asserts nothing about time. It needs the `test` extra.
"""
