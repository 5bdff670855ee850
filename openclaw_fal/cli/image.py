"""openclaw image generate | edit | models"""

from __future__ import annotations

from typing import Annotated

import typer

from openclaw_fal.cli import option_values, options
from openclaw_fal.cli.groups import Command, MediaNoun, noun_app
from openclaw_fal.cli.media_command import add_models_command, references, run_media
from openclaw_fal.cli.model_options import ModelOptions, SizeOptions
from openclaw_fal.cli.option_records import record_options
from openclaw_fal.cli.options import Text, request_option
from openclaw_fal.cli.value_forms import check_form, format_name
from openclaw_fal.errors import UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import ImageRequest
from openclaw_fal.ui.result import Result

EXAMPLES = """\
Examples:
  openclaw image "a lighthouse at dawn"
  openclaw image "a lighthouse" --aspect-ratio 16:9 --count 2 --output lighthouse.png
  openclaw image "a lighthouse" --model fal/openai/gpt-image-2 --quality high --dry-run
See also: openclaw image edit, openclaw image models, openclaw help models"""

EDIT_EXAMPLES = """\
Examples:
  openclaw image edit --file photo.png "make it night"
  openclaw image edit --file last "warmer"           the newest image that was made
  openclaw image edit --file a.png --file b.png --model fal/fal-ai/nano-banana-2 "both in one room"
See also: openclaw image models, openclaw help models"""

app = noun_app(
    "Generate and edit images. `openclaw image PROMPT` is `openclaw image generate PROMPT`.",
    EXAMPLES,
    MediaNoun,
)


class ImageOptions(Frozen):
    """The image options that `generate` and `edit` share."""

    model: options.Model = None
    count: Annotated[int | None, request_option("--count", "-n", help="How many images.")] = None
    aspect_ratio: Annotated[
        Text, request_option("--aspect-ratio", metavar="W:H", help="For example 16:9.")
    ] = None
    resolution: Annotated[
        Text, request_option("--resolution", metavar="1K|2K|4K", help="Long edge.")
    ] = None
    output_format: Annotated[
        Text, request_option("--output-format", metavar="png|jpeg|webp", help="Default: png.")
    ] = None
    quality: Annotated[Text, request_option("--quality", help="For models that take one.")] = None
    background: Annotated[
        Text,
        request_option(
            "--background", metavar="transparent|opaque|auto", help="For models that take one."
        ),
    ] = None
    creativity: Annotated[
        Text, request_option("--creativity", metavar="raw|low|medium|high", help="Krea 2 only.")
    ] = None


@app.command(cls=Command, epilog=EXAMPLES)
@record_options
def generate(
    ctx: typer.Context,
    prompt_options: options.PromptOptions,
    size_options: SizeOptions,
    image_options: ImageOptions,
    model_options: ModelOptions,
    run: options.ImageRunOptions,
    image: Annotated[
        list[str] | None,
        request_option(
            "--image", "-i", metavar="FILE|URL|-|last|job:ID", help="Reference image. Repeatable."
        ),
    ] = None,
) -> Result:
    """Generate images from a prompt, with reference images if you like."""
    return _run(ctx, prompt_options, image, size_options, image_options, model_options, run)


@app.command(cls=Command, epilog=EDIT_EXAMPLES)
@record_options
def edit(
    ctx: typer.Context,
    prompt_options: options.PromptOptions,
    size_options: SizeOptions,
    image_options: ImageOptions,
    model_options: ModelOptions,
    run: options.ImageRunOptions,
    file: Annotated[
        list[str] | None,
        request_option(
            "--file",
            "--image",
            "-i",
            metavar="FILE|URL|-|last|job:ID",
            help="Image to edit. Repeatable.",
        ),
    ] = None,
) -> Result:
    """Edit images: the model's edit endpoint, with the files given by --file."""
    if not file:
        raise UsageError(
            "there is no image to edit", hint=f'{ctx.command_path} --file photo.png "make it night"'
        )
    return _run(ctx, prompt_options, file, size_options, image_options, model_options, run)


def _run(
    ctx: typer.Context,
    prompt_options: options.PromptOptions,
    images: list[str] | None,
    size_options: SizeOptions,
    image_options: ImageOptions,
    model_options: ModelOptions,
    run: options.ImageRunOptions,
) -> Result:
    option_values.no_two_stdins(prompt_options, image=images)
    text = option_values.prompt_text(ctx, prompt_options)
    refs = references(images, "image")
    size = check_form("--size", size_options.text())
    aspect_ratio = check_form("--aspect-ratio", image_options.aspect_ratio)
    resolution = check_form("--resolution", image_options.resolution)
    output_format = format_name("--output-format", image_options.output_format)

    def request(endpoint: str) -> ImageRequest:
        return model_options.added_to(
            ImageRequest(
                endpoint,
                text,
                count=image_options.count,
                size=size,
                aspect_ratio=aspect_ratio,
                resolution=resolution,
                output_format=output_format,
                quality=image_options.quality,
                background=image_options.background,
                creativity=image_options.creativity,
                images=refs,
            )
        )

    return run_media(ctx.obj, "image", request, image_options.model, run, prompt_options)


add_models_command(app, "image", example="fal/openai/gpt-image-2")
