"""The help topic on batches, with the recipes for running them elsewhere; tests run them."""

from __future__ import annotations

BATCH = """\
BATCH: thousands of requests, each exactly once

A manifest is JSONL (one object a line) or CSV (a first line with the names). A row
has the options by their JSON names: prompt, model, aspectRatio, count, seed,
durationSeconds, images, params, output … (`openclaw help json`); besides, `id`
(unique; made from the row where it is absent), `kind` (image, video or music) and
`sweep`, lists of values of which the product is taken. A first line may hold
defaults. Paths are relative to the manifest; `job:ID` is the file of a job.

  {"defaults": {"model": "fal/fal-ai/flux/dev", "aspectRatio": "16:9"}}
  {"id": "fox", "prompt": "a red fox", "count": 2}
  {"id": "owl", "prompt": "a grey owl", "sweep": {"seed": [1, 2, 3]}}

Examples:
  openclaw batch plan items.jsonl
  openclaw batch run items.jsonl --out animals/ --max-spend 5 --sandbox
  openclaw image --prompts prompts.txt --output animals/ --sandbox

Each item is sent once: the batch, the id and the request name it in the journal.
After Ctrl-C, a crash or a full account, `openclaw batch resume MANIFEST` fetches what
is at fal and sends what is left, with the options that were given last; `run` again
does so with the options that it is given. An item that may have reached fal is
uncertain, and never sent again by itself. results.jsonl beside the files has a line
for each item that ended. A batch with --sandbox ends with its command: `run` again
makes all of it anew.

Exit status: 0 all done, 6 some failed, 7 something still runs or is uncertain,
9 the budget does not allow more, 5 the manifest has problems.

On several machines, each with its own part of one manifest: a CI matrix. The cache
keeps what was sent and what was made, so that a job that is run again pays nothing
twice.
    jobs:
      animals:
        strategy: {matrix: {part: [1, 2, 3]}, fail-fast: false}
        runs-on: ubuntu-latest
        env:
          FAL_KEY: ${{ secrets.FAL_KEY }}
          OPENCLAW_FAL_HOME: ${{ github.workspace }}/animals/.state
          PART: ${{ matrix.part }}
        steps:
          - uses: actions/checkout@v5
          - uses: actions/cache/restore@v4
            with:
              path: animals
              key: ${{ matrix.part }}-${{ github.run_id }}-${{ github.run_attempt }}
              restore-keys: ${{ matrix.part }}-
          - run: pip install openclaw-fal
          - run: openclaw batch run items.jsonl --out animals/ --shard $PART/3
          - uses: actions/cache/save@v4
            if: always()
            with:
              path: animals
              key: ${{ matrix.part }}-${{ github.run_id }}-${{ github.run_attempt }}

As a cron job that goes on where it was and sends nothing twice, even while the one
before is at work (crontab -e):
    PATH=/home/me/.local/bin:/usr/bin:/bin
    17 * * * *  cd ~/animals && openclaw batch run items.jsonl --out out/ --quiet

In a workflow engine (here Prefect), as a task whose retry never pays twice:
    from openclaw_fal import ImageRequest, submit, wait
    from prefect import task

    @task(retries=3, retry_delay_seconds=60)
    def picture(item_id: str, prompt: str) -> str:
        request = ImageRequest("fal-ai/flux/dev", prompt)
        job = submit(request, key=f"catalogue-2026/{item_id}", output="animals/")
        return str(wait(job.job_id).outputs[0].path)
See also: openclaw help money, openclaw help jobs"""
