"""The XMP packet of a mark: builds it from a record's document, and reads it back.

It has IPTC's and Adobe's properties for other programs, and one property of this program with the
whole document as JSON. A packet that is read is untrusted: its size and depth are limited, entities
are refused, and callers must check every value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from openclaw_fal.provenance.record import VERSION
from openclaw_fal.provenance.survey import PACKET_LIMIT

_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "openclawfal": "urn:openclaw-fal:provenance:1.0/",
}
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="r"?>'
_OURS = f"{{{_NAMESPACES['openclawfal']}}}document"
_DEEPEST = 8
# Characters that XML 1.0 allows neither literally nor as references.
_NOT_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def build(document: Mapping[str, object]) -> bytes:
    """The packet for a document of `record.document`."""
    from xml.etree import ElementTree

    for prefix, uri in _NAMESPACES.items():
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.Element(_name("x", "xmpmeta"))
    rdf = ElementTree.SubElement(root, _name("rdf", "RDF"))
    description = ElementTree.SubElement(
        rdf, _name("rdf", "Description"), {_name("rdf", "about"): ""}
    )
    for name, value in _properties(document).items():
        ElementTree.SubElement(description, name).text = value
    return f"{_BEGIN}{ElementTree.tostring(root, encoding='unicode')}{_END}".encode()


def read(packet: bytes) -> dict[str, object] | None:
    """The document in a packet of this program; None for any other, and for a malformed one."""
    from xml.etree import ElementTree

    if not packet or len(packet) > PACKET_LIMIT or b"<!" in packet:
        return None
    target = _Property()
    try:
        parser = ElementTree.XMLParser(target=target)
        parser.feed(packet.decode("utf-8"))
        parser.close()
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    return None if target.text is None else document_of(target.text)


def document_of(text: str | bytes) -> dict[str, object] | None:
    """The document in a JSON text; None if it is not one of the current version."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        return None
    return document


def _properties(document: Mapping[str, object]) -> dict[str, str]:
    entries = {
        _name("Iptc4xmpExt", "DigitalSourceType"): document.get("digitalSourceType"),
        _name("Iptc4xmpExt", "AISystemUsed"): document.get("aiSystem"),
        _name("Iptc4xmpExt", "AIPromptInformation"): document.get("prompt"),
        _name("xmp", "CreatorTool"): document.get("creatorTool"),
        _name("xmp", "CreateDate"): document.get("date"),
    }
    texts = {
        name: _for_xml(str(text), lambda _: "\ufffd") for name, text in entries.items() if text
    }
    ours = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return {**texts, _OURS: _for_xml(ours, lambda char: f"\\u{ord(char[0]):04x}")}


def _for_xml(text: str, replacement: Callable[[re.Match[str]], str]) -> str:
    """The text with a replacement for each character that XML cannot hold."""
    return text if text.isprintable() else re.sub(_NOT_XML, replacement, text)


def _name(prefix: str, name: str) -> str:
    return f"{{{_NAMESPACES[prefix]}}}{name}"


class _Property:
    """A parser target that keeps the text of one property and builds no tree of elements."""

    def __init__(self) -> None:
        self.text: str | None = None
        self._depth = 0
        self._inside = False
        self._parts: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("elements are nested too deeply")
        self._inside = tag == _OURS and self.text is None

    def data(self, text: str) -> None:
        if self._inside:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._inside and tag == _OURS:
            self.text = "".join(self._parts)
        self._inside = False

    def close(self) -> None:
        pass
