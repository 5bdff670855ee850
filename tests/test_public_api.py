"""The package as a library: what a program imports, and what it gets."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

import openclaw_fal
from openclaw_fal import (
    AuthError,
    BudgetError,
    CapabilityError,
    ContentPolicy,
    Generated,
    ImageRequest,
    JobFailed,
    LocalError,
    MusicRequest,
    OpenClawFalError,
    Progress,
    Reference,
    TimedOut,
    UsageError,
    VideoRequest,
    agenerate,
    batch,
    cancel,
    default_model,
    generate,
    jobs,
    models,
    plan,
    submit,
    wait,
)
from openclaw_fal.money.amount import Dollars
from openclaw_fal.sandbox import SANDBOX_KEY, Dials, Sandbox
from tests.support.program import write_config


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """Run a program of somebody else's, in the test's home and folder."""
    Path("script.py").write_text(textwrap.dedent(script), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "script.py"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_importing_the_package_loads_nothing() -> None:
    done = run_script(
        """
        import sys
        before = set(sys.modules)
        import openclaw_fal
        assert openclaw_fal.__version__
        print([name for name in sys.modules if name not in before and name != "openclaw_fal"])
        """
    )
    assert done.stdout == "[]\n", done.stderr


def test_every_public_name_is_there_and_stays_what_it_is() -> None:
    done = run_script(
        """
        import openclaw_fal
        from openclaw_fal import *
        for name in openclaw_fal.__all__:
            assert getattr(openclaw_fal, name) is globals()[name], name
            assert name in dir(openclaw_fal)
        import importlib, pkgutil
        for module in pkgutil.walk_packages(openclaw_fal.__path__, "openclaw_fal."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        for name in openclaw_fal.__all__:
            assert getattr(openclaw_fal, name) is globals()[name], f"{name} is hidden by a module"
        """
    )
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = openclaw_fal.no_such_name


def test_a_program_generates_an_image() -> None:
    done = run_script(
        """
        from openclaw_fal import ImageRequest, generate

        done = generate(ImageRequest("fal-ai/flux/dev", "a lighthouse", count=2), sandbox=True)
        for output in done.outputs:
            print(output.path.name, output.mime_type, output.width, output.height)
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "a-lighthouse-1.png image/png 1024 768",
        "a-lighthouse-2.png image/png 1024 768",
    ]
    assert done.stderr == ""


def test_a_program_catches_the_errors_of_the_command_line() -> None:
    done = run_script(
        """
        import json
        from openclaw_fal import CapabilityError, ImageRequest, OpenClawFalError, generate

        try:
            generate(ImageRequest("fal-ai/flux/dev", "p", count=9, aspect_ratio="7:5"))
        except OpenClawFalError as error:
            assert isinstance(error, CapabilityError)
            print(json.dumps([error.status, error.code, [v.key for v in error.violations]]))
        """
    )
    assert json.loads(done.stdout) == [5, "capability", ["count", "aspectRatio"]], done.stderr


def test_plan_is_pure_and_exact() -> None:
    reference = Reference("photo.png", "image")
    planned = plan(
        ImageRequest("fal/fal-ai/flux/dev", "p", images=(reference,), background="opaque")
    )
    assert planned.endpoint == "fal-ai/flux/dev/image-to-image"
    assert planned.body["image_url"] == reference
    assert [item.key for item in planned.ignored] == ["background"]
    same = plan(ImageRequest("fal-ai/flux/dev", "p", images=(reference,), background="opaque"))
    assert same == planned


@pytest.mark.parametrize("model", ["", "fal/", "../secrets", "a b", "openai?x"])
def test_a_malformed_model_is_refused(model: str) -> None:
    with pytest.raises(UsageError):
        plan(ImageRequest(model, "p"))


