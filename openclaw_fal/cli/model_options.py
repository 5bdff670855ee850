"""Model options that image, video and music share."""

from __future__ import annotations

from typing import Annotated, TypeVar

from openclaw_fal.cli import option_values, options
from openclaw_fal.cli.options import Text, request_option
from openclaw_fal.errors import UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import ImageRequest, MusicRequest, VideoRequest

Request = TypeVar("Request", ImageRequest, VideoRequest, MusicRequest)
WHERE = "Where the model takes one."


class ModelOptions(Frozen):
    """Options that are sent to the model if its endpoint declares a field for them."""

    style: Annotated[Text, request_option("--style", metavar="WORD", help=WHERE)] = None
    negative_prompt: Annotated[
        Text, request_option("--negative-prompt", metavar="TEXT", help="What to leave out.")
    ] = None
    seed: options.Seed = None
    steps: Annotated[int | None, request_option("--steps", help="Inference steps. " + WHERE)] = None
    guidance: Annotated[
        float | None, request_option("--guidance", help="Guidance scale. " + WHERE)
    ] = None
    param: options.Param = None
    unchecked: Annotated[
        bool,
        request_option(
            "--unchecked", help="Send --param values and models that the known schemas refuse."
        ),
    ] = False

    def added_to(self, request: Request) -> Request:
        """The request with these options."""
        return request.replaced(
            style=self.style,
            negative_prompt=self.negative_prompt,
            seed=self.seed,
            steps=self.steps,
            guidance=self.guidance,
            params=option_values.extra_params(self.param),
            unchecked=self.unchecked,
        )


class SizeOptions(Frozen):
    """A size in pixels: --size, or --width and --height."""

    size: Annotated[
        Text, request_option("--size", metavar="WxH", help="For example 1024x1536.")
    ] = None
    width: Annotated[
        int | None, request_option("--width", min=1, help="In pixels, with --height.")
    ] = None
    height: Annotated[
        int | None, request_option("--height", min=1, help="In pixels, with --width.")
    ] = None

    def text(self) -> str | None:
        """`1024x1536`. Raises UsageError when an edge is missing or the size was given twice."""
        if self.width is None and self.height is None:
            return self.size
        if self.size is not None:
            raise UsageError("the size was given twice", hint="--size, or --width and --height")
        if self.width is None or self.height is None:
            given, missing = ("--width", "--height") if self.width else ("--height", "--width")
            raise UsageError(f"{given} needs {missing}", hint="or --size WIDTHxHEIGHT")
        return f"{self.width}x{self.height}"
