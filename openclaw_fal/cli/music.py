"""openclaw music generate | models"""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli import option_values, options
from openclaw_fal.cli.groups import Command, MediaNoun, noun_app
from openclaw_fal.cli.media_command import add_models_command, run_media
from openclaw_fal.cli.model_options import ModelOptions
from openclaw_fal.cli.option_records import record_options
from openclaw_fal.cli.options import Text, request_option
from openclaw_fal.cli.value_forms import format_name
from openclaw_fal.errors import UsageError
from openclaw_fal.media import MusicRequest
from openclaw_fal.ui.result import Result

EXAMPLES = """\
Examples:
  openclaw music "slow piano, rain on a roof" --instrumental
  openclaw music "folk song" --lyrics-file words.txt --output song.mp3
  openclaw music "drone" --model fal/fal-ai/stable-audio-25/text-to-audio --duration 30
See also: openclaw music models"""

app = noun_app(
    "Generate music. `openclaw music PROMPT` is `openclaw music generate PROMPT`.",
    EXAMPLES,
    MediaNoun,
)


@app.command(cls=Command, epilog=EXAMPLES)
@record_options
def generate(
    ctx: typer.Context,
    prompt_options: options.PromptOptions,
    model_options: ModelOptions,
    run: options.RunOptions,
    model: options.Model = None,
    lyrics: Annotated[
        Text, request_option("--lyrics", metavar="TEXT", help="The words to sing.")
    ] = None,
    lyrics_file: Annotated[
        Text,
        request_option(
            "--lyrics-file", metavar="FILE|-", help="A text file with the words to sing."
        ),
    ] = None,
    instrumental: Annotated[
        bool | None,
        request_option("--instrumental/--no-instrumental", show_default=False, help="No singing."),
    ] = None,
    duration: Annotated[
        Text, request_option("--duration", metavar="SECONDS", help="Up to 240.")
    ] = None,
    audio_format: Annotated[
        Text, request_option("--format", metavar="mp3|wav", help="Where the model has a choice.")
    ] = None,
) -> Result:
    """Generate one track of music from a prompt."""
    if lyrics is not None and lyrics_file is not None:
        raise UsageError("the lyrics were given twice", hint="give --lyrics or --lyrics-file")
    option_values.no_two_stdins(
        prompt_options,
        lyrics_file=lyrics_file,
    )
    text = option_values.prompt_text(ctx, prompt_options)
    sung = option_values.file_text(lyrics_file, "the lyrics") if lyrics_file is not None else lyrics
    if sung is not None:
        sung = option_values.utf8("--lyrics", sung)
    seconds = option_values.duration(duration)
    audio_format = format_name("--format", audio_format)

    def request(endpoint: str) -> MusicRequest:
        return model_options.added_to(
            MusicRequest(
                endpoint,
                text,
                lyrics=sung,
                instrumental=instrumental,
                duration=seconds,
                format=audio_format,
            )
        )

    return run_media(ctx.obj, "music", request, model, run, prompt_options)


add_models_command(app, "music", example="fal/fal-ai/minimax-music/v2.6")
