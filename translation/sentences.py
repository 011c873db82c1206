"""Every sentence in the code that is told in the reader's language: (line, context, text or its two forms).

python      _("…"), ngettext("…", "…", n), pgettext("where", "…"), Message("…"), Plural("…", "…", n), anywhere
javascript  the first three of these, anywhere: in templates and among the arguments of one another, too

Babel's own extractors leave out a call among another's arguments, and lose their way at an apostrophe in a template.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# what is called: how many of its arguments, from the first, are text
TEXTS = {"_": 1, "ngettext": 2, "pgettext": 2, "Message": 1, "Plural": 2}

Found = tuple[int, str | None, str | tuple[str, ...]]


class NotPlain(ValueError):
    """A sentence that cannot be looked up: it is put together where it should stand as it is."""


def python(source: str) -> Iterator[Found]:
    """Of a file in Python."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    named = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in TEXTS)
    for call in sorted(named, key=lambda call: (call.lineno, call.col_offset)):
        what = call.func.id
        texts = [arg.value for arg in call.args[: TEXTS[what]] if isinstance(arg, ast.Constant)]
        if len(texts) != TEXTS[what] or not all(isinstance(text, str) for text in texts):
            raise NotPlain(
                f"line {call.lineno}: {what}(…) must begin with its text in plain quotation marks, no f-string"
            )
        yield call.lineno, *_as_found(what, texts)


_STRING = r'"(?:[^"\\\n]|\\.)*"'
_TEXT = rf"{_STRING}(?:\s*\+\s*{_STRING})*"
_CALL = re.compile(rf"(?<![\w.$])(_|ngettext|pgettext)\(\s*({_TEXT})?(?:\s*,\s*({_TEXT}))?")


def javascript(source: str) -> Iterator[Found]:
    """Of a script: its texts stand in double quotation marks."""
    for call in _CALL.finditer(source):
        line, what = source.count("\n", 0, call.start()) + 1, call[1]
        texts = [_plain(text) for text in call.groups()[1 : 1 + TEXTS[what]] if text is not None]
        if len(texts) != TEXTS[what]:
            raise NotPlain(f'line {line}: {what}(…) must begin with its text in "", no template')
        yield line, *_as_found(what, texts)


def _plain(written: str) -> str:
    return "".join(ast.literal_eval(part) for part in re.findall(_STRING, written))


def _as_found(what: str, texts: list[str]) -> tuple[str | None, str | tuple[str, ...]]:
    if what == "pgettext":
        return texts[0], texts[1]
    return None, texts[0] if len(texts) == 1 else tuple(texts)
