"""What a sweep says of batch sizes: at which an arm falls behind another, is surely better, or is still at chance.

about_batches  nothing where the batch size is not varied

A larger batch has fewer steps in as many epochs, and often another learning rate. So an arm is never compared with
itself at another size: arms are compared with each other at the same one, with the same steps and the same batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.lab.entries import DIVERGED, FAILED
from core.lab.statistics import Pair, Values, without
from core.lab.summary import FINISHED, Group, learns
from core.lab.sweep import BATCH_SIZE
from core.lab.wording import at, percent
from core.language.message import Message, Value

Titles = Mapping[str, Message | str]
Tried = Mapping[tuple[Values, str], Group]  # by its settings and its arm
Behind = tuple[Values, str, int, tuple[int, ...]]  # where, which arm, at which size, and at which larger ones not


def about_batches(found: Sequence[Group], compared: Sequence[Pair], titles: Titles) -> list[Message]:
    """Of `found`, and of its pairs that were `compared`: there are some from five seeds on."""
    tried = {(group.where, group.arm): group for group in found if BATCH_SIZE in dict(group.where)}
    every = [replace(pair, where=where) for pair in compared for where in (pair.where, *pair.also)]
    pairs = [pair for pair in every if BATCH_SIZE in dict(pair.where)]
    behind = _behind(pairs, tried)
    told = {(*each[:3], winner) for each, winners in behind.items() for winner in winners}
    rest = [
        pair
        for pair in pairs
        if (without(pair.where, BATCH_SIZE), pair.worse, _size(pair.where), pair.better) not in told
    ]
    said = [_falls_behind(each, winners, tried, titles) for each, winners in behind.items()]
    return [*said, *([_rule()] if said else []), *_better(rest, titles), *_not_learned(tried, titles)]


def _size(where: Values) -> int:
    return int(dict(where)[BATCH_SIZE])


def _behind(pairs: Sequence[Pair], tried: Tried) -> dict[Behind, list[str]]:
    """The arms behind which one falls, in the order of the sizes."""
    found: dict[Behind, list[str]] = {}
    for pair in sorted((each for each in pairs if each.separated), key=lambda each: _size(each.where)):
        if larger := _keeps_up(pair, pairs, tried):
            found.setdefault((without(pair.where, BATCH_SIZE), pair.worse, _size(pair.where), larger), []).append(
                pair.better
            )
    return found


def _keeps_up(pair: Pair, pairs: Iterable[Pair], tried: Tried) -> tuple[int, ...]:
    """The larger sizes at which the worse arm learned, with most seeds, and is not surely worse than the same other."""
    same = [each for each in pairs if (each.first, each.second) == (pair.first, pair.second)]
    same = [each for each in same if without(each.where, BATCH_SIZE) == without(pair.where, BATCH_SIZE)]
    level = [each.where for each in same if not (each.separated and each.worse == pair.worse)]
    learned = [where for where in level if tried[where, pair.worse].fate == "learns"]
    return tuple(sorted(size for size in map(_size, learned) if size > _size(pair.where)))


def _falls_behind(behind: Behind, winners: Iterable[str], tried: Tried, titles: Titles) -> Message:
    others, arm, size, larger = behind
    groups = {
        key: group for key, group in tried.items() if (without(key[0], BATCH_SIZE), _size(key[0])) == (others, size)
    }
    held = {name: group.spread("validation_accuracy") for (_where, name), group in groups.items()}
    told = {name: percent(spread) if spread else "–" for name, spread in held.items()}
    ahead: list[Value] = [Message("{arm} {told}", {"arm": titles[each], "told": told[each]}) for each in winners]
    values: dict[str, Value] = {"arm": titles[arm], "size": f"{size:,}", "told": told[arm], "ahead": ahead}
    values |= {"larger": [f"{each:,}" for each in larger], "where": at(others)}
    if others:
        return Message(
            "With {where}, at batch size {size} {arm} falls behind: {told} of the held-out images, {ahead}; at "
            "{larger} it does not.",
            values,
        )
    return Message(
        "At batch size {size} {arm} falls behind: {told} of the held-out images, {ahead}; at {larger} it does not.",
        values,
    )


def _rule() -> Message:
    return Message(
        "(Falls behind: surely worse than the other at this batch size, with the same steps and batches, and not "
        "surely worse than it at the larger one, where it learned.)"
    )


def _better(pairs: Iterable[Pair], titles: Titles) -> list[Message]:
    """Of two arms, in either direction, the sizes at which the first is surely better."""
    sizes: dict[tuple[Values, str, str, int], list[int]] = {}
    for pair in pairs:
        if pair.separated:
            sizes.setdefault((without(pair.where, BATCH_SIZE), pair.better, pair.worse, pair.n), []).append(
                _size(pair.where)
            )
    return [_surely(*which, sorted(each), titles) for which, each in sizes.items()]


def _surely(where: Values, first: str, second: str, n: int, sizes: Sequence[int], titles: Titles) -> Message:
    values: dict[str, Value] = {"first": titles[first], "second": titles[second], "n": n, "where": at(where)}
    values["sizes"] = [f"{size:,}" for size in sizes]
    if where:
        return Message(
            "With {where}, {first} is surely better than {second} at batch size {sizes} ({n} seeds, by the held-out "
            "images).",
            values,
        )
    return Message(
        "{first} is surely better than {second} at batch size {sizes} ({n} seeds, by the held-out images).", values
    )


def _not_learned(tried: Tried, titles: Titles) -> list[Message]:
    """Of each arm that learned at one size at least the others at which it did not, with half of its seeds or more."""
    said: list[Message] = []
    for others, arm in dict.fromkeys((without(where, BATCH_SIZE), arm) for where, arm in tried):
        mine = [tried[key] for key in tried if (without(key[0], BATCH_SIZE), key[1]) == (others, arm)]
        if any(group.fate == "learns" for group in mine):
            values: dict[str, Value] = {"arm": titles[arm]}
            if others:
                values = {"arm": Message("{arm} with {where}", values | {"where": at(others)})}
            said += _at_chance(mine, values) + _diverged(mine, values)
    return said


def _at_chance(mine: Iterable[Group], values: dict[str, Value]) -> list[Message]:
    """It may learn later: a larger batch has had fewer steps."""
    sizes = [
        _with_steps(group, count)
        for group in _by_size(mine)
        if _is_half(count := sum(each["status"] == FINISHED and not learns(each) for each in group.entries), group)
    ]
    return [Message("{arm} is still at chance at batch size {sizes}.", values | {"sizes": sizes})] if sizes else []


def _diverged(mine: Iterable[Group], values: dict[str, Value]) -> list[Message]:
    sizes = [
        _with_seeds(group, count)
        for group in _by_size(mine)
        if _is_half(count := sum(each["status"] == DIVERGED for each in group.entries), group)
    ]
    return [Message("{arm} diverged at batch size {sizes}.", values | {"sizes": sizes})] if sizes else []


def _by_size(mine: Iterable[Group]) -> list[Group]:
    return sorted(mine, key=lambda group: _size(group.where))


def _known(group: Group) -> int:
    """How many seeds have a result."""
    return sum(entry["status"] != FAILED for entry in group.entries)


def _is_half(count: int, group: Group) -> bool:
    return 2 * count >= _known(group) > 0


def _with_seeds(group: Group, count: int) -> Message | str:
    values: dict[str, Value] = {"size": f"{_size(group.where):,}", "n": count, "seeds": _known(group)}
    return Message("{size} ({n} of {seeds} seeds)", values)


def _with_steps(group: Group, count: int) -> Message | str:
    steps = group.spread("steps")
    values: dict[str, Value] = {"size": f"{_size(group.where):,}", "n": count, "seeds": _known(group)}
    values["steps"] = f"{steps.high:,.0f}" if steps else "–"
    return Message("{size} (after {steps} steps, {n} of {seeds} seeds)", values)
