"""The texts of `openclaw help TOPIC`. A test runs every command in them."""

from __future__ import annotations

from openclaw_fal.cli.batch_topic import BATCH
from openclaw_fal.cli.variables import listed

AUTH = """\
AUTH: where the fal key comes from

The first of these that is set and not empty:
  1. FAL_KEY in the environment
  2. FAL_API_KEY in the environment
  3. the key that `openclaw onboard` stored (credentials.toml, readable by you
     alone)
  4. models.providers.fal.apiKey in OpenClaw's config: a string, "${NAME}", or
     {source: "env", provider: "default", id: "NAME"}

Examples:
  openclaw onboard                                  asks for the key and the models
  openclaw onboard --fal-api-key-stdin < key.txt    for scripts
  openclaw onboard --secret-input-mode ref          only that it is in FAL_KEY
  openclaw config show                              which key is in use, masked
  openclaw auth logout                              remove the stored key

`openclaw onboard --keyring` keeps the key in the system's keyring, and the file only
says so (pip install "openclaw-fal[keyring]").

The key goes to fal's API hosts only (or to models.providers.fal.baseUrl), never
to media hosts. Keys are made at https://fal.ai/dashboard/keys.
See also: openclaw help config, openclaw help exit"""

CONFIG = """\
CONFIG: OpenClaw's own file

Where: --config FILE, else $OPENCLAW_CONFIG_PATH, else
$OPENCLAW_STATE_DIR/openclaw.json, else ~/.openclaw/openclaw.json. It is JSON5.
Edits keep every comment, quote and space but the one value.

Examples:
  openclaw config show
  openclaw config set agents.defaults.imageGenerationModel.primary fal/fal-ai/flux/dev
  openclaw config get agents.defaults.imageGenerationModel.primary
  openclaw config set agents.defaults.videoGenerationModel.primary fal/fal-ai/veo3.1 --dry-run
  openclaw config unset agents.defaults.imageGenerationModel
  openclaw config validate

OpenClaw 2026.8.1 moved the defaults to agents.defaults.mediaModels.image,
.video and .music. Either spelling works here; what is written is what the file
at hand uses.

What else is read:
  agents.defaults.imageGenerationModel.fallbacks    models to try after the first
  agents.defaults.imageGenerationModel.timeoutMs    for the whole job
  agents.defaults.mediaMaxMb                        no larger file is saved
  models.providers.fal.baseUrl                      another address for fal
  models.providers.fal.apiKey                       see `openclaw help auth`

In the environment (`openclaw config show` lists what is set):
"""
CONFIG += listed() + "\nSee also: openclaw help models, openclaw help auth"

MODELS = """\
MODELS: which model, and what it takes

A model ref is fal/ and a fal endpoint id: fal/fal-ai/flux/dev. The model of a
command is --model, else the config's default, else the built-in default. Any fal
endpoint can be named; the known ones are checked against what they take before
anything is sent.

Examples:
  openclaw models search kling image                   among all endpoints of fal
  openclaw models show fal/fal-ai/veo3.1               its fields, siblings, price
  openclaw models default image fal/fal-ai/nano-banana-2
  openclaw models alias fast fal/fal-ai/flux/schnell   --model fast
  openclaw image models                                all image models
  openclaw image models fal/openai/gpt-image-2         one in full
  openclaw video models
  openclaw music models
  openclaw image "a cat" --size 1024x1536 --dry-run    the exact request, unsent
  openclaw image "a cat" --param guidance_scale=3.5    a field as it is

An option is sent, or reported as ignored or adjusted, or refused before the
request (status 5). Nothing is dropped in silence; with --strict (or
OPENCLAW_FAL_STRICT=1) an ignored option is refused, too.
See also: openclaw help json, openclaw help config"""

OUTPUT = """\
OUTPUT: where files go

Without --output, into the current folder, under the words of the prompt. An
existing file stays, and the new one gets the next free number, unless
--overwrite. The extension asks for the format (cat.jpg, where the model makes
JPEG), and is always true to the bytes; a note says when a name had to change.

Examples:
  openclaw image "a lighthouse"                             a-lighthouse.png
  openclaw image "a lighthouse" -o shots/                   in that folder
  openclaw image "a lighthouse" -n 2 -o out.png             out-1.png, out-2.png
  openclaw image "a lighthouse" -o "{date}-{prompt}.{ext}"

Templates know {prompt} {model} {date} {time} {seed} {id} {n} {ext}. stdout holds
the paths, one a line; everything else goes to stderr.
  --quiet      the paths alone
  --open       opens the files when they are there
  --preview    shows images in the terminal (pip install "openclaw-fal[preview]")
See also: openclaw help json, openclaw help jobs"""