def test_generate_sends_what_plan_says(fal: Sandbox) -> None:
    request = VideoRequest("bytedance/seedance-2.0/text-to-video", "waves", duration=6)
    done = generate(request, output="clips/waves.mp4")
    (post,) = fal.posts()
    assert post.json == plan(request).body
    assert "x-fal-queue-priority" in post.headers  # videos queue by themselves
    assert isinstance(done, Generated)
    (output,) = done.outputs
    assert output.path == Path.cwd() / "clips" / "waves.mp4"
    assert output.duration
    assert output.path.read_bytes() == fal.media(output.url)


def test_what_was_submitted_is_waited_for_or_cancelled(fal: Sandbox) -> None:
    submitted = submit(MusicRequest("fal-ai/minimax-music/v2.6", "piano"), output="rain.mp3")
    assert submitted.submitted_only
    assert submitted.outputs == ()
    assert not Path("rain.mp3").exists()
    done = wait(submitted.job_id, poll_interval_s=0.05)
    assert [output.path.name for output in done.outputs] == ["rain.mp3"]
    assert wait(submitted.job_id).outputs == done.outputs
    assert len(fal.posts()) == 1
    assert cancel(submitted.job_id) == "already_completed"
    fal.dials = Dials(queue_length=100)
    assert cancel(submit(ImageRequest("fal-ai/flux/dev", "p")).job_id) == "requested"


def test_progress_hears_what_happens(fal: Sandbox) -> None:
    class Heard(Progress):
        def __init__(self) -> None:
            self.states: list[str] = []
            self.bytes = 0

        def queued(self, position: int | None) -> None:
            self.states.append("queued")

        def running(self) -> None:
            self.states.append("running")

        def download(self, index: int, done: int, total: int | None) -> None:
            self.bytes = done

    heard = Heard()
    done = generate(
        ImageRequest("fal-ai/flux/dev", "p"), queue=True, poll_interval_s=0.05, progress=heard
    )
    assert heard.states[0] == "queued"
    assert heard.bytes == done.outputs[0].size


def test_a_time_limit_leaves_a_job_that_can_be_picked_up(fal: Sandbox) -> None:
    fal.dials = Dials(queue_length=1000)
    request = ImageRequest("fal-ai/flux/dev", "p")
    with pytest.raises(TimedOut) as caught:
        generate(request, queue=True, timeout_s=0.5, poll_interval_s=0.05)
    assert caught.value.job_id
    fal.dials = Dials()
    assert wait(caught.value.job_id, timeout_s=30, poll_interval_s=0.05).outputs


def test_failures_of_fal_are_errors_of_their_own(fal: Sandbox) -> None:
    request = ImageRequest("fal-ai/flux/dev", "p")
    fal.dials.content_policy = True
    with pytest.raises(ContentPolicy):
        generate(request)
    fal.dials = Dials()
    fal.dials.fail("sync", 500)
    with pytest.raises(JobFailed) as caught:
        generate(request)
    assert caught.value.request_id


def test_there_has_to_be_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config("http://127.0.0.1:9")
    with pytest.raises(AuthError):
        generate(ImageRequest("fal-ai/flux/dev", "p"))


