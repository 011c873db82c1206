"""What a run may take at most where the operator says so, as of a server that is left to the public."""

from __future__ import annotations

from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError
from core.language.message import Message


def check_work(config: ExperimentConfig, most: int | None) -> None:
    """Raises ConfigError for an experiment of more images × epochs × arms × layers than `most`."""
    if most is not None and config.work > most:
        values = {"most": most, "work": config.work}
        raise ConfigError(
            Message(
                "On this server an experiment may take at most {most:,} images × epochs × arms × layers; this one "
                "takes {work:,}. Use fewer images, epochs or arms.",
                values,
            ),
            "examples",
            "epochs",
            "arms",
            "depth",
        )
