"""The part of an experiment's program that has the images: read from their files, or scikit-learn's digits.

images_words, images_code  what the code does, and the code
quoted                     a text as Python writes it, in double quotation marks
"""

from __future__ import annotations

import json
from textwrap import dedent

from core.data.sources import SOURCES
from core.experiment.config import ExperimentConfig
from core.language.speech import _


def images_words(config: ExperimentConfig) -> tuple[str, ...]:
    """What the code does."""
    values = _("They stay uint8 until they are divided by 255; no mean is subtracted, as in the book.")
    if config.data == "digits":
        return (
            _("scikit-learn’s 1,797 digits of 8 × 8 pixels, enlarged to 28 × 28, of which 360 are for testing."),
            values,
        )
    return (
        _("The first {examples:,} training images, and all test images.", examples=config.examples),
        _("The files are IDX: four bytes, of which the last is the number of axes, their sizes, then the values."),
        values,
    )


def images_code(config: ExperimentConfig) -> str:
    """train_images, train_labels, test_images, test_labels, on the device."""
    if config.data == "digits":
        return _DIGITS.replace("MISSING", quoted(_("The digits come with scikit-learn: pip install scikit-learn")))
    folder = SOURCES[config.data].folder
    names = "\n".join(f'    "{file}",' for file, _md5 in SOURCES[config.data].files)
    missing = _("{files} are not in {folder}. Name the folder with --data-root, or fetch them with --download.")
    return _FILES.replace("FOLDER", folder).replace("NAMES", names).replace("MISSING", f"f{quoted(missing)}")


_FILES = dedent("""
    folder = Path(args.data_root) / "FOLDER" / "raw"
    names = [
    NAMES
    ]
    if args.download and not all((folder / name).exists() for name in names):
        from torchvision.datasets import FOLDER

        FOLDER(args.data_root, download=True)
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        files = ", ".join(missing)
        sys.exit(MISSING)


    def read_idx(path):
        content = bytearray(gzip.decompress(path.read_bytes()))
        axes = content[3]
        sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
        return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * axes).reshape(sizes)


    train_images, train_labels, test_images, test_labels = (read_idx(folder / name) for name in names)
    train_images, test_images = train_images.unsqueeze(1).to(device), test_images.unsqueeze(1).to(device)
    train_labels, test_labels = train_labels.long().to(device), test_labels.long().to(device)
    """).strip()

_DIGITS = dedent("""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        sys.exit(MISSING)

    digits = load_digits()
    small = torch.from_numpy(digits.data).float().view(-1, 1, 8, 8)
    images = (F.interpolate(small, size=(28, 28), mode="bilinear") * (255 / 16)).round().to(torch.uint8).to(device)
    labels = torch.from_numpy(digits.target).long().to(device)
    train, test_rows = train_test_split(
        range(len(labels)), train_size=1437, test_size=360, stratify=digits.target, random_state=0
    )
    train_images, train_labels = images[train], labels[train]
    test_images, test_labels = images[test_rows], labels[test_rows]
    """).strip()


def quoted(text: str) -> str:
    """As a literal; what is not ASCII stays as it is."""
    return json.dumps(text, ensure_ascii=False)
