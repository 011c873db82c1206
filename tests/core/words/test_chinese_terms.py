"""words/terms/*/zh.md: the prose is Chinese; Latin words are names, signs and code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import core.words

TERMS = sorted(Path(core.words.__file__).parent.glob("terms/*/zh.md"))
PEOPLE = """
    Ba Bengio Bjorck Bouthillier Glorot He Hinton Holm Hutter Ioffe Kiros Laarhoven Lempitsky Loshchilov Luo
    Nesterov Santurkar Sennrich Srivastava Student Szegedy Teye Ulyanov Vedaldi Wald Wu Xavier Zhang van
"""
MODELS = "Adam AdamW ConvNeXt GRU LeNet ResNet RMSNorm SGD Transformer ReLU sigmoid softmax tanh gru conv fc ln bn in"
PROGRAMS = "ImageNet Fashion MNIST NumPy PyTorch scikit learn CUDA Apple MPS CPU SHA float"
PYTORCHS_WORDS = "LayerNorm buffer logits dampening evaluation fan out running"
SIGNS = "NaN Inf RMS LN BN GN IN cos arXiv"
TITLES = "Understanding Batch Layer Normalization"
ALLOWED = set(f"{PEOPLE} {MODELS} {PROGRAMS} {PYTORCHS_WORDS} {SIGNS} {TITLES}".split())


def english(text: str) -> list[str]:
    prose = re.sub(r"<!--.*?-->|`[^`]*`|\]\([^)]*\)|（\d{4}，“[^”]*”", " ", text)  # a paper has its title
    return [word for word in re.findall(r"[A-Za-z]{2,}", prose) if word not in ALLOWED]


@pytest.mark.parametrize("path", TERMS, ids=lambda path: path.parent.name)
def test_a_terms_prose_is_chinese(path: Path) -> None:
    assert english(path.read_text(encoding="utf-8")) == []


def test_a_sentence_left_in_english_is_noticed() -> None:
    assert english("# 漂移\n\nHow far the means move（`mean`，Wu等人）") == ["How", "far", "the", "means", "move"]
