"""The settings of an experiment as flags, in words."""

from __future__ import annotations

from collections.abc import Iterable

from core.experiment.arm import Norm
from core.experiment.config import ACTIVATIONS, DATASETS, DEPTHS, INITS, OPTIMIZERS, POOLS, PRESETS, SCHEDULES
from core.language.message import Message

PRESET_FLAGS = {
    "first-look": "First look",
    "book-as-read": "The book, as read",
    "book-zh": "The book, zh edition",
    "book-en": "The book, en edition",
}

FIRST_LOOK = PRESETS["First look"]

PRESET_WORDS = Message(
    "a ready-made experiment (default: first-look). The book's take all images and 10 epochs: book-as-read with max "
    "pooling, learning rate 1.0, and none, bn:book and bn; book-zh with average pooling and 1.0; book-en with average "
    "pooling, 0.1 and batches of 128"
)

_NORMS = Message("{first} or {last}", {"first": list(Norm)[:-1], "last": list(Norm)[-1]})


# group, then field of ExperimentConfig: flag, values (a word for them, or all there are), help
SETTINGS: dict[Message, dict[str, tuple[str, str | Iterable[object], Message]]] = {
    Message("Data"): {
        "data": ("--data", DATASETS, Message(
            "the images: 60,000 to train on and 10,000 to test on, fetched when missing; digits (1,437 and 360) come "
            "with scikit-learn and need no network, and take smaller batches and more epochs where no flag says "
            "otherwise. Clothes are harder to tell apart than figures")),
        "examples": ("--examples", "N", Message(
            "train on the first N images, or on all where there are fewer. A third of Fashion-MNIST already shows "
            "every effect; all of it takes three times as long")),
    },
    Message("Network"): {
        "arms": ("--norm", "SPEC", Message(
            "an arm, that is, one network of the comparison; repeat it for up to 6. SPEC is {norms}; gn1 has one "
            "group, gn two; bn/none normalizes the convolutions only; bn:book is the chapter's own code; :dropout=0.5 "
            "and :lr=0.02 hold for this arm alone. All arms start from the same weights", {"norms": _NORMS})),
        "activation": ("--activation", ACTIVATIONS, Message(
            "after every layer but the last. With sigmoid the gradient shrinks from layer to layer, so normalization "
            "decides; with relu, at a sensible learning rate, it matters far less")),
        "pool": ("--pool", POOLS, Message("how 2×2 values become one; recent editions of the book average")),
        "init": ("--init", INITS, Message(
            "the initial weights: Xavier, He (made for relu), PyTorch's default, or N(0, 0.01). The smaller they are, "
            "the less gradient reaches the first layer without BatchNorm")),
        "depth": ("--depth", DEPTHS, Message(
            "layers with weights: 5 is LeNet, 8 and 12 add linear layers and convolutions. With sigmoid and without "
            "BatchNorm each one more shrinks the gradient further")),
        "dropout": ("--dropout", "P", Message(
            "share of the linear layers' outputs set to 0 while training, from 0 (none) to below 1")),
    },
    Message("Training"): {
        "optimizer": ("--optimizer", OPTIMIZERS, Message("how gradients become steps")),
        "learning_rate": ("--lr", "X", Message(
            "the learning rate, any number above 0. The book takes 1.0 (zh) or 0.1 (en); try 0.001 with adam. Too "
            "high, an arm diverges and the others go on")),
        "momentum": ("--momentum", "M", Message("share of the last SGD step that is kept, from 0 to below 1")),
        "weight_decay": ("--weight-decay", "W", Message(
            "W times each parameter (γ, β, biases, too) is added to its gradient, as PyTorch's SGD and Adam do; 0 is "
            "none. Weights in front of a norm compute the same when they shrink: there it makes their steps larger")),
        "schedule": ("--schedule", SCHEDULES, Message(
            "how the learning rate goes on: it stays, or falls by a factor every few epochs, or along half a cosine "
            "wave to 0 at the end")),
        "step_epochs": ("--step-epochs", "K", Message(
            "with --schedule step: it falls after every K epochs, 1 to 1000")),
        "step_factor": ("--step-factor", "F", Message(
            "with --schedule step: by what it is multiplied then, above 0 and below 1")),
        "batch_size": ("--batch-size", "N", Message(
            "images per step, 1 to 1024. BatchNorm's statistics come from these alone: with 2 its linear layers "
            "hardly learn, with 1 they cannot")),
        "drop_last": ("--drop-last", "", Message(
            "leave out a last batch that is not full (the book keeps it). A short one unsettles BatchNorm's running "
            "statistics at the end of every epoch")),
        "epochs": ("--epochs", "N", Message("passes through the training images, 1 to 1000")),
        "seed": ("--seed", "N", Message(
            "0 to 4294967295; decides the weights, the order of the images and dropout. The same seed gives the same "
            "losses, bit for bit, on the same kind of processor, with any number of cores, or of NVIDIA card, with "
            "the same PyTorch; another seed shows what luck does")),
    },
}  # fmt: skip

FLAGS = {field: flag for group in SETTINGS.values() for field, (flag, _, _) in group.items()}
