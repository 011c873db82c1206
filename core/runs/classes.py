"""Classes: who has a class's link sees what its teacher has in view, and the next run when it starts; watching only.

Classes  all of this server: begun, led and ended by their teachers, followed by whoever has the link
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from core.store.card import fingerprint
from core.store.class_file import Class, ClassFiles

MOST_CLASSES = 1000  # of which the ones that were begun first end


class Classes:
    """Kept in `home`, in memory alone where there is none. A teacher is known by the browser's secret, and has one."""

    def __init__(self, home: Path | None) -> None:
        self._files = ClassFiles(home) if home is not None else None
        self._lock = threading.RLock()
        self._found: dict[str, Class] | None = None
        self._watching: dict[str, set[str]] = {}  # by class: who follows it just now
        self._told: dict[str, bytes] = {}

    @property
    def _all(self) -> dict[str, Class]:
        if self._found is None:  # a server that keeps many is begun no later for it
            self._found = {each.id: each for each in self._files.all()} if self._files is not None else {}
        return self._found

    # --- the teacher's -----------------------------------------------------------------------------------------------

    def begin(self, run_id: str, key: str) -> Class:
        """The class of who has `key`; a new one that follows this run, if there is none yet."""
        with self._lock:
            lesson = self.of(key)
            if lesson is None:
                lesson = Class(secrets.token_urlsafe(12), fingerprint(key), run_id)
                for oldest in list(self._all)[: len(self._all) - MOST_CLASSES + 1]:
                    self._drop(oldest)
                self._put(lesson)
            return lesson

    def of(self, key: str) -> Class | None:
        """The one that who has `key` teaches."""
        with self._lock:
            owner = fingerprint(key)
            return next((each for each in self._all.values() if each.owner == owner), None)

    def led(self) -> set[str]:
        """The runs that classes follow."""
        with self._lock:
            return {each.run for each in self._all.values()}

    def show(self, key: str, run_id: str) -> None:
        """The teacher has another run in view, and so has the class, live."""
        self._change(key, run=run_id, step=None)

    def lead(self, key: str, leads: bool, page: str) -> None:
        """Whether the class goes to the teacher's pages, too, from `page` on, and to the step of the cursor."""
        lesson = self.of(key)
        if lesson is not None:
            turned, moved = lesson.turned + 1, lesson.moved + 1
            self._change(key, leads=leads, page=page, turned=turned, step=None, moved=moved)

    def turn(self, key: str, page: str) -> None:
        """The teacher is on another page."""
        lesson = self.of(key)
        if lesson is not None and lesson.leads and lesson.page != page:
            self._change(key, page=page, turned=lesson.turned + 1)

    def point(self, key: str, step: int | None) -> None:
        """The teacher holds the cursor at `step`, or follows the run."""
        lesson = self.of(key)
        if lesson is not None and lesson.leads:
            self._change(key, step=step, moved=lesson.moved + 1)

    def end(self, key: str) -> None:
        """Nobody follows any more, and its link leads nowhere."""
        with self._lock:
            lesson = self.of(key)
            if lesson is not None:
                self._drop(lesson.id)

    # --- of those who follow -----------------------------------------------------------------------------------------

    def find(self, class_id: str) -> Class | None:
        with self._lock:
            return self._all.get(class_id)

    def join(self, class_id: str, watcher: str) -> None:
        """`watcher` follows it from now on."""
        with self._lock:
            there = self._watching.setdefault(class_id, set())
            if watcher not in there:
                there.add(watcher)
                self._told.pop(class_id, None)

    def leave(self, class_id: str, watcher: str) -> None:
        with self._lock:
            self._watching.get(class_id, set()).discard(watcher)
            self._told.pop(class_id, None)

    def told(self, class_id: str) -> bytes:
        """What the browsers in it are told, as JSON: made once for all of them."""
        with self._lock:
            told = self._told.get(class_id)
            if told is None:
                lesson = self._all.get(class_id)
                if lesson is None:
                    return b'{"ended":true}'  # not kept: anybody may ask for anything
                told = self._told[class_id] = json.dumps(self._facts(lesson), separators=(",", ":")).encode()
            return told

    def _facts(self, lesson: Class) -> dict[str, Any]:
        facts = {field.name: getattr(lesson, field.name) for field in fields(lesson) if field.name != "owner"}
        return facts | {"watching": len(self._watching.get(lesson.id, ()))}

    # --- kept --------------------------------------------------------------------------------------------------------

    def _change(self, key: str, **what: Any) -> None:
        with self._lock:
            lesson = self.of(key)
            if lesson is not None:
                changed = replace(lesson, **what)
                if changed != lesson:
                    self._put(changed)

    def _put(self, lesson: Class) -> None:
        self._all[lesson.id] = lesson
        self._told.pop(lesson.id, None)
        if self._files is not None:
            self._files.write(lesson)

    def _drop(self, class_id: str) -> None:
        self._all.pop(class_id, None)
        self._told.pop(class_id, None)
        self._watching.pop(class_id, None)
        if self._files is not None:
            self._files.delete(class_id)
