"""The immutable values of requests and results, which all rooms share.

Field names are Python's; `parameters.KEYS` maps them to the specification's parameter names, which
messages and JSON documents use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from openclaw_fal.frozen import Frozen

if TYPE_CHECKING:
    from openclaw_fal.money.cost import Cost

Kind = Literal["image", "video", "music"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MediaType = Literal["image", "video", "audio"]
Priority = Literal["normal", "low"]
EndpointKind = Literal["image", "video", "music", "other"]
# JSON from outside: the type of a value is checked where it is used.
Json = Mapping[str, Any]
Schema = Json  # JSON Schema: its keywords hold any JSON

# The specification's default model of each kind, as an endpoint id.
DEFAULT_MODELS: dict[Kind, str] = {
    "image": "fal-ai/flux/dev",
    "video": "fal-ai/minimax/video-01-live",
    "music": "fal-ai/minimax-music/v2.6",
}
PRESET_SIZES: Mapping[str, tuple[int, int]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""Width and height of the presets that `image_size` takes (fal's model pages), in pixels."""
REFERENCES: dict[str, MediaType] = {"images": "image", "videos": "video", "audio_refs": "audio"}


class Reference(Frozen):
    """A reference file as the user gave it: a path, an http(s) URL, or `-` for standard input."""

    source: str
    media: MediaType

    @property
    def is_url(self) -> bool:
        return self.source.lower().startswith(("http://", "https://"))


class Endpoint(Frozen):
    """One endpoint as fal declares it.

    `kind` is what it makes: `other` is text, 3D, data or training. `input` is the JSON Schema of
    the request, `outputs` the names of the fields of the answer.
    """

    id: str
    kind: EndpointKind
    input: Schema
    outputs: tuple[str, ...] = ()

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The declared input fields and the schema of each."""
        properties: Mapping[str, Schema] = self.input.get("properties", {})
        return properties

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(self.input.get("required", ()))

    def first(self, names: Sequence[str]) -> str | None:
        """The first of the names that is declared; one that is required comes before the others."""
        declared = [name for name in names if name in self.properties]
        return next((name for name in declared if name in self.required), (*declared, None)[0])


Given = TypeVar("Given")
Kept = TypeVar("Kept")
Source: TypeAlias = "str | PathLike[str] | Reference"
if TYPE_CHECKING:

    class _Field(Generic[Given, Kept]):
        """A field that takes more types than it keeps."""

        def __get__(self, instance: object, owner: object = None) -> Kept: ...
        def __set__(self, instance: object, value: Given) -> None: ...

    SizeField = _Field[str | Sequence[int] | None, str | None]
    ReferencesField = _Field[Source | Sequence[Source] | None, tuple[Reference, ...]]
    ParamsField = _Field[
        Mapping[str, object] | tuple[tuple[str, object], ...], tuple[tuple[str, object], ...]
    ]
else:
    SizeField = str | Sequence[int] | None
    ReferencesField = Sequence[str | PathLike | Reference]
    ParamsField = Mapping[str, object]
NOT_GIVEN: Any = None
NONE_GIVEN: Any = ()


class _Request(Frozen):
    """The base of requests. It converts arguments: `size` may be a pair of numbers, references a
    path or a list of paths, `params` a dictionary. Raises TypeError for a value of another type."""

    def __init__(self, *args: object, **values: object) -> None:
        super().__init__(*args, **values)
        given = vars(self)
        for name in given:
            if name in REFERENCES:
                given[name] = _references_in(name, given[name], REFERENCES[name])
        if "size" in given:
            given["size"] = _size(given["size"])
        if isinstance(given.get("params"), Mapping):
            given["params"] = tuple(given["params"].items())
        for name in ("model", "prompt"):
            if not isinstance(given[name], str):
                raise TypeError(f"{name} is text, not {type(given[name]).__name__}")


def _size(value: object) -> object:
    """`(1024, 768)` as `1024x768`; text and None as they are."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (tuple, list)) and len(value) == 2:
        width, height = value
        if type(width) is int and type(height) is int:
            return f"{width}x{height}"
    raise TypeError(f"size is text (1024x768) or a pair of numbers (1024, 768), not {value!r}")


def _references_in(name: str, value: object, media: MediaType) -> tuple[Reference, ...]:
    """One reference or several, each a path, a URL or a Reference."""
    sources = [value] if isinstance(value, (str, PathLike, Reference)) else value
    if sources is None:
        return ()
    if not isinstance(sources, (list, tuple)):
        raise TypeError(f"{name} are paths, URLs or References, not {type(value).__name__}")
    for source in sources:
        if not isinstance(source, (str, PathLike, Reference)):
            raise TypeError(f"{name} are paths, URLs or References, not {type(source).__name__}")
    return tuple(
        source if isinstance(source, Reference) else Reference(fspath(source), media)
        for source in sources
    )


class ImageRequest(_Request):
    """One image request. `model` is the endpoint id (what follows `fal/`); None means not given.

    `size` is `1024x768` or (1024, 768). `images` are paths, URLs or References.

    `params` are fields for the body as they are. With `unchecked` those that the endpoint's schema
    refuses, required fields that are missing and ids that look misspelt are reported, not refused.
    """

    model: str
    prompt: str
    count: int | None = None
    size: SizeField = NOT_GIVEN
    aspect_ratio: str | None = None
    resolution: str | None = None
    output_format: str | None = None
    quality: str | None = None
    background: str | None = None
    creativity: str | None = None
    style: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    images: ReferencesField = NONE_GIVEN
    params: ParamsField = NONE_GIVEN
    unchecked: bool = False

    @property
    def kind(self) -> Kind:
        return "image"