JOBS = """\
JOBS: nothing paid for is lost, and nothing is paid for twice

Every request is in a journal before it leaves. Whatever happens afterwards
(Ctrl-C, a lost connection, a full disk, a crash), the job can be picked up again,
and no request is sent twice.

Examples:
  openclaw video "waves" --async         submit, print the job id, leave
  openclaw jobs list                     newest first; --state, --kind, --model
  openclaw jobs show 7k2m                one in full; an id can be cut short
  openclaw jobs wait 7k2m                wait, fetch, save where it was meant to go
  openclaw jobs cancel 7k2m              ask fal to stop it; it may still finish
  openclaw jobs prune --older-than 30    forget finished jobs, not their files

States:
  sending      the request is on its way
  uncertain    it may have reached fal, and no answer came. It is never sent again
               by itself: openclaw jobs reconcile asks fal which request it became
  queued, running
  completed    the result is here, and its files are still to be fetched
  saving, done
  failed, cancelled, not_sent
  expired      fal finished it, and no longer has its files. Only `jobs wait ID` asks
               again; `jobs show ID` has fal's answer

fal keeps results for about an hour at least: wait for a job before that.
See also: openclaw help exit, openclaw help output"""

EXIT = """\
EXIT: the exit statuses

  0    done
  1    a bug or an unforeseen failure
  2    wrong usage
  3    the config or another local file is invalid or cannot be read or written
  4    no key, or fal does not accept it
  5    the request breaks what the model takes; nothing was sent
  6    fal took the job and it failed (validation, content policy, model error)
  7    fal could not be reached, was too busy, or time ran out; says whether a job
       is still running
  8    the account is locked or out of balance
  9    the budget does not allow it; nothing was sent
  130  interrupted

Status 7 is the one to come back to: the job may still be running. With a key of
its own, the same command again is the same job, and never a second bill:
  for attempt in 1 2 3; do
    openclaw video "waves" --output waves.mp4 --key waves-1 && break
    [ $? -eq 7 ] || exit 1
  done
See also: openclaw help json, openclaw help jobs"""

JSON = """\
JSON: one document on stdout, on success and on failure alike

Examples:
  openclaw image "a cat" --json
  openclaw image "a cat" --json --dry-run
  openclaw jobs list --json

Success is OpenClaw's envelope and a few more keys:
  {"ok": true, "capability": "image.generate", "transport": "local",
   "provider": "fal", "model": "fal-ai/flux/dev", "attempts": [],
   "outputs": [{"path", "mimeType", "size", "width", "height", "url"}],
   "ignoredOverrides": [{"key", "value", "reason"}],
   "adjustedOverrides": [{"key", "requested", "applied", "reason"}],
   "requestId", "jobId", "seed", "billableUnits"}

Failure:
  {"ok": false, "capability", "model",
   "error": {"code", "message", "hint", "status", "requestId", "jobId",
             "violations": [{"key", "value", "message", "supported", "closest"}]}}
code is one of: usage, config, auth, capability, job_failed, content_policy,
network, timeout, rate_limited, billing, budget, conflict,
interrupted, internal.

Dry run:
  {"ok": true, "dryRun": true, "capability", "provider", "model",
   "request": {"method", "url", "body"}, "ignoredOverrides", "adjustedOverrides"}
See also: openclaw help exit, openclaw help output"""

SANDBOX = """\
SANDBOX: a fal on this machine

It checks requests as fal does, answers with its errors, and makes real PNG, JPEG,
WebP, MP4, MP3 and WAV files: no key, no network, no cost.

Examples:
  openclaw image "a lighthouse" --sandbox    start one, use it, stop it
  openclaw sandbox serve                     for other programs, until Ctrl-C
  openclaw sandbox serve --port 0 --dials "latency=0.2,queue-length=3,run-time=2"

In the environment:
  OPENCLAW_FAL_SANDBOX=1         every command uses the sandbox
  OPENCLAW_FAL_SANDBOX_DIALS     how slow, how busy, how broken it is, such as
                                 queue-length=3,run-time=2 or
                                 fail=submit:503:2 or content-policy

Status 7 can be rehearsed: paste the lines that this prints into another terminal,
  openclaw sandbox serve --dials run-time=20
let `openclaw video "waves" --timeout-ms 5000` run out of time, then wait for the job.

Programs beside it can GET /_sandbox/ledger (what was taken and billed), and GET or
PUT /_sandbox/dials. Its money is of its own; nothing is paid.

"""
"""The command `help` appends the list of dials."""

