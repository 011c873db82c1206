"""A First look that comes with NormScope, for who has not run one yet: `python -m bench.recorded` has recorded it.

FIRST_LOOK    where it lies; RUN_ID, its id: links to it say what it is
first_look    the run, with when and where it was recorded in its origin
first_images  the first of its images, for a machine that does not have them all; IMAGES, where they lie
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from core.data.images import Images
from core.data.sources import SOURCES
from core.store.recording import Recording

NAME = "First look"  # of the preset
RUN_ID = "recorded-first-look"
FIRST_LOOK = Path(__file__).with_name("first_look.zip")
IMAGES = Path(__file__).with_name("first_look_images.npz")  # Fashion-MNIST's, of Zalando SE, under the MIT licence


@functools.cache
def first_look() -> Recording:
    """Read once, and checked as any other bundle."""
    from core.exports import bundle  # no start of the server has to wait for what reads it

    return bundle.read(FIRST_LOOK)


@functools.cache
def first_images() -> Images:
    """As many as the maps, the cube and most questions look at."""
    with np.load(IMAGES) as found:
        parts = {name: torch.from_numpy(part) for name, part in found.items()}
    name = first_look().config.data
    return Images(name, **parts, classes=SOURCES[name].classes)
