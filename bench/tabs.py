"""Tabs without a browser: each speaks the protocol of Streamlit's page, with a cookie and a connection of its own.

A tab is what a visitor is to the server: a session, a script that runs, a run that is joined and left. It draws
nothing, so that one process can be hundreds of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.asking import Client

PATIENCE_S = 120.0
MOST = 64 << 20  # bytes of a message
SCRIPT_ENDED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # a widget of its own, by which an element's events come
# What a page sends of each widget with every message, and where the server's word for it is.
FORM = {
    "number_input": ("double_value", "value"),
    "selectbox": ("string_value", "raw_value"),
    "multiselect": ("string_array_value", "raw_values"),
    "button_group": ("string_array_value", "raw_values"),
    "checkbox": ("bool_value", "value"),
}
FAILED = (RuntimeError, TimeoutError, OSError, ConnectionClosed, InvalidHandshake)  # what may become of a tab


class Tab:
    """One page that is open: `elements` are those of the browser that its script has drawn, by name."""

    def __init__(self, connection: ClientConnection, path: str, query: str) -> None:
        self.path, self.query = path, query
        self.elements: dict[str, dict[str, Any]] = {}
        self._connection, self._orders, self._number = connection, "", 0
        self._page = ""  # as the server names the script of the page, which it says with each run
        self._form: dict[str, WidgetState] = {}

    @property
    def run(self) -> str:
        """The id of the run in view; empty where there is none."""
        return str(self.elements.get("training", {}).get("run", ""))

    async def turn(self, path: str) -> None:
        """To another page, as by its link in the sidebar; also what a page does when it opens."""
        self.path, self._page = path, ""
        await self._rerun(BackMsg())

    async def order(self, do: str, **more: Any) -> None:
        """Press what orders this, on what the form holds; returns when the page has been written anew."""
        self._number += 1
        order = {"number": self._number, "do": do, "run": self.run} | more
        sent = {"event": "sent", "value": {"seen": self.elements["orders"]["sets"], "orders": [order]}}
        message = BackMsg()
        trigger = message.rerun_script.widget_states.widgets.add(id=TRIGGER.format(self._orders))
        trigger.json_trigger_value = json.dumps([sent])
        await self._rerun(message)

    async def _rerun(self, message: BackMsg) -> None:
        """Has the script run, and hears all that it draws. Raises RuntimeError where it fails."""
        script = message.rerun_script
        script.query_string, script.page_name, script.page_script_hash = self.query, self.path, self._page
        script.widget_states.widgets.extend(self._form.values())
        await self._connection.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE_S):
            while not self._has_ended(await self._connection.recv(decode=False)):
                pass

    def _has_ended(self, received: bytes) -> bool:
        message = ForwardMsg.FromString(received)
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._take(message.delta.new_element)
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        return kind == "script_finished" and message.script_finished in SCRIPT_ENDED

    def _take(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"The page {self.path!r} failed: {element.exception.type}")
        if kind == "bidi_component" and element.bidi_component.json:
            name = element.bidi_component.component_name.removeprefix("normscope_")
            self.elements[name] = json.loads(element.bidi_component.json)
            self._orders = element.bidi_component.id if name == "orders" else self._orders
        elif kind in FORM and getattr(element, kind).set_value:
            widget, (sent, told) = getattr(element, kind), FORM[kind]
            value = getattr(widget, told)
            state = {"data": value} if sent == "string_array_value" else value
            self._form[widget.id] = WidgetState(id=widget.id, **{sent: state})


@asynccontextmanager
async def opened(address: str, path: str = "", query: str = "") -> AsyncIterator[Tab]:
    """A new visitor's tab on a page, once its script has ended; closed as a browser closes it."""
    async with Client(address) as client:
        headers = {"Cookie": await client.cookie(f"/{path}?{query}")}
    stream = f"ws://{urlsplit(address).netloc}/_stcore/stream"
    async with connect(
        stream, origin=address, subprotocols=["streamlit"], additional_headers=headers, max_size=MOST, proxy=None
    ) as connection:
        tab = Tab(connection, path, query)
        await tab.turn(path)
        yield tab
