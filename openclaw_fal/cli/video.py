"""openclaw video generate | models"""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli import option_values, options
from openclaw_fal.cli.groups import Command, MediaNoun, noun_app
from openclaw_fal.cli.media_command import add_models_command, references, run_media
from openclaw_fal.cli.model_options import WHERE, ModelOptions, SizeOptions
from openclaw_fal.cli.option_records import record_options
from openclaw_fal.cli.options import Text, request_option
from openclaw_fal.cli.value_forms import check_form
from openclaw_fal.media import VideoRequest
from openclaw_fal.ui.result import Result

EXAMPLES = """\
Examples:
  openclaw video "waves under a lighthouse"
  openclaw video "it moves" --image photo.png --model fal/fal-ai/wan/v2.2-a14b/image-to-video
  openclaw video "waves" --async                 then: openclaw jobs wait ID
  openclaw video "waves" --resolution 768P --dry-run
See also: openclaw video models, openclaw jobs, openclaw help jobs"""

app = noun_app(
    "Generate videos on fal's queue. `openclaw video PROMPT` generates one.", EXAMPLES, MediaNoun
)


@app.command(cls=Command, epilog=EXAMPLES)
@record_options
def generate(
    ctx: typer.Context,
    prompt_options: options.PromptOptions,
    size_options: SizeOptions,
    model_options: ModelOptions,
    run: options.RunOptions,
    model: options.Model = None,
    image: Annotated[
        list[str] | None,
        request_option("--image", "-i", metavar="FILE|URL|-|last|job:ID", help="Reference image."),
    ] = None,
    video: Annotated[
        list[str] | None,
        request_option(
            "--video",
            metavar="FILE|URL|-|last|job:ID",
            help="Reference video (Seedance reference-to-video).",
        ),
    ] = None,
    audio_ref: Annotated[
        list[str] | None,
        request_option(
            "--audio-ref",
            metavar="FILE|URL|-|last|job:ID",
            help="Reference sound (Seedance reference-to-video).",
        ),
    ] = None,
    duration: Annotated[
        Text, request_option("--duration", metavar="SECONDS", help="Length.")
    ] = None,
    aspect_ratio: Annotated[
        Text, request_option("--aspect-ratio", metavar="W:H", help="For example 16:9.")
    ] = None,
    resolution: Annotated[
        Text, request_option("--resolution", metavar="480P|720P|1080P", help="Short edge.")
    ] = None,
    output_format: Annotated[
        Text, request_option("--output-format", metavar="mp4|webm|gif", help=WHERE)
    ] = None,
    audio: Annotated[
        bool | None,
        request_option("--audio/--no-audio", show_default=False, help="With or without sound."),
    ] = None,
    watermark: Annotated[
        bool | None,
        request_option(
            "--watermark/--no-watermark", hidden=True, help="OpenClaw's; no fal model takes it."
        ),
    ] = None,
) -> Result:
    """Generate a video from a prompt, with reference files where the model takes them."""
    option_values.no_two_stdins(
        prompt_options,
        image=image,
        video=video,
        audio_ref=audio_ref,
    )
    text = option_values.prompt_text(ctx, prompt_options)
    images, videos = references(image, "image"), references(video, "video")
    audios = references(audio_ref, "audio")
    seconds = option_values.duration(duration)
    size = size_options.text()
    for option, value in (
        ("--size", size),
        ("--output-format", output_format),
        ("--aspect-ratio", aspect_ratio),
        ("--resolution", resolution),
    ):
        check_form(option, value)

    def request(endpoint: str) -> VideoRequest:
        return model_options.added_to(
            VideoRequest(
                endpoint,
                text,
                duration=seconds,
                size=size,
                aspect_ratio=aspect_ratio,
                resolution=resolution,
                audio=audio,
                watermark=watermark,
                output_format=output_format,
                images=images,
                videos=videos,
                audio_refs=audios,
            )
        )

    return run_media(ctx.obj, "video", request, model, run, prompt_options)


add_models_command(app, "video", example="fal/bytedance/seedance-2.0/fast/text-to-video")
