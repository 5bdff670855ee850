"""Files of the two layouts, and the strict check of the releases, for the tests of editing.

The rules are written down here once more, apart from the code under test.
"""

from __future__ import annotations

LEGACY = """{
  // OpenClaw 2026.7
  meta: { lastTouchedVersion: "2026.7.35" },
  agents: {
    defaults: {
      model: { primary: "anthropic/claude" }, // chat
      imageGenerationModel: { primary: "google/x", fallbacks: ["fal/a/b"] },
      videoGenerationModel: "fal/v/w",
    },
  },
}
"""
CURRENT = """{
  // OpenClaw 2026.9
  meta: { lastTouchedVersion: "2026.9.6" },
  agents: {
    defaults: {
      model: { primary: "anthropic/claude" }, // chat
      mediaModels: {
        image: { primary: "google/x", fallbacks: ["fal/a/b"] },
        video: "fal/v/w",
      },
    },
  },
}
"""


def assert_accepted(data: object, release: str) -> None:
    """The strict check of a release, as far as it concerns the files of these tests."""

    def only(value: object, keys: set[str]) -> dict[str, object]:
        assert isinstance(value, dict)
        assert set(value) <= keys, f"unknown key: {set(value) - keys}"
        return value

    def is_ref(value: object) -> bool:
        return isinstance(value, str) and all(value.split("/", 1)) and "/" in value

    def default(value: object) -> None:
        if isinstance(value, str):
            assert is_ref(value)
            return
        model = only(value, {"primary", "fallbacks", "timeoutMs"})
        assert is_ref(model["primary"])
        fallbacks = model.get("fallbacks", [])
        assert isinstance(fallbacks, list)
        assert all(map(is_ref, fallbacks))
        assert type(model.get("timeoutMs", 1)) is int

    top = only(data, {"meta", "agents", "auth", "plugins", "models"})
    older = ["imageGenerationModel", "videoGenerationModel", "musicGenerationModel"]
    known = {"model", "mediaMaxMb", *(older if release == "2026.7" else ["mediaModels"])}
    agents = only(top.get("agents", {}), {"defaults"})
    defaults = only(agents.get("defaults", {}), known)
    for key in older:
        if key in defaults:
            default(defaults[key])
    media = only(defaults.get("mediaModels", {}), {"image", "video", "music"})
    for value in media.values():
        default(value)
    if "auth" in top:
        profiles = only(only(top["auth"], {"profiles"})["profiles"], {"fal:default"})
        assert profiles["fal:default"] == {"provider": "fal", "mode": "api_key"}
    if "plugins" in top:
        entries = only(only(top["plugins"], {"entries"})["entries"], {"fal"})
        assert entries["fal"] == {"enabled": True}
    if "models" in top:
        fal = only(only(only(top["models"], {"providers"})["providers"], {"fal"})["fal"],
                   {"baseUrl", "apiKey"})  # fmt: skip
        assert isinstance(fal.get("baseUrl", ""), str)
