"""pages.parts.sweeping: what is ordered of a sweep reaches the laboratory, and what it refuses becomes a notice."""

from __future__ import annotations

from typing import Any

import pytest

from core.language.message import Message
from core.runs.owner import NotTheOwner
from pages.parts import orders, sweeping
from pages.parts.visitor import Visitor


class Begun:
    id = "a-sweep"

    def __init__(self) -> None:
        self.watchers: list[str] = []

    def join(self, watcher: str) -> None:
        self.watchers.append(watcher)


class Lab:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.begun = Begun()

    def begin(self, params: dict[str, str], key: str) -> Begun:
        self.heard.append((params, key))
        return self.begun

    def wish(self, *what: str) -> None:
        self.heard.append(what)
        if "another" in what:
            raise NotTheOwner(Message("Not yours."))

    def leave(self, *who: str) -> None:
        self.heard.append(("left", *who))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    found = Lab()
    monkeypatch.setattr(sweeping, "laboratory", lambda: found)
    return found


def test_a_sweep_is_begun_by_its_link_and_watched_by_who_began_it(lab: Lab) -> None:
    here = Visitor(key="mine", sweep="the one before")
    orders._carry_out(
        here, {"number": 1, "do": "sweep", "run": "", "link": "data=digits&vary=lr=0.1,1;depth=5&seeds=3"}
    )
    assert lab.heard == [
        ({"data": "digits", "vary": "lr=0.1,1;depth=5", "seeds": "3"}, "mine"), ("left", "the one before", here.id)
    ]  # fmt: skip
    assert (here.sweep, lab.begun.watchers, here.notices) == ("a-sweep", [here.id], [])


@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "pin", "unpin"])
def test_a_wish_is_passed_on_with_the_browsers_key_and_a_refusal_is_a_notice(lab: Lab, what: str) -> None:
    here = Visitor(key="mine")
    orders._carry_out(here, {"number": 1, "do": f"sweep-{what}", "run": "", "id": "a-sweep"})
    assert (lab.heard, here.notices) == ([("a-sweep", what, "mine")], [])
    orders._carry_out(here, {"number": 2, "do": f"sweep-{what}", "run": "", "id": "another"})
    assert [str(notice) for notice in here.notices] == ["Not yours."]
