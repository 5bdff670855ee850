"""The gallery in a real browser: filter, copy, play, keyboard, two thousand files."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openclaw_fal.gallery.entries import Entry
from openclaw_fal.gallery.page import page
from openclaw_fal.sandbox.media.render import render
from openclaw_fal.sandbox.media.spec import Spec

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed"
)
HOSTILE = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"
ARABIC = "منارة عند الفجر، بأسلوب لوحة زيتية"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--mute-audio", "--autoplay-policy=no-user-gesture-required"),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install -e '.[browser]'")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(120)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def picture(at: int) -> bytes:
    out = io.BytesIO()
    color = (at * 37 % 256, at * 91 % 256, 128)
    Image.new("RGB", (64 + at % 40, 48), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with some of everything."""
    folder = tmp_path_factory.mktemp("gallery")
    entries = []
    prompts = [HOSTILE, ARABIC, "a lighthouse at dawn, oil on canvas, " * 12, "a cat", "a dog"]
    for at, prompt in enumerate(prompts):
        (folder / f"picture {at}#.png").write_bytes(picture(at))
        entries.append(
            Entry(
                name=f"picture {at}#.png",
                kind="image",
                href=f"picture%20{at}%23.png",
                prompt=prompt,
                model="fal-ai/flux/dev" if at % 2 else "openai/gpt-image-2",
                seed=str(at),
                cost="$0.025 billed",
                date="2026-08-14 09:30",
                job=f"job{at}",
                command=f"openclaw replay job{at}",
            )
        )
    (folder / "waves.mp4").write_bytes(render(Spec("mp4", "waves", 1, 320, 180, 2.0, 24)))
    (folder / "song.wav").write_bytes(render(Spec("wav", seed=1, seconds=1.0, rate=8000)))
    entries += [
        Entry(name="waves.mp4", kind="video", href="waves.mp4", prompt="waves", model="m/video"),
        Entry(name="song.wav", kind="music", href="song.wav", prompt="a song", model="m/music"),
        Entry(name="lost.png", kind="image", prompt="lost", model="fal-ai/flux/dev"),
    ]
    path = folder / "page.html"
    path.write_text(page("Gallery", entries), encoding="utf-8")
    return path


def wait_for(browser: Any, script: str, *arguments: object) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 60).until(lambda b: b.execute_script(script, *arguments))


def visible(browser: Any) -> list[str]:
    names: list[str] = browser.execute_script(
        "return [...document.querySelectorAll('article:not([hidden])')].map(a => a.ariaLabel)"
    )
    return names


def test_it_shows_prompts_as_text(browser: Any, shown: Path) -> None:
    browser.get(shown.as_uri())
    wait_for(
        browser,
        "return [...document.images].filter(i => i.complete && i.naturalWidth).length === 5",
    )

    prompts = browser.execute_script(
        "return [...document.querySelectorAll('.prompt')].map(p => p.textContent)"
    )
    assert prompts[:2] == [HOSTILE, ARABIC]
    assert browser.title == "Gallery"
    assert len(browser.find_elements("css selector", "script")) == 2
    direction = (
        "return getComputedStyle(document.querySelectorAll('.prompt')[arguments[0]]).direction"
    )
    assert [browser.execute_script(direction, at) for at in (0, 1)] == ["ltr", "rtl"]
    assert [line for line in browser.get_log("browser") if "favicon" not in line["message"]] == []


def test_scripts_that_are_not_its_own_do_not_run(browser: Any, shown: Path) -> None:
    browser.get(shown.as_uri())
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1';"
        "document.body.append(s);"
        "const i = new Image(); i.src = 'https://example.invalid/a.png'; document.body.append(i);"
    )

    assert browser.title == "Gallery"
    log = " ".join(line["message"] for line in browser.get_log("browser"))
    assert "Content Security Policy" in log
    assert "https://example.invalid/a.png" in log


