"""The data sets that runs have asked for, each loaded once; the digits where one cannot be had.

Gallery    images by name
get_ready  opens the card, if there is one, before the first run has to wait for it
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from core.data.device import best_device, is_card
from core.data.files import DataError, Progress, is_missing
from core.data.images import Images, load
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import DIGITS, on_digits
from core.language.message import Message
from core.runs.downloads import Downloads
from core.training.crew import share_cores
from core.training.records import DataArrived, DataReplaced, Publish
from core.words.settings import instead_of

# Imported where it is used, since it takes seconds: by torch's optimizers, when the first is made on a card.
FOR_CARDS = "torch._dynamo"


class Gallery:
    """Images by name, on one device."""

    def __init__(self, root: Path | None, device: torch.device | None) -> None:
        self._root, self._device = root, device
        self._images: dict[str, Images] = {}
        self._downloads = Downloads()

    @property
    def device(self) -> torch.device:
        """Where the images lie, and the networks learn."""
        return self._device or best_device()

    def download(
        self,
        config: ExperimentConfig,
        publish: Publish,
        check_stopped: Callable[[], None],
        step_aside: Callable[[], None],
    ) -> ExperimentConfig:
        """Have what is not on this machine fetched, the device being left to others meanwhile: `step_aside`.

        Returns the experiment, or another one, on digits, where its data are not to be had.
        """
        if config.data in self._images or not is_missing(config.data, self._root):
            return config
        step_aside()
        try:
            load = partial(self._load_from, config.data)
            self._images[config.data] = self._downloads.wait_for(config.data, load, _arrivals(publish), check_stopped)
            return config
        except DataError as error:
            return _on_digits(config, error, publish)

    def images_for(
        self, config: ExperimentConfig, publish: Publish, check_stopped: Callable[[], None]
    ) -> tuple[ExperimentConfig, Images]:
        """The images and the experiment that fits them: another one, on digits, where the data are not to be had."""
        try:
            return config, self._load(config.data, publish, check_stopped)
        except DataError as error:
            return _on_digits(config, error, publish), self._load("digits", publish, check_stopped)

    def images_of(self, name: str) -> Images:
        """The images of a run that was kept. Raises DataError where they are not on this machine; fetches nothing."""
        if name not in self._images and is_missing(name, self._root):
            raise DataError(
                Message(
                    "This run was made with {data}, which is not on this machine. Fetch it with `python -m core data "
                    "fetch --data {data}`.",
                    {"data": name},
                )
            )
        return self._load(name, lambda record: None, lambda: None)

    def _load(self, name: str, publish: Publish, check_stopped: Callable[[], None]) -> Images:
        share_cores()
        if name not in self._images:
            self._images[name] = self._load_from(name, _arrivals(publish), check_stopped)
        return self._images[name]

    def _load_from(self, name: str, progress: Progress, check_stopped: Callable[[], None]) -> Images:
        return load(name, self._root, self.device, progress, check_stopped)


def _on_digits(config: ExperimentConfig, error: DataError, publish: Publish) -> ExperimentConfig:
    if not error.missing:
        raise error
    instead = on_digits(config)
    publish(DataReplaced(config.data, "digits", error.args[0], _taken(config, instead)))
    return instead


def _taken(asked: ExperimentConfig, instead: ExperimentConfig) -> Message | str:
    """Which settings the digits brought with them."""
    names = (*DIGITS, "drop_last")
    before = {name: getattr(asked, name) for name in names if getattr(asked, name) != getattr(instead, name)}
    after = {name: getattr(instead, name) for name in before}
    return instead_of(before, after) if before else ""


def _arrivals(publish: Publish) -> Callable[[str, int, int], None]:
    """A progress callback that publishes at most every percent, so that a download stays a short history."""
    last = ("", -1)

    def arrived(file: str, done: int, total: int) -> None:
        nonlocal last
        percent = done * 100 // total if total else done >> 20
        if (file, percent) != last:
            last = file, percent
            publish(DataArrived(file, done, total))

    return arrived


def get_ready() -> None:
    """Open the card, if there is one, and import what its first run would wait for; no page needs it."""
    if is_card(best_device()):
        importlib.import_module(FOR_CARDS)
        torch.zeros(1, device=best_device())  # its first use takes seconds
