"""All that a training publishes, kept in memory: for who runs it to its end without anybody watching."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.training.records import NetworksSeen, Record


@dataclass(slots=True)
class Collected:
    """`looks` apart from all other `records`, both in the order in which they came."""

    records: list[Record] = field(default_factory=list)
    looks: list[NetworksSeen] = field(default_factory=list)

    def publish(self, record: Record) -> None:
        if isinstance(record, NetworksSeen):
            self.looks.append(record)
        else:
            self.records.append(record)
