"""openclaw help TOPIC"""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli.groups import Command
from openclaw_fal.errors import UsageError
from openclaw_fal.ui.result import Result

AUTH = """\
AUTH: where the fal key comes from

The first of these that is set and not empty:
  1. FAL_KEY in the environment
  2. FAL_API_KEY in the environment
  3. the key that `openclaw onboard` stored (credentials.toml, readable by you alone)
  4. models.providers.fal.apiKey in OpenClaw's config: a string, "${NAME}", or
     {source: "env", provider: "default", id: "NAME"}

  openclaw onboard                                  asks for the key, hidden
  openclaw onboard --fal-api-key-stdin < key.txt    for scripts
  openclaw config show                              says which key is in use, masked

The key goes to fal's API hosts only (or to models.providers.fal.baseUrl), never to media hosts.
See also: openclaw help config, openclaw help exit"""

CONFIG = """\
CONFIG: OpenClaw's own file

Where: --config FILE, else $OPENCLAW_CONFIG_PATH, else $OPENCLAW_STATE_DIR/openclaw.json, else
~/.openclaw/openclaw.json. It is JSON5. Edits keep every comment, quote and space but the one value.

  openclaw config show
  openclaw config get agents.defaults.imageGenerationModel.primary
  openclaw config set agents.defaults.imageGenerationModel.primary fal/fal-ai/flux/dev
  openclaw config set agents.defaults.videoGenerationModel.primary fal/fal-ai/veo3.1 --dry-run
  openclaw config unset agents.defaults.musicGenerationModel
  openclaw config validate

OpenClaw 2026.8.1 moved the defaults to agents.defaults.mediaModels.{image,video,music}. Either
spelling works here; what is written is what the file at hand uses.
OPENCLAW_CONFIG_READONLY=1 refuses every write.
See also: openclaw help models, openclaw help auth"""

MODELS = """\
MODELS: which model, and what it takes

A model ref is fal/ and a fal endpoint id: fal/fal-ai/flux/dev. The model of a command is --model,
else the config's default, else the built-in default. Any fal endpoint can be named; the known ones
are checked against what they take before anything is sent.

  openclaw image models                             all image models and their limits
  openclaw image models fal/openai/gpt-image-2      one in full, with an example
  openclaw video models
  openclaw music models
  openclaw image "a cat" --size 1024x1536 --dry-run the exact request, unsent

An option is sent, or reported as ignored or adjusted, or refused before the request (status 5).
--param key=value adds a field that this program does not know.
See also: openclaw help json, openclaw help config"""

JOBS = """\
JOBS: nothing paid for is lost, and nothing is paid for twice

Every request is in a journal before it leaves. Whatever happens afterwards (Ctrl-C, a lost
connection, a full disk, a crash), the job can be picked up again, and no request is sent twice.

  openclaw video "waves" --async       submit, print the job id, leave
  openclaw jobs list                   newest first; also --state, --kind, --model
  openclaw jobs wait ID                wait, fetch, save where it was meant to go
  openclaw jobs cancel ID              ask fal to stop it; it may still finish
  openclaw jobs prune --older-than 30  forget finished jobs

uncertain: the request may have reached fal, and no answer came. It is never sent again by itself;
look at fal's dashboard first. fal keeps results for about an hour at least.
See also: openclaw help exit"""

EXIT = """\
EXIT: the exit statuses

  0    done
  1    a bug or an unforeseen failure
  2    wrong usage
  3    the config or another local file is invalid or cannot be read or written
  4    no key, or fal does not accept it
  5    the request breaks what the model takes; nothing was sent
  6    fal took the job and it failed (validation, content policy, model error)
  7    fal could not be reached, was too busy, or time ran out; says whether a job is still running
  8    the account is locked or out of balance
  130  interrupted

See also: openclaw help json, openclaw help jobs"""

JSON = """\
JSON: one document on stdout, on success and on failure alike

  openclaw image "a cat" --json
  {"ok": true, "capability": "image.generate", "transport": "local", "provider": "fal",
   "model": "fal-ai/flux/dev", "attempts": [],
   "outputs": [{"path", "mimeType", "size", "width", "height", "url"}],
   "ignoredOverrides": [{"key", "value", "reason"}],
   "adjustedOverrides": [{"key", "requested", "applied", "reason"}],
   "requestId", "jobId", "seed", "billableUnits"}

  On failure: {"ok": false, "capability", "model", "error": {"code", "message", "hint", "status",
   "requestId", "jobId", "violations": [{"key", "value", "message", "supported", "closest"}]}}
  code: usage, config, auth, capability, job_failed, content_policy, network, timeout,
        rate_limited, billing, interrupted, internal

  With --dry-run: {"ok": true, "dryRun": true, "request": {"method", "url", "body"}, …}
Without --json, stdout holds the paths, one a line. Everything else goes to stderr.
See also: openclaw help exit"""

SANDBOX = """\
SANDBOX: a fal on this machine

  openclaw image "a lighthouse" --sandbox    start one, use it, stop it: no key, no network, no cost
  OPENCLAW_FAL_SANDBOX=1                     the same for every command
  openclaw sandbox serve                     serve other programs, and fal's own clients

It checks requests like fal, answers with its errors, and makes real PNG, JPEG, WebP, MP4, MP3 and
WAV files. OPENCLAW_FAL_SANDBOX_DIALS (or --dials) sets latency and faults.
See also: openclaw help jobs"""

TOPICS: dict[str, str] = {
    "auth": AUTH,
    "config": CONFIG,
    "models": MODELS,
    "jobs": JOBS,
    "exit": EXIT,
    "json": JSON,
    "sandbox": SANDBOX,
}
ALIASES = {"exit-status": "exit", "exit-statuses": "exit", "statuses": "exit", "keys": "auth"}

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("help", cls=Command)
def show_help(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]", help=", ".join(TOPICS))
    ] = None,
) -> Result | int:
    """Explain a topic: auth, config, models, jobs, exit, json, sandbox."""
    ctx.obj.capability = "help"
    name = " ".join(topic or ()).lower()
    if not name:
        text = "Topics: " + ", ".join(TOPICS) + "\n`openclaw COMMAND --help` explains a command."
        return Result({"ok": True, "capability": "help", "topics": list(TOPICS)}, out=(text,))
    name = ALIASES.get(name.replace(" ", "-"), name)
    if name not in TOPICS:
        raise UsageError(
            f"there is no topic {name}; there are {', '.join(TOPICS)}",
            hint=f"openclaw {name} --help explains a command",
        )
    document = {"ok": True, "capability": "help", "topic": name, "text": TOPICS[name]}
    return Result(document, out=(TOPICS[name],))
