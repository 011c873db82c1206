"""The actor of a live run on a worker of a Ray cluster: nothing here imports PyTorch, or Ray, before it begins.

GROUPS      its methods, each with so many threads: orders come in order, and none of them waits for another
host_class  what Ray makes it of
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from core.experiment.environment import fix_products

GROUPS = {"order": 1, "news": 1, "networks": 1}
Method = TypeVar("Method", bound=Callable[..., Any])


def host_class(ray: Any) -> type:
    """A core.runs.host.Host; `content` is a Begun.

    Each method says its group itself: through ray:// a call cannot.
    """

    def of_group(name: str) -> Callable[[Method], Method]:
        found: Callable[[Method], Method] = ray.method(concurrency_group=name)
        return found

    class RayHost:
        def __init__(self, content: bytes) -> None:
            fix_products()
            from core.runs.host import Host

            self._host = Host(content)

        @of_group("order")
        def order(self, content: bytes) -> None:
            self._host.order(content)

        @of_group("news")
        def news(self, content: bytes) -> bytes:
            return self._host.news(content)

        @of_group("networks")
        def networks(self) -> bytes:
            return self._host.networks()

    return RayHost
