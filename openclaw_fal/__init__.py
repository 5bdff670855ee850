"""fal.ai onboarding and media generation from the shell, with OpenClaw's config."""

__version__ = "0.1.0"
