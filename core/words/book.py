"""Where in the book a term stands: the part of its section on batch normalization, 8.5 in English and 7.5 in Chinese.

PARTS   every part, by a short name, in the book's order
PLACES  slug of a term: the part's name; terms that the section does not have are missing
"""

from __future__ import annotations

from core.language.message import Message

DEEP = Message("Training Deep Networks")
LAYERS = Message("Batch Normalization Layers")
CONVOLUTION = Message("Batch Normalization Layers, Convolutional Layers")
PREDICTION = Message("Batch Normalization During Prediction")
SCRATCH = Message("Implementation from Scratch")
LENET = Message("LeNet with Batch Normalization")
CONCISE = Message("Concise Implementation")
DISCUSSION = Message("Discussion")
EXERCISES = Message("Exercises")

PARTS = {
    "deep": DEEP,
    "layers": LAYERS,
    "convolution": CONVOLUTION,
    "prediction": PREDICTION,
    "scratch": SCRATCH,
    "lenet": LENET,
    "concise": CONCISE,
    "discussion": DISCUSSION,
    "exercises": EXERCISES,
}
PLACES = {
    "batch-norm": LAYERS,
    "averaging-axes": CONVOLUTION,
    "gamma-and-beta": DEEP,
    "epsilon": DEEP,
    "batch-noise": DEEP,
    "biased-variance": SCRATCH,
    "batch-norm-book": SCRATCH,
    "running-statistics": PREDICTION,
    "batch-statistics": PREDICTION,
    "training-and-evaluation-mode": PREDICTION,
    "no-normalization": EXERCISES,
    "learning-rate": LENET,
    "learns-survives-fails": EXERCISES,
    "training-loss": LENET,
    "accuracy": LENET,
    "dropout": EXERCISES,
    "drift": DISCUSSION,
    "internal-covariate-shift": DISCUSSION,
    "layer-norm": Message("Layer Normalization (English edition only)"),
}
