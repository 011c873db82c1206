"""The runs that are here, as a browser may see them: which are listed for it, and what it may do with which.

library    of this process
Library    all of it, for whoever asks: listed by what they know, changed by their owner alone
Listing    what is listed, and what the store uses of its limit
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core.experiment import environment
from core.language.message import Message
from core.runs.manager import manager
from core.runs.origin import PAGE, VERSION
from core.runs.owner import NotTheOwner
from core.runs.run import Run
from core.store.card import Begun, Card, fingerprint, is_owner, new_card, touched
from core.store.recording import Origin, Recording
from core.store.shelf import Shelf
from core.store.taking_in import take_in
from core.store.troubles import Damaged, InUse, NoSuchRun, StoreError, comes_along, only_damaged

NONE_KEPT = Message("This server keeps no runs: it was started with NORMSCOPE_STORE=off.")
NONE_LAST = Message(
    "Runs are in memory only, and a restart forgets them: this server was started with NORMSCOPE_STORE=off."
)
NONE_LISTED = Message("The runs that are kept cannot be listed, only those in memory. {why}")
UNDER_WAY = Message("A run that is under way cannot be deleted. Stop it first.")
OTHERS = Message("Only who started a run can name, pin, delete or resume it.")
OTHERS_ASIDE = Message("Only who started a run can put it aside.")
OF_THE_COMMAND_LINE = Message(
    "This run was started on the command line: there it is named, resumed and deleted (python -m core runs)."
)

_OnTheShelf = tuple[list[Card], Mapping[str, StoreError], Message | str]  # the broken ones, and why there are none


@dataclass(frozen=True, slots=True)
class Listing:
    """`kept` are those that outlive the process; `broken` says, by run, why it cannot be read.

    `removable` are those of the broken ones that this browser may put aside.

    `problem` says why those that are kept cannot be listed, if so: then there are those in memory.

    `used` are the bytes that all runs take, listed or not, and `limit` is how many they may; 0 where none are kept.
    """

    cards: list[Card]
    kept: frozenset[str]
    broken: Mapping[str, Message | str]
    removable: frozenset[str]
    used: int
    limit: int
    problem: Message | str = ""


class Library:
    """The runs on `shelf`, and those that are `unkept`. Where they are `shared`, whoever looks sees all of them.

    `is_here` tells of an id whether a run has it, on the shelf or not.
    """

    def __init__(
        self,
        shelf: Shelf | None,
        shared: bool = False,
        unkept: Callable[[], Iterable[Run]] = lambda: (),
        is_here: Callable[[str], bool] = lambda run_id: False,
    ) -> None:
        self._shelf, self.shared, self._unkept, self._is_here = shelf, shared, unkept, is_here

    @property
    def keeps(self) -> bool:
        return self._shelf is not None

    @property
    def shelf(self) -> Shelf:
        """Raises NoSuchRun where there is none."""
        if self._shelf is None:
            raise NoSuchRun(NONE_KEPT)
        return self._shelf

    def listed(self, key: str, known: Collection[str] = ()) -> Listing:
        """The runs of the browser with this `key`, and those whose ids it knows; the newest first."""
        kept, broken, problem = self._on_the_shelf(key, known)
        cards = sorted([*kept, *map(_card_of, self._unkept())], key=lambda card: card.origin.started, reverse=True)
        return Listing(
            cards=[card for card in cards if self.shared or card.id in known or card.owned_by(key)],
            kept=frozenset(card.id for card in kept),
            broken={name: error.args[0] for name, error in broken.items()},
            removable=frozenset(name for name, error in broken.items() if self._may_put_aside(name, error, key)),
            used=self._used(kept, problem),
            limit=self._shelf.limit if self._shelf is not None and not problem else 0,
            problem=problem,
        )

    def _on_the_shelf(self, key: str, known: Collection[str]) -> _OnTheShelf:
        """What is there and can be read; the runs in memory are listed whatever is wrong with the folder."""
        if self._shelf is None:
            return [], {}, NONE_LAST
        try:
            return self._shelf.cards(), self._broken(key, known), ""
        except StoreError as error:
            return [], {}, replace(NONE_LISTED, values={"why": error.args[0]})

    def _used(self, kept: list[Card], problem: Message | str) -> int:
        """With those that have no card since they cannot be read: they count against the limit, too."""
        if self._shelf is None or problem:
            return 0
        unread = self._shelf.broken().keys() - {card.id for card in kept}
        return sum(card.bytes for card in kept) + self._shelf.used_by(unread)

    def _broken(self, key: str, known: Collection[str]) -> Mapping[str, StoreError]:
        if self._shelf is None:
            return {}
        found = self._shelf.broken().items()
        return {name: error for name, error in found if self.shared or name in known or self._owns(name, key)}

    def _owns(self, run_id: str, key: str) -> bool:
        owner = None
        with suppress(StoreError):  # nobody may look into its folder, or it has left meanwhile
            owner = self.shelf.owner_of(run_id)
        return is_owner(key, owner or "")

    def _may_put_aside(self, run_id: str, why: StoreError | None, key: str) -> bool:
        """Its owner; where nothing says any more who that is, whoever knows its id: it can be put back."""
        return isinstance(why, Damaged) and (self.shelf.owner_of(run_id) is None or self._owns(run_id, key))

    def has_run_of(self, key: str) -> bool:
        """Whether there is any that the browser with this `key` has started or imported."""
        kept: list[Card] = []
        with suppress(
            StoreError, OSError
        ):  # a folder that cannot be read is said on Runs, and keeps no page from opening
            kept = self._shelf.cards() if self._shelf is not None else []
        return any(card.owned_by(key) for card in kept) or any(run.is_owned_by(key) for run in self._unkept())

    def take_in(self, recording: Recording, key: str) -> Card:
        """Keep a run of another NormScope for the browser with this `key`. Raises StoreError."""
        if self._is_here(recording.id) and not self.shelf.knows(recording.id):
            raise comes_along(recording.id)
        return take_in(self.shelf, recording, fingerprint(key))

    def rename(self, run_id: str, name: str, key: str) -> None:
        """Raises NotTheOwner, or StoreError on a name that is none."""
        self._check_owner(self.shelf.card, run_id, key)
        self.shelf.rename(run_id, name)

    def pin(self, run_id: str, pinned: bool, key: str) -> None:
        """A pinned run stays, whatever space is needed. Raises NotTheOwner or StoreError."""
        self._check_owner(self.shelf.card, run_id, key)
        self.shelf.pin(run_id, pinned)

    def delete(self, run_id: str, key: str) -> None:
        """Out of sight; for an hour it can be taken back. Raises NotTheOwner or StoreError."""
        if self._check_owner(self.shelf.card, run_id, key).under_way:
            raise InUse(UNDER_WAY)
        self.shelf.delete(run_id)

    def undelete(self, run_id: str, key: str) -> None:
        """Take a deleted run back. Raises NotTheOwner or StoreError."""
        self._check_owner(self.shelf.deleted_card, run_id, key)
        self.shelf.undelete(run_id)

    def put_aside(self, run_id: str, key: str) -> Path:
        """Have nothing read a damaged run any more; returns where it lies. Raises NotTheOwner or StoreError."""
        owner, why = self.shelf.owner_of(run_id), self.shelf.broken().get(run_id)
        only_damaged(why)
        if not self._may_put_aside(run_id, why, key):
            raise NotTheOwner(OTHERS_ASIDE if owner else OF_THE_COMMAND_LINE)
        return self.shelf.move_aside(run_id)

    def _check_owner(self, card_of: Callable[[str], Card], run_id: str, key: str) -> Card:
        card = card_of(run_id)
        if not card.owned_by(key):
            raise NotTheOwner(OTHERS if card.owner else OF_THE_COMMAND_LINE)
        return card


def _card_of(run: Run) -> Card:
    """What a list shows of a run that no store has."""
    origin = Origin(run.clock.made, PAGE, VERSION, "", "", "", 0)
    card = new_card(run.id, Begun(run.config, run.asked, origin, fingerprint(run.key)))
    return replace(touched(card, list(run.history)), seconds=run.clock.seconds, hidden=run.hidden)


def library() -> Library:
    """Over what the manager of this process has."""
    here = manager()
    return Library(here.shelf, environment.shared(), here.unkept, lambda run_id: here.find(run_id) is not None)