def test_the_variable_of_the_sandbox_holds_for_programs_too(
    fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX", "1")
    assert generate(ImageRequest("fal-ai/flux/dev", "p")).outputs[0].path.exists()
    with pytest.raises(UsageError, match="OPENCLAW_FAL_SANDBOX is on"):
        submit(ImageRequest("fal-ai/flux/dev", "p"))
    (done,) = batch([ImageRequest("fal-ai/flux/dev", "q")])
    assert done.state == "done"
    assert asyncio.run(agenerate(ImageRequest("fal-ai/flux/dev", "r"))).outputs[0].path.exists()
    assert fal.posts() == []


def test_the_key_of_a_sandbox_that_has_ended_is_not_sent_to_fal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAL_KEY", SANDBOX_KEY)
    with pytest.raises(AuthError, match="that of a sandbox, which has ended"):
        generate(ImageRequest("fal-ai/flux/dev", "p"))


@pytest.mark.parametrize("amount", ["0.01", 0.01, Decimal("0.01")])
def test_money_is_given_as_programs_have_it(fal: Sandbox, amount: Dollars) -> None:
    request = ImageRequest("fal-ai/flux/dev", "p")
    for run in (generate, submit):
        with pytest.raises(BudgetError) as caught:
            run(request, max_spend=amount, assume_cost=0.02)
        assert pickle.loads(pickle.dumps(caught.value)).budget == caught.value.budget
    with pytest.raises(BudgetError):
        list(batch([request], max_spend=amount, assume_cost=0.02, output=Path("out")))
    assert fal.posts() == []


def test_what_is_no_amount_no_state_no_kind_and_no_request_is_named() -> None:
    with pytest.raises(TypeError, match="max_spend is US dollars"):
        generate("p", max_spend=[1], sandbox=True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="each request is an ImageRequest"):
        list(batch(["p"], sandbox=True))  # type: ignore[list-item]
    for state in ("nonsense", ["done", "nonsense"]):
        with pytest.raises(UsageError, match="'nonsense': takes sending"):
            jobs(state=state)  # type: ignore[arg-type]
    assert jobs(state="done") == []
    with pytest.raises(UsageError, match="image, video, music"):
        default_model("picture")  # type: ignore[arg-type]


def test_an_unknown_job_is_an_error() -> None:
    with pytest.raises((LocalError, UsageError)):
        wait("nothere")


def test_default_models_come_from_the_config(tmp_path: Path) -> None:
    assert default_model("video") == "fal-ai/minimax/video-01-live"
    config = tmp_path / "other.json"
    config.write_text('{agents: {defaults: {videoGenerationModel: "fal/fal-ai/veo3.1"}}}')
    assert default_model("video", config=str(config)) == "fal-ai/veo3.1"
    config.write_text('{agents: {defaults: {videoGenerationModel: "google/veo"}}}')
    with pytest.raises(OpenClawFalError):
        default_model("video", config=str(config))


def test_models_are_those_that_plan_enforces() -> None:
    listed = {row["model"]: row for row in models("image")}
    count = listed["fal/fal-ai/flux/dev"]["maxCount"]
    assert plan(ImageRequest("fal-ai/flux/dev", "p", count=count)).body["num_images"] == count
    with pytest.raises(CapabilityError):
        plan(ImageRequest("fal-ai/flux/dev", "p", count=count + 1))


def misused() -> None:
    """Read by mypy, which reports an `ignore` that ignores nothing; never called."""
    generate(ImageRequest("m", "p", count="two"))  # type: ignore[arg-type]
    generate(3)  # type: ignore[arg-type]


def used_freely() -> None:
    """Read by mypy: what a request takes beside what it keeps; never called."""
    request = ImageRequest("m", "p", size=(1, 2), images=[Path("a.png"), "b.png"], params={"x": 1})
    generate(request, max_spend=0.25, assume_cost=Decimal("0.1"), output=Path("out"))
    kept: tuple[Reference, ...] = request.images
    del kept


@pytest.mark.exhaustive(only=True)  # mypy reads this file, and `misused`, before each change
def test_the_library_is_typed_for_its_users(tmp_path: Path) -> None:
    """A program that uses it passes mypy --strict, and one that misuses it does not."""
    pytest.importorskip("mypy")
    good = tmp_path / "good.py"
    good.write_text(
        "from openclaw_fal import Generated, ImageRequest, generate\n"
        "done: Generated = generate(ImageRequest('m', 'p', count=2), timeout_s=3.0)\n"
        "width: int | None = done.outputs[0].width\n",
        encoding="utf-8",
    )
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from openclaw_fal import ImageRequest, generate\n"
        "generate(ImageRequest('m', 'p', count='two'))\n"
        "generate(3)\n",
        encoding="utf-8",
    )

    def errors(path: Path) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(path)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return [line for line in done.stdout.splitlines() if ": error:" in line]

    assert errors(good) == []
    assert len(errors(bad)) == 2
