"""A class, as one of its browsers has it: who teaches it decides what is in view, who follows goes along and may leave.

ACTIONS    what is ordered of a class
moved_on   who teaches has another run in view, or who follows has one of their own
turn       the page that this browser is to be on, if it is another one
taught     what the Train page shows its teacher
attended   what every page of a class must know of it, to hear news
strip      tells who follows that they do, on every page
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.exports.qr_code import qr_code
from core.language.message import Message
from core.language.speech import _
from core.runs.manager import manager
from core.runs.owner import NotTheOwner
from core.store.class_file import Class
from pages.parts import session
from pages.parts.membership import enter
from pages.parts.visitor import Visitor

MOST_LETTERS = 500  # of an address
ABOVE_IT = "<style>:root { --foot: 62px }</style>"  # what else stands at the screen's lower edge stands above the strip

NOT_YOURS = Message("Only who started the run in view can make a class link for it. Start one of your own to do so.")
OVER = Message("The class has ended. Its last run stays in view; Start, on the Train page, begins one of your own.")


def _begin(here: Visitor, order: dict[str, Any]) -> None:
    address = str(order.get("address", ""))
    here.address = address if address.startswith(("http://", "https://")) and len(address) <= MOST_LETTERS else ""
    if manager().classes.of(here.key) is None:
        if here.run is None or not here.run.is_owned_by(here.key):
            raise NotTheOwner(NOT_YOURS)
        manager().classes.begin(here.run.id, here.key)


def _lead(here: Visitor, order: dict[str, Any]) -> None:
    manager().classes.lead(here.key, bool(order["leads"]), here.page)


def _point(here: Visitor, order: dict[str, Any]) -> None:
    """Where the cursor is held; none, where it follows the run."""
    step = order["step"]
    manager().classes.point(here.key, step if isinstance(step, int) else None)


def _end(here: Visitor, order: dict[str, Any]) -> None:
    manager().classes.end(here.key)


def _follow(here: Visitor, order: dict[str, Any]) -> None:
    """Have in view what the teacher has; the form goes along as long as it says what was in view."""
    found = manager().classes.find(here.follows)
    if found is None:
        here.notices = [OVER] if here.follows else here.notices
        here.follows = ""
        return
    run = manager().find(found.run) if found.run != here.led_to else None
    here.led_to = found.run
    if run is not None and (here.run is None or here.run.id != run.id):
        here.notices = []
        seen = here.run and (here.run.config, here.run.asked, session.told_of(here.run))
        if not seen or here.config in seen:
            session.fill_form(session.told_of(run))
        here.show(run)


ACTIONS: dict[str, Callable[[Visitor, dict[str, Any]], None]] = {
    "class": _begin,
    "lead": _lead,
    "point": _point,
    "end-class": _end,
    "follow": _follow,
}


def moved_on(here: Visitor) -> None:
    """The visitor has brought a run into view: a class goes along with its teacher, and stays without who left it.

    Who follows and has gone to what the class has in view, before it was led there, goes on following.
    """
    if here.run is not None and here.run.is_owned_by(here.key):
        manager().classes.show(here.key, here.run.id)
    found = manager().classes.find(here.follows)
    if found is not None and here.run is not None and here.run.id == found.run:
        here.led_to = found.run
        return
    _leave(here)


def _leave(here: Visitor) -> None:
    if here.follows:
        manager().classes.leave(here.follows, here.id)
        here.left, here.follows = here.follows, ""


def _leave_here() -> None:
    here = session.visitor()
    _leave(here)
    if here.run is not None:
        session.fill_form(session.told_of(here.run))


def _come_back() -> None:
    here = session.visitor()
    enter(here, here.left)
    here.left, here.led_to = "", ""
    _follow(here, {})


def _stay_away() -> None:
    session.visitor().left = ""


def turn(page: str) -> str | None:
    """The page to be on now, where that is not `page`: the teacher has turned to it since. The teacher's is told."""
    here = session.visitor()
    if page != here.page:
        here.page = page
        manager().classes.turn(here.key, page)
    found = manager().classes.find(here.follows)
    if found is None or not found.leads or found.turned == here.turned:
        return None
    here.turned = found.turned
    return found.page if found.page != page else None


def taught() -> dict[str, Any] | None:
    """The class of this browser, with its link as an image; None where it teaches none."""
    here = session.visitor()
    found = manager().classes.of(here.key)
    if found is None:
        return None
    link = _link(here, found) if here.address else ""
    return {"id": found.id, "leads": found.leads, "link": link, "code": qr_code(link) if link else ""}


def _link(here: Visitor, found: Class) -> str:
    return f"{here.address}?{session.CLASS_KEY}={found.id}"


def attended() -> dict[str, Any] | None:
    """The class that this browser is in, and what it has heard of it; None where it is in none."""
    here = session.visitor()
    if here.follows:
        return {"id": here.follows, "teaches": False, "run": here.led_to, "turned": here.turned}
    found = manager().classes.of(here.key)
    return {"id": found.id, "teaches": True, "leads": found.leads} if found is not None else None


def strip() -> None:
    """Below the page, in sight wherever it is scrolled to; what is at the page's end can be scrolled above it."""
    here = session.visitor()
    left = not here.follows and here.left and manager().classes.find(here.left) is not None
    if not (here.follows or left):
        return
    st.html(ABOVE_IT)
    with st.container(key="attending", horizontal=True, vertical_alignment="center"):
        if here.follows:
            st.markdown(_("You follow a class."), width="content")
            st.button(_("Leave and run my own"), key="leave_class", on_click=_leave_here)
        else:
            st.markdown(_("You have left the class."), width="content")
            st.button(_("Back to the class"), key="join_class", on_click=_come_back)
            st.button("×", key="stay_away", on_click=_stay_away, type="tertiary", help=_("Hide this line"))
    st.space("large")
