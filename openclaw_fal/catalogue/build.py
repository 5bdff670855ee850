"""Builds the shipped catalogue from a JSON document of fal's endpoints.

    python -m openclaw_fal.catalogue.build tests/data/catalogue.json

The document: `{"asOf": "2026-08-02", "endpoints": {ID: {"kind": "image|video|audio|other",
"input": JSON Schema, "outputs": [NAME, …]}}}`. The result goes to endpoints.bin beside this module,
or to the path in the second argument. A test checks that the shipped file matches its document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import SHIPPED
from openclaw_fal.media import Endpoint, EndpointKind, Json

KINDS: dict[str, EndpointKind] = {
    "image": "image",
    "video": "video",
    "audio": "music",
    "other": "other",
}


def endpoints_of(document: Json) -> list[Endpoint]:
    """The endpoints of such a document. Raises KeyError for an unknown kind."""
    return [
        Endpoint(name, KINDS[declared["kind"]], declared["input"], tuple(declared["outputs"]))
        for name, declared in document["endpoints"].items()
    ]


def main(arguments: Sequence[str]) -> int:
    if len(arguments) not in (1, 2):
        print("python -m openclaw_fal.catalogue.build DOCUMENT.json [OUT]", file=sys.stderr)
        return 2
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    target = Path(arguments[1]) if len(arguments) == 2 else SHIPPED
    raw = pack(endpoints_of(document), document["asOf"])
    target.write_bytes(raw)
    print(f"{target}: {len(document['endpoints'])} endpoints, {len(raw):,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
