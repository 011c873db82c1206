"""The actor of a live run on a worker of a Ray cluster: nothing here imports PyTorch, or Ray, before it begins.

RayHost  a core.runs.host.Host
"""

from __future__ import annotations

from core.experiment.environment import fix_products


class RayHost:
    """`content` is a Begun."""

    def __init__(self, content: bytes) -> None:
        fix_products()
        from core.runs.host import Host

        self._host = Host(content)

    def order(self, content: bytes) -> None:
        self._host.order(content)

    def news(self, content: bytes) -> bytes:
        return self._host.news(content)

    def networks(self) -> bytes:
        return self._host.networks()