class VideoRequest(_Request):
    """One video request. `duration` is in seconds; `audio` is the generated sound on or off."""

    model: str
    prompt: str
    duration: int | float | str | None = None
    size: SizeField = NOT_GIVEN
    aspect_ratio: str | None = None
    resolution: str | None = None
    audio: bool | None = None
    watermark: bool | None = None
    output_format: str | None = None
    style: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    images: ReferencesField = NONE_GIVEN
    videos: ReferencesField = NONE_GIVEN
    audio_refs: ReferencesField = NONE_GIVEN
    params: ParamsField = NONE_GIVEN
    unchecked: bool = False

    @property
    def kind(self) -> Kind:
        return "video"


class MusicRequest(_Request):
    """One music request. `duration` is in seconds; blank `lyrics` count as none."""

    model: str
    prompt: str
    lyrics: str | None = None
    instrumental: bool | None = None
    duration: int | float | str | None = None
    format: str | None = None
    style: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    params: ParamsField = NONE_GIVEN
    unchecked: bool = False

    @property
    def kind(self) -> Kind:
        return "music"


MediaRequest = ImageRequest | VideoRequest | MusicRequest


class Ignored(NamedTuple):
    """An option that was given and is not sent."""

    key: str
    value: object
    reason: str


class Adjusted(NamedTuple):
    """An option that is sent in another form, by rule."""

    key: str
    requested: object
    applied: object
    reason: str


class Plan(Frozen):
    """The exact request for one endpoint, without its host.

    `body` is the JSON input of the endpoint, with a `Reference` wherever the URL of a reference
    file will stand. `model` is the endpoint id that was asked for, `endpoint` the one that the
    request goes to (an edit or image-to-video sibling may differ). `request` is the
    request that the plan was made from, if the plan is to be sent.
    """

    kind: Kind
    model: str
    endpoint: str
    body: dict[str, object]
    ignored: tuple[Ignored, ...] = ()
    adjusted: tuple[Adjusted, ...] = ()
    warnings: tuple[str, ...] = ()
    request: MediaRequest | None = None

    def references(self) -> tuple[Reference, ...]:
        """The distinct references in the body, in order."""
        distinct: dict[Reference, None] = {}
        _replace(self.body, lambda ref: distinct.setdefault(ref))
        return tuple(distinct)

    def filled(self, url_of: Callable[[Reference], object]) -> dict[str, object]:
        """The body with each reference replaced by what `url_of` returns: usually a URL."""
        filled = _replace(self.body, url_of)
        assert isinstance(filled, dict)
        return filled


def _replace(node: object, of: Callable[[Reference], object]) -> object:
    if isinstance(node, Reference):
        return of(node)
    if isinstance(node, dict):
        return {key: _replace(value, of) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_replace(value, of) for value in node]
    return node


class RemoteFile(Frozen):
    """A file in fal's answer. `url` is http, https or data; the rest may be missing or wrong."""

    url: str
    content_type: str | None = None
    file_name: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None


class Marked(Frozen):
    """A part file that was marked as made by a model, or left as it is.

    `path` gets the final name: the part file, or a marked copy beside it. `sha256` is of that file,
    `served_sha256` of the file as fal served it. `sidecar` is the JSON to write beside it;
    `note` is for the user.
    """

    path: Path
    sha256: str | None = None
    served_sha256: str | None = None
    provenance: Literal["embedded", "sidecar", "none"] | None = None
    sidecar: bytes | None = None
    content_credentials: Literal["present", "signed"] | None = None
    note: str | None = None


class Output(Frozen):
    """A saved file: `size` in bytes; `width` and `height` in pixels, `duration` in seconds.

    `sha256` is of the file, `served_sha256` of the file as fal sent it. `provenance` says where the
    mark is (`embedded`, `sidecar`, `none`), `sidecar` is that file.
    """

    path: Path
    mime_type: str
    size: int
    url: str
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    sha256: str | None = None
    served_sha256: str | None = None
    provenance: str | None = None
    sidecar: Path | None = None
    content_credentials: str | None = None
    provenance_note: str | None = None

    def as_json(self) -> dict[str, object]:
        """The file in the `outputs` of JSON documents and in the journal."""
        document: dict[str, object] = {
            "path": str(self.path),
            "mimeType": self.mime_type,
            "size": self.size,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "url": cut_data_uri(self.url),
            "sha256": self.sha256,
            "servedSha256": self.served_sha256,
            "provenance": self.provenance,
            "sidecar": str(self.sidecar) if self.sidecar else None,
            "contentCredentials": self.content_credentials,
            "provenanceNote": self.provenance_note,
        }
        return {key: value for key, value in document.items() if value is not None}


def cut_data_uri(url: str) -> str:
    """`data:image/png;base64,…` as `data:image/png`; any other URL as it is."""
    if url[:5].lower() != "data:":
        return url
    head = url[:200].partition(",")[0]
    return head.partition(";")[0][:100]


class Handle(NamedTuple):
    """A job in fal's queue, and where to ask for it. `queue_position` counts the jobs ahead."""

    request_id: str
    status_url: str
    response_url: str
    cancel_url: str
    queue_position: int | None = None


class Generated(Frozen):
    """The result of a job. `flagged` are the indexes (from 0) of outputs that fal marks as unsafe.

    `submitted_only`: the job is in fal's queue, without outputs yet. `repeated`: it is an earlier
    job with the same key, and nothing was sent.
    """

    job_id: str
    model: str
    outputs: tuple[Output, ...] = ()
    request_id: str | None = None
    seed: int | None = None
    billable_units: str | None = None
    flagged: tuple[int, ...] = ()
    submitted_only: bool = False
    cost: Cost | None = None
    repeated: bool = False
