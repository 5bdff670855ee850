"""fal.ai onboarding and media generation with OpenClaw's config: a command line, and a library.

    from openclaw_fal import generate

    done = generate("a lighthouse at dawn", sandbox=True)
    print(done.outputs[0].path)

    plan       the exact request, unsent           models, default_model  what each model takes
    generate   send, wait, save                    jobs, cancel           the journal of requests
    submit     send, and leave                     batch, abatch          many, each exactly once
    wait       fetch what was submitted            agenerate              generate for asyncio

`help(openclaw_fal.generate)` says more, and which errors are raised: each is an OpenClawFalError.
In tests, OPENCLAW_FAL_SANDBOX=1 makes real files at no cost, without a key and a network;
`openclaw sandbox serve` is one that outlasts a call, as submit and wait need it.

Importing this package loads nothing: each name is fetched from its module when it is first used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # as type checkers know it; `typing` itself takes as long as `--version`
if TYPE_CHECKING:
    from openclaw_fal.api import cancel, default_model, generate, jobs, models, plan, submit, wait
    from openclaw_fal.batches.library import BatchResult, abatch, agenerate, batch
    from openclaw_fal.errors import (
        AuthError,
        BillingError,
        BudgetError,
        CapabilityError,
        Conflict,
        ContentPolicy,
        Interrupted,
        JobFailed,
        LocalError,
        OpenClawFalError,
        RateLimited,
        TimedOut,
        Unreachable,
        UsageError,
        Violation,
    )
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import (
        Adjusted,
        Generated,
        Ignored,
        ImageRequest,
        MusicRequest,
        Output,
        Plan,
        Reference,
        VideoRequest,
    )
    from openclaw_fal.progress import Progress

__all__ = [
    "Adjusted",
    "AuthError",
    "BatchResult",
    "BillingError",
    "BudgetError",
    "CapabilityError",
    "Conflict",
    "ContentPolicy",
    "Generated",
    "Ignored",
    "ImageRequest",
    "Interrupted",
    "Job",
    "JobFailed",
    "LocalError",
    "MusicRequest",
    "OpenClawFalError",
    "Output",
    "Plan",
    "Progress",
    "RateLimited",
    "Reference",
    "TimedOut",
    "Unreachable",
    "UsageError",
    "VideoRequest",
    "Violation",
    "__version__",
    "abatch",
    "agenerate",
    "batch",
    "cancel",
    "default_model",
    "generate",
    "jobs",
    "models",
    "plan",
    "submit",
    "wait",
]

_FUNCTIONS = {"cancel", "default_model", "generate", "jobs", "models", "plan", "submit", "wait"}
_MODULES = {
    **dict.fromkeys(("BatchResult", "abatch", "agenerate", "batch"), "batches.library"),
    "Job": "journal.record",
    "Progress": "progress",
    **dict.fromkeys(
        (
            "Adjusted",
            "Generated",
            "Ignored",
            "ImageRequest",
            "MusicRequest",
            "Output",
            "Plan",
            "Reference",
            "VideoRequest",
        ),
        "media",
    ),
    **dict.fromkeys(_FUNCTIONS, "api"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