def test_it_filters(browser: Any, shown: Path) -> None:
    from selenium.webdriver.support.ui import Select

    browser.get(shown.as_uri())
    text = browser.find_element("id", "text")
    text.send_keys("LIGHTHOUSE oil")
    assert visible(browser) == ["picture 2#.png"]
    assert browser.find_element("id", "count").text == "1 of 8"
    text.clear()
    text.send_keys("منارة")
    assert visible(browser) == ["picture 1#.png"]
    text.send_keys("\ue00c")  # Escape
    assert len(visible(browser)) == 8
    kind, model = (Select(browser.find_element("id", name)) for name in ("kind", "model"))
    kind.select_by_value("video")
    assert visible(browser) == ["waves.mp4"]
    kind.select_by_value("")
    model.select_by_value("fal-ai/flux/dev")
    assert visible(browser) == ["picture 1#.png", "picture 3#.png", "lost.png"]


def test_it_copies_the_command(browser: Any, shown: Path) -> None:
    browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    browser.get(shown.as_uri())
    buttons = browser.find_elements("css selector", ".copy")
    buttons[3].click()

    wait_for(browser, "return document.querySelectorAll('.copy')[3].textContent === 'Copied'")
    copied = browser.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], e => arguments[0]('' + e))"
    )
    assert copied == "openclaw replay job3"
    assert [button.is_enabled() for button in buttons] == [True] * 5 + [False] * 3


@pytest.mark.parametrize("player", ["video", "audio"])
def test_it_plays(browser: Any, shown: Path, player: str) -> None:
    browser.get(shown.as_uri())
    browser.execute_script(f"document.querySelector('{player}').closest('article').focus()")
    active = browser.switch_to.active_element
    active.send_keys("\ue007")  # Enter

    wait_for(browser, f"return document.querySelector('{player}').currentTime > 0.05")
    assert browser.execute_script(f"return document.querySelector('{player}').error") is None


def test_it_is_used_from_the_keyboard(browser: Any, shown: Path) -> None:
    browser.get(shown.as_uri())
    focused = "return document.activeElement.ariaLabel || document.activeElement.id"
    body = browser.find_element("css selector", "body")
    body.send_keys("\ue014")  # right
    assert browser.execute_script(focused) == "picture 0#.png"
    browser.switch_to.active_element.send_keys("\ue014\ue014\ue012")  # right, right, left
    assert browser.execute_script(focused) == "picture 1#.png"
    browser.switch_to.active_element.send_keys("c")
    wait_for(browser, "return document.querySelectorAll('.copy')[1].textContent === 'Copied'")
    browser.switch_to.active_element.send_keys("/")
    assert browser.execute_script(focused) == "Filter by text"


def test_two_thousand_files(browser: Any, tmp_path: Path) -> None:
    entries = []
    for at in range(2000):
        name = f"{at}.png"
        (tmp_path / name).write_bytes(picture(at % 100))
        entries.append(
            Entry(
                name=name,
                kind="image",
                href=name,
                prompt=f"picture number {at}",
                model=f"m/{at % 7}",
            )
        )
    path = tmp_path / "page.html"
    path.write_text(page("Many", entries), encoding="utf-8")

    browser.set_window_size(1200, 900)
    browser.get(path.as_uri())
    wait_for(browser, "return document.querySelectorAll('article').length === 2000")
    wait_for(browser, "return document.images[0].complete && document.images[0].naturalWidth > 0")
    read = "return [...document.images].filter(i => i.complete && i.naturalWidth).length"
    assert browser.execute_script(read) < 400  # the rest is read when it comes into view
    browser.find_element("id", "text").send_keys("number 1999")
    assert visible(browser) == ["1999.png"]
    browser.execute_script("document.querySelector('article:not([hidden])').scrollIntoView()")
    wait_for(browser, "return document.images[1999].naturalWidth > 0")


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_its_window(
    browser: Any, shown: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        browser.get(shown.as_uri())
        wait_for(browser, "return document.images[0].complete")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        browser.save_screenshot(str(tmp_path / f"{scheme}-{width}.png"))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert wide <= width
    assert (back == "rgb(18, 19, 22)") == (scheme == "dark")
