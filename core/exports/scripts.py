"""The page's own scripts as one that stands alone, for a file that is opened without a server.

standing_alone  a script of assets/ with all that it imports

Each becomes a function that is called once, in the order of their imports, and gives what it exports. So what is drawn
in the file is drawn by what draws on the page.
"""

from __future__ import annotations

import re
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def standing_alone(name: str) -> str:
    """`name` is a path in assets/. The scripts import by names, some under another, and export where they define."""
    found: dict[Path, str] = {}
    _gather(ASSETS / name, found)
    return "\n".join(found.values())


def _gather(path: Path, found: dict[Path, str]) -> None:
    source = path.read_text(encoding="utf-8")
    imports = [(names, (path.parent / other).resolve()) for names, other in _IMPORT.findall(source)]
    for _names, other in imports:
        if other not in found:
            _gather(other, found)
    given = ", ".join(name for _declared, name in _EXPORT.findall(source))
    taken = "".join(f"const {{{names.replace(' as ', ': ')}}} = {_variable(other)};\n" for names, other in imports)
    body = _EXPORT.sub(r"\1", _IMPORT.sub("", source))
    found[path] = f"const {_variable(path)} = (() => {{\n{taken}{body}\nreturn {{ {given} }};\n}})();"


def _variable(path: Path) -> str:
    return "_".join(path.relative_to(ASSETS.resolve()).with_suffix("").parts)
