"""An experiment as a Python script that needs only PyTorch and its images: `python script.py`."""

from __future__ import annotations

from collections.abc import Iterable

from core.experiment.config import ExperimentConfig
from core.exports.program import Section, program
from core.language.columns import width, wrapped
from core.training.records import Record

WIDTH = 100  # of comments


def script(config: ExperimentConfig, facts: Iterable[Record] = ()) -> str:
    """The program of `config` and what its run measured, with comments in the language spoken here."""
    return "\n\n\n".join(map(_written, program(config, facts))) + "\n"


def _written(section: Section) -> str:
    rule = "-" * max(3, WIDTH - 7 - width(section.title))
    words = [f"# {line}" for paragraph in section.says for line in wrapped(paragraph, WIDTH - 2)]
    apart = "\n\n\n" if section.code.startswith(("def ", "class ", "@")) else "\n\n"
    head = "\n".join([f"# --- {section.title} {rule}", *words])
    return head + (apart + section.code if section.code else "")
