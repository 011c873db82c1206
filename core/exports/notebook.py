"""An experiment as a Jupyter notebook: its program in cells, with words between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from core.experiment.config import ExperimentConfig
from core.exports.program import Section, program
from core.training.records import Record


def notebook(config: ExperimentConfig, facts: Iterable[Record] = ()) -> dict[str, Any]:
    """The program of `config` and what its run measured as nbformat 4.5, in the language spoken here."""
    cells = [cell for i, section in enumerate(program(config, facts)) for cell in _cells(section, i)]
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": python, "cells": cells}


def _cells(section: Section, place: int) -> list[dict[str, Any]]:
    words = "\n\n".join([f"{'##' if place else '#'} {section.title}", *map(_plain, section.says)])
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": words}]
    if section.code:
        cells.append(
            {"cell_type": "code", "metadata": {}, "source": section.code, "execution_count": None, "outputs": []}
        )
    return [{"id": _id(f"{place}/{i}"), **cell} for i, cell in enumerate(cells)]


def _plain(paragraph: str) -> str:
    """So that Markdown changes nothing of it; addresses become links by themselves."""
    return "".join(f"\\{sign}" if sign in "*_`[]<>#\\" else sign for sign in paragraph)


def _id(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:8]