MONEY = """\
MONEY: what it costs, what was spent, and limits that hold

fal's prices come with a refresh of the models, and are kept with their date.
A price is shown before a request (--dry-run) and after it, with its source:
  history   the largest bill of your own earlier jobs with the same options
  units     units that follow from the request, times fal's price
  assumed   what --assume-cost says
  unknown   no price is known, or fal bills compute time: nothing is guessed

Limits:
  openclaw budget set 20 --per month
  openclaw budget set 2.50 --per day --model 'fal-ai/veo*'
  openclaw budget show

A request that does not fit ends with status 9, and is not sent. So does one
whose price is unknown, unless --assume-cost USD says what to count it as. A
limit holds for all processes that use this journal on this machine; others
spend on their own. What fal bills above an estimate is counted, and stops the
next request. Jobs that may have been billed count until that is known.

What was spent:
  openclaw spend
  openclaw spend --since 7d --by day

Sandbox money is no money: it counts nowhere. Only --max-spend holds in the
sandbox, too, so that status 9 can be tried: --max-spend 0.02 --sandbox
See also: openclaw help jobs, openclaw help exit"""

PROVENANCE = """\
PROVENANCE: where a file came from

Each file is marked before it gets its name: with IPTC's word for "made by a
model", which model, when, and fal's request id. Programs that read XMP find it.
Nothing is decoded or encoded again, and a mark comes out without a trace.

  --provenance mark      the default; OPENCLAW_FAL_PROVENANCE sets another
  --provenance full      also the prompt, the options, the body and the seed:
                         what it takes to make the file again. Reference files
                         are their SHA-256
  --provenance sidecar   all of that in FILE.json, and nothing in the file
  --provenance off       nothing

Never in a file: a key, an account, a path, the name of a file or of a person.

PNG, JPEG, WebP, MP4, MP3 and WAV can hold a mark. A file of another kind, one
without room, and one that carries content credentials (C2PA), which any change
would break, gets a sidecar instead.

Examples:
  openclaw provenance show lighthouse.png
  openclaw provenance verify lighthouse.png
  openclaw provenance strip lighthouse.png --output plain.png

With pip install "openclaw-fal[c2pa]", verify checks content credentials.
See also: openclaw help output, openclaw help json"""
SECURITY = """\
SECURITY: what is kept where, and who sees it

The key: in credentials.toml in your user config folder, readable by you alone; in
the system's keyring with --keyring; or only a reference with --secret-input-mode
ref. It goes to fal's API hosts, or to models.providers.fal.baseUrl; never to media
hosts, never to a redirect's target.
Prompts and options: in the journal (jobs.sqlite3 in your user state folder,
readable by you alone), and at fal. Reference files stay where they are: they
travel inside the request when small, and are uploaded to fal first when large.
Results: where you asked. fal keeps them for a while under unlisted public URLs.

Nothing else is contacted: no telemetry, no update check. A base URL on plain http
is refused outside this machine unless OPENCLAW_FAL_ALLOW_HTTP=1. Text from servers
cannot write control sequences to your terminal, and file names from servers are
not used. Proxies (HTTPS_PROXY, ALL_PROXY, NO_PROXY) and private authorities
(SSL_CERT_FILE, SSL_CERT_DIR) count for requests, uploads and downloads alike.

Examples:
  openclaw config show
  openclaw onboard --secret-input-mode ref
See also: openclaw help auth"""

TOPICS: dict[str, str] = {
    "auth": AUTH,
    "config": CONFIG,
    "models": MODELS,
    "output": OUTPUT,
    "jobs": JOBS,
    "money": MONEY,
    "provenance": PROVENANCE,
    "batch": BATCH,
    "exit": EXIT,
    "json": JSON,
    "sandbox": SANDBOX,
    "security": SECURITY,
}
ABOUT: dict[str, str] = {
    "auth": "where the fal key comes from",
    "config": "OpenClaw's own file, and the environment",
    "models": "which model, and what it takes",
    "output": "where files go, and under which names",
    "jobs": "picking up what was interrupted",
    "money": "what it costs, and limits on what may be spent",
    "provenance": "the marks in files, and sidecars",
    "batch": "many requests from a manifest, each exactly once",
    "exit": "the exit statuses",
    "json": "the documents of --json",
    "sandbox": "a fal on this machine, and its dials",
    "security": "what is kept where, and who sees it",
}
ALIASES = {
    "exit-status": "exit",
    "exit-statuses": "exit",
    "status": "exit",
    "statuses": "exit",
    "cost": "money",
    "costs": "money",
    "price": "money",
    "prices": "money",
    "limits": "money",
    "sidecar": "provenance",
    "mark": "provenance",
    "key": "auth",
    "keys": "auth",
    "model": "models",
    "job": "jobs",
    "dials": "sandbox",
    "batches": "batch",
    "manifest": "batch",
    "privacy": "security",
    "envelope": "json",
}
