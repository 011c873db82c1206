"""A report as a browser would have it, read without one."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any


class Read(HTMLParser):
    """What a browser would see: text, tags with their attributes, and the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def unpacked(self, number: int) -> bytes:
        return gzip.decompress(base64.b64decode(self.scripts[number]))

    @property
    def run(self) -> dict[str, Any]:
        """The values that the script is handed."""
        found: dict[str, Any] = json.loads(self.unpacked(0))
        return found
