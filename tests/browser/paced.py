"""The server, where a long run rests between mini-batches: the processor is for the pages that watch it.

It forgets none of its runs, and lets Playwright evaluate text.

As `streamlit`: python -m tests.browser.paced run app.py …
"""

import sys
import time
from typing import Any

import streamlit.web.cli
from starlette.types import Receive, Scope, Send

from core.experiment.environment import fix_products, fix_threads

REST_SECONDS = 0.02
MOST_STEPS = 1000  # of a run that a test waits for to its end
STRICT = (b"x-policy", b"strict")

if __name__ == "__main__":
    fix_products()  # before PyTorch is there
    fix_threads()
    from core.runs import manager
    from core.runs.run import Run
    from core.web import guarding

    manager.KEPT_RUNS = 1000  # tests share tabs, whose runs are not to be forgotten for those of other tests

    begin_step = Run.begin_step

    def begin_step_rested(run: Run, step: int) -> float | None:
        if run.config.total_steps > MOST_STEPS:
            time.sleep(REST_SECONDS)
        return begin_step(run, step)

    guard = guarding.Guarding.__call__

    async def guard_with_eval(self: guarding.Guarding, scope: Scope, receive: Receive, send: Send) -> None:
        """Playwright's wait_for_function evaluates text in the page; test_policy.py asks for what visitors have."""

        async def send_on(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and STRICT not in scope["headers"]:
                told = [
                    (name, value.replace(b"'wasm-unsafe-eval'", b"'unsafe-eval'")) for name, value in message["headers"]
                ]
                message["headers"] = told
            await send(message)

        await guard(self, scope, receive, send_on)

    guarding.Guarding.__call__ = guard_with_eval  # type: ignore[method-assign]
    Run.begin_step = begin_step_rested  # type: ignore[method-assign]
    sys.exit(streamlit.web.cli.main(prog_name="streamlit"))
