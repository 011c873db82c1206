"""How far a sweep is, on stderr: runs done, and how long the others will take."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NoReturn

from core.cli.progress import LOG_SECONDS
from core.language.speech import _, pgettext

if TYPE_CHECKING:
    from tqdm import tqdm

    from core.lab.sweeping import Sweeping


class SweepProgress:
    """A bar with the sweep's own estimate: tqdm's takes all runs for equally long.

    Of a question that is two sweeps it counts both: so many runs were `earlier`, or come `later`.
    """

    def __init__(self, sweeping: Sweeping, earlier: int = 0, later: int = 0) -> None:
        self._sweeping, self._earlier = sweeping, earlier
        self._total = earlier + sweeping.total + later

    def __enter__(self) -> SweepProgress:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no watching thread: core.runs alone has threads
        seconds = 0.5 if sys.stderr.isatty() else LOG_SECONDS
        self._bar: tqdm[NoReturn] = tqdm(
            desc=_("sweep"),
            total=self._total,
            initial=self._done,
            unit=pgettext("unit of a progress bar", "run"),
            file=sys.stderr,
            mininterval=seconds,
            maxinterval=seconds,
            dynamic_ncols=True,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.close()

    @property
    def _done(self) -> int:
        return self._earlier + self._sweeping.done

    def show(self) -> None:
        left = self._sweeping.estimate.seconds
        self._bar.set_postfix_str(_("about {time} left", time=duration(left)) if left else "", False)
        self._bar.update(self._done - self._bar.n)


def duration(seconds: float) -> str:
    """About so long: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return _("{n} s", n=max(1, math.ceil(seconds)))
    if seconds < 5400:
        return _("{n} min", n=math.ceil(seconds / 60))
    return _("{n} h", n=f"{seconds / 3600:.1f}")
