"""core.lab.wording: settings in words that fit into a sentence."""

from __future__ import annotations

import pytest

from core.lab.statistics import Values
from core.lab.wording import at
from core.language.message import Message
from core.language.speech import speaking


@pytest.mark.parametrize(
    ("where", "english", "chinese"),
    [
        (
            (("batch-size", 32), ("lr-rule", "proportional")),
            "batch size 32, a learning rate proportional to the batch size",
            "批量大小 32、学习率与批量大小成正比",
        ),
        ((("lr-rule", "fixed"),), "a fixed learning rate", "学习率固定"),
        (
            (("depth", 8), ("activation", "relu")),
            "8 layers with weights, activation relu",
            "8个带权重的层、激活函数 relu",
        ),
        ((("drop-last", True),), "the last short batch dropped", "丢弃最后不足的小批量"),
    ],
)
def test_settings_are_told_as_they_are_said_after_with(where: Values, english: str, chinese: str) -> None:
    for language, said in (("en", english), ("zh", chinese)):
        with speaking(language):
            assert str(Message("{where}", {"where": at(where)})) == said
