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
        _("Their md5 says that they are those that NormScope has trained on, whole."),
        values,
    )


def images_code(config: ExperimentConfig) -> str:
    """train_images, train_labels, test_images, test_labels, on the device."""
    if config.data == "digits":
        return _DIGITS.replace("MISSING", quoted(_("The digits come with scikit-learn: pip install scikit-learn")))
    folder = SOURCES[config.data].folder
    said = {
        "TORCHVISION": quoted(_("--download needs torchvision: pip install torchvision")),
        "FETCHING": _filled(_("The images cannot be fetched ({why}). Try again, or put them into {folder}.")),
        "UNREADABLE": _filled(
            _("{path} cannot be read ({why}). Name another folder with --data-root, or --download it.")
        ),
        "ANOTHER": _filled(_("{path} must have the md5 {md5}, and has another. Name a folder of whole files.")),
    }
    files = "\n".join(f'    "{file}": "{md5}",' for file, md5 in SOURCES[config.data].files)
    code = _FILES.replace("FOLDER", folder).replace("NAMES", files)
    for place, sentence in said.items():
        code = code.replace(place, sentence)
    return code


def _filled(sentence: str) -> str:
    """As a literal that takes its {names} from the program."""
    return f"f{quoted(sentence)}"


_FILES = dedent("""
    folder = Path(args.data_root) / "FOLDER" / "raw"
    md5s = {
    NAMES
    }
    if args.download and not all((folder / name).exists() for name in md5s):
        try:
            from torchvision.datasets import FOLDER

            FOLDER(args.data_root, download=True)
        except ImportError:
            parser.error(TORCHVISION)
        except (OSError, RuntimeError) as error:
            why = str(error).partition("\\n")[0].rstrip(":")
            parser.error(FETCHING)


    def read_idx(path, md5):
        try:
            packed = path.read_bytes()
        except OSError as error:
            why = error.strerror
            parser.error(UNREADABLE)
        if hashlib.md5(packed, usedforsecurity=False).hexdigest() != md5:
            parser.error(ANOTHER)
        content = bytearray(gzip.decompress(packed))
        axes = content[3]
        sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
        return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * axes).reshape(sizes)


    train_images, train_labels, test_images, test_labels = (read_idx(folder / name, md5) for name, md5 in md5s.items())
    train_images, test_images = train_images.unsqueeze(1).to(device), test_images.unsqueeze(1).to(device)
    train_labels, test_labels = train_labels.long().to(device), test_labels.long().to(device)
    """).strip()

_DIGITS = dedent("""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        parser.error(MISSING)

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
