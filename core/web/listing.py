"""What the Runs page is told: the runs that a browser may see, and what they take of the disk.

Which they are, the owner's cookie says, and the ids that the request has: whoever knows a run's id may watch it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.experiment.config import ExperimentConfig
from core.exports.archive import MOST_BYTES
from core.exports.formats import FORMATS
from core.runs.hidden import card_without
from core.runs.library import Listing, library
from core.store.card import RUN_ID, Card
from core.training.records import to_finite
from core.web.owner import OWNER_COOKIE
from core.web.parameters import answers, one

USUAL = ExperimentConfig().to_json()  # of a thousand runs, only what is otherwise is sent
MOST_KNOWN = 500


@answers
async def runs(request: Request) -> Response:
    """The runs of this browser and those of the ids in `known`; `{"same": true}` to who has `seen` just that."""
    key = request.cookies.get(OWNER_COOKIE, "")
    known = [each for each in one(request, "known", "").split(",")[:MOST_KNOWN] if RUN_ID.fullmatch(each)]
    text, digest = await run_in_threadpool(_answer, key, known)
    if one(request, "seen", "") == digest:
        return JSONResponse({"same": True}, headers={"Cache-Control": "no-store"})
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


def _answer(key: str, known: Collection[str]) -> tuple[str, str]:
    """The answer, and by what it is known again."""
    here = library()
    told = _told(here.listed(key, known), key) | {"shared": here.shared}
    text = json.dumps(told, allow_nan=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'{text[:-1]},"seen":"{digest}"}}', digest


def _told(listing: Listing, key: str) -> dict[str, Any]:
    cards = [card_without(card) for card in listing.cards]
    return {
        "runs": [_run(card, key) | {"kept": card.id in listing.kept} for card in cards],
        "broken": [
            {"id": run_id, "why": str(why), "removable": run_id in listing.removable}
            for run_id, why in listing.broken.items()
        ],
        "arms": _arms(card.config for card in cards),
        "usual": USUAL,
        "formats": list(FORMATS),
        "used": listing.used,
        "limit": listing.limit,
        "problem": str(listing.problem),
        "most": MOST_BYTES,
    }


def _arms(configs: Iterable[ExperimentConfig]) -> dict[str, dict[str, str]]:
    """Each arm once, by its name, however many runs have it."""
    found = {arm.name: arm for config in configs for arm in config.arms}
    return {name: {"name": name, "title": str(arm.title), "norm": arm.main_norm} for name, arm in found.items()}


def _run(card: Card, key: str) -> dict[str, Any]:
    return {
        "id": card.id,
        "name": card.name,
        "pinned": card.pinned,
        "mine": card.owned_by(key),
        "by": card.origin.by,
        "started": card.origin.started.timestamp(),
        "settings": {name: value for name, value in card.config.to_json().items() if value != USUAL[name]},
        "accuracies": to_finite(dict(card.accuracies or {})),
        "ended": list(card.ended),
        "hidden": len(card.hidden),
        "status": card.status,
        "message": str(card.message),
        "step": card.step,
        "total": card.config.total_steps,
        "seconds": card.seconds,
        "bytes": card.bytes,
        "resumable": card.resumable,
    }
