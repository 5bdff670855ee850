"""OpenClaw's config file: read, edited without a scratch, checked."""
