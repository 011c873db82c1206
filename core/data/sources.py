"""What the data sets that are downloaded consist of: their folder, files, md5s and classes, as torchvision has them.

SOURCES  by name
Source   one of them

A table, because importing torchvision takes a second and none of this changes; a test compares the two. Mirrors do
change: they are torchvision's, and looked up where something has to be downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One data set in torchvision's own layout, ROOT/FOLDER/raw/*.gz."""

    folder: str  # also the name of torchvision's class
    files: tuple[tuple[str, str], ...]  # name and md5: images and labels to train on, images and labels to test on
    classes: tuple[str, ...]  # by label


def _source(folder: str, md5s: str, classes: str) -> Source:
    return Source(folder, tuple(zip(_FILES, md5s.split(), strict=True)), tuple(classes.split(", ")))


SOURCES = {
    "fashion-mnist": _source(
        "FashionMNIST",
        """
        8d4fb7e6c68d591d4c3dfef9ec88bf0d
        25c81989df183df01b3e8a0aad5dffbe
        bef4ecab320f06d8554ea6380940ec79
        bb300cfdad3c16e7a12a480ee83cd310
        """,
        "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot",
    ),
    "mnist": _source(
        "MNIST",
        """
        f68b3c2dcbeaaa9fbdd348bbdeb94873
        d53e105ee54ea40749a09fcbcd1e9432
        9fb629c4189551a2d022fa330f9573f3
        ec29112dd5afa0611ce80d1b7f02629c
        """,
        "0 - zero, 1 - one, 2 - two, 3 - three, 4 - four, 5 - five, 6 - six, 7 - seven, 8 - eight, 9 - nine",
    ),
    "kmnist": _source(
        "KMNIST",
        """
        bdb82020997e1d708af4cf47b453dcf7
        e144d726b3acfaa3e44228e80efcd344
        5c965bf0a639b31b8f53240b1b52f4d7
        7320c461ea6c1c855c0b718fb2a4b134
        """,
        "o, ki, su, tsu, na, ha, ma, ya, re, wo",
    ),
}
