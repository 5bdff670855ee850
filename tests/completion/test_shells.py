"""The completion scripts in real bash, zsh and fish: what ends up on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.completion import shells
from tests.completion.shells import ALL, SCRIPTS, TAB, Typing
from tests.support.program import KEY, process, write_config
from tests.support.systems import terminals

pytestmark = terminals

MODEL = "fal/krea/v2/medium/text-to-image"
LARGE_KREA = "--model fal/krea/v2/large/text-to-image"
KREA_RATIOS = ["1:1", "4:3", "3:2", "16:9", "2.35:1", "4:5", "2:3", "9:16"]

# What is typed, and the arguments that come of it.
TYPED: list[tuple[str, list[str]]] = [
    (f"openclaw ima{TAB}", ["image"]),
    (f"openclaw-fal mus{TAB}gen{TAB} --instr{TAB}", ["music", "generate", "--instrumental"]),
    (f"openclaw image --model fal/krea/v2/medium/te{TAB}", ["image", "--model", MODEL]),
    (f"openclaw image --model=fal/krea/v2/medium/te{TAB}", ["image", f"--model={MODEL}"]),
    (f"openclaw image models fal/krea/v2/medium/te{TAB}", ["image", "models", MODEL]),
    (f"openclaw image --size 1024x15{TAB}", ["image", "--size", "1024x1536"]),
    (f"openclaw image --aspect-ratio 16{TAB}", ["image", "--aspect-ratio", "16:9"]),
    (f"openclaw image --aspect-ratio 16:{TAB}", ["image", "--aspect-ratio", "16:9"]),
    (f"openclaw image --aspect-ratio=21:{TAB}", ["image", "--aspect-ratio=21:9"]),
    (
        f"openclaw image {LARGE_KREA} --aspect-ratio 2.{TAB}",
        ["image", *LARGE_KREA.split(), "--aspect-ratio", "2.35:1"],
    ),
    (f"openclaw image -i pho{TAB}", ["image", "-i", "photo.png"]),
    (f"openclaw image --prompt-file photo.t{TAB}", ["image", "--prompt-file", "photo.txt"]),
    (f"openclaw image --image=photo.p{TAB}", ["image", "--image=photo.png"]),
    (
        f'openclaw image "a \\"cat" --image photo.p{TAB}',
        ["image", 'a "cat', "--image", "photo.png"],
    ),
    (f"openclaw infer video gen{TAB}", ["infer", "video", "generate"]),
    (
        f"openclaw config set agents.defaults.mediaModels.v{TAB} fal/fal-ai/minimax/v{TAB}",
        [
            "config",
            "set",
            "agents.defaults.mediaModels.video.primary",
            "fal/fal-ai/minimax/video-01-live",
        ],
    ),
    (f"openclaw completion zs{TAB}", ["completion", "zsh"]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bin")


@pytest.fixture
def env(folder: Path) -> dict[str, str]:
    """A shell's environment with the stand-in for the program; a picture in the current folder."""
    Path("photo.png").touch()
    Path("photo.txt").touch()
    return shells.stand_in(folder)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The id of a job that waits in the queue of a fal on loopback."""
    monkeypatch.setenv("FAL_KEY", KEY)
    with Sandbox() as sandbox:
        write_config(sandbox.url)
        yield process("video", "waves", "--async").out.strip()


@pytest.fixture(params=[shells.bash, shells.zsh], ids=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, env: dict[str, str]) -> Iterator[Typing]:
    start: Callable[[dict[str, str]], Typing] = request.param
    with start(env) as typing:
        yield typing


def test_what_is_typed_is_completed(shell: Typing) -> None:
    assert [shell.words(typed) for typed, _ in TYPED] == [words for _, words in TYPED]


def test_values_depend_on_the_model(shell: Typing) -> None:
    every = TAB + ALL  # zsh inserts what its last list held
    words = shell.words(f"openclaw image {LARGE_KREA} --aspect-ratio {every}")
    assert words[words.index("--aspect-ratio") + 1 :] == KREA_RATIOS


def test_job_ids(job: str, shell: Typing) -> None:
    assert shell.words(f"openclaw jobs wait {job[:3]}{TAB}") == ["jobs", "wait", job]
    assert shell.words(f"openclaw jobs show {TAB}") == ["jobs", "show", job]


def test_zsh_takes_the_script_from_the_program_too(env: dict[str, str]) -> None:
    setup = f"unfunction _openclaw 2>/dev/null; source {SCRIPTS / '_openclaw'}"
    with shells.zsh(env, setup) as typing:
        assert typing.words(f"openclaw ima{TAB}") == ["image"]


def test_bash_whose_words_are_not_split_at_colons(env: dict[str, str]) -> None:
    with shells.bash(env, "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}") as typing:
        typed = f"openclaw image --aspect-ratio=16{TAB} --model fal/krea/v2/medium/te{TAB}"
        assert typing.words(typed) == ["image", "--aspect-ratio=16:9", "--model", MODEL]


def test_bash_in_the_middle_of_a_line(env: dict[str, str]) -> None:
    back = "\x02" * len(" tail")
    with shells.bash(env) as typing:
        assert typing.words(f"openclaw vid tail{back}{TAB}")[:2] == ["video", "tail"]


# Fish shows all its candidates without a terminal.
FISH: list[tuple[str, list[str]]] = [
    ("openclaw ima", ["image"]),
    ("openclaw jobs ", ["list", "show", "open", "wait", "reconcile", "cancel", "prune"]),
    ("openclaw image --model fal/krea/v2/medium/te", [MODEL]),
    (f"openclaw image {LARGE_KREA} --aspect-ratio ", KREA_RATIOS),
    ("openclaw image --aspect-ratio=16:", ["--aspect-ratio=16:9"]),
    ("openclaw image -i photo.p", ["photo.png"]),
    ("openclaw image -i pho", ["photo.png"]),
    ("openclaw image --prompt-file pho", ["photo.png", "photo.txt"]),
    ("openclaw image --image=photo.p", ["--image=photo.png"]),
    ('openclaw image "a \\"cat" --image photo.p', ["photo.png"]),
    ('openclaw image "a prompt" ', []),
    ("openclaw-fal completion ", ["bash", "zsh", "fish", "powershell", "install"]),
]


@pytest.mark.parametrize(("line", "offered"), FISH, ids=[line for line, _ in FISH])
def test_fish(env: dict[str, str], line: str, offered: list[str]) -> None:
    assert shells.fish(env, line) == offered


def test_fish_job_ids(job: str, env: dict[str, str]) -> None:
    assert shells.fish(env, "openclaw jobs cancel ") == [job]
