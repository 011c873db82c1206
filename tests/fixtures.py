"""What several test files share: images, a run manager, a condition to wait for, and hypothesis's settings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, settings

from core.data.files import verify
from core.data.images import Images, load
from core.experiment.config import ExperimentConfig
from core.experiment.environment import data_root
from core.runs import gallery
from core.runs.manager import RunManager
from core.runs.manager import manager as the_manager
from core.runs.run import Run
from core.training import crew

PATIENCE_SECONDS = 60.0  # how long a condition may take on a busy machine; it is met in milliseconds otherwise

# A busy machine is no failure: hypothesis may take its time, and tries the same examples every time.
settings.register_profile("normscope", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("normscope")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """One processor thread for torch, in the tests as in their run managers: the same sums in the same order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crew, "usable_cores", lambda: 1)
        crew.share_cores()
        yield


@pytest.fixture(autouse=True)
def environment_stays() -> Iterator[None]:
    """What a test leaves in the environment would reach the processes of later tests, and change their bits."""
    before = _of_the_environment()
    yield
    assert _of_the_environment() == before


def _of_the_environment() -> dict[str, str]:
    """What the product, its server and its arithmetic go by; libraries set others when they are imported."""
    ours = ("NORMSCOPE_", "STREAMLIT_", "MKL_", "OMP_", "ATEN_", "DNNL_", "ONEDNN_", "http", "no_proxy", "HOME")
    return {name: value for name, value in os.environ.items() if name.startswith(ours)}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `cuda` says so and is skipped where there is no card."""
    if item.get_closest_marker("cuda") and not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA card; `python -m bench.card` runs these tests on one")


@pytest.fixture(scope="session")
def digits() -> Images:
    """The built-in digits, all of them: 1,437 and 360."""
    return load("digits")


@pytest.fixture(scope="session")
def small_images(digits: Images) -> Images:
    """300 training and 100 test images of the digits, on the CPU."""
    return replace(
        digits,
        train_images=digits.train_images[:300],
        train_labels=digits.train_labels[:300],
        test_images=digits.test_images[:100],
        test_labels=digits.test_labels[:100],
    )


@pytest.fixture(scope="session")
def fashion() -> Images:
    """The real Fashion-MNIST, on the CPU; where it is not there, the test says so and is skipped."""
    if any(check.status != "ok" for check in verify("fashion-mnist")):
        pytest.skip(f"needs the four real Fashion-MNIST files in {data_root()}/FashionMNIST/raw (set NORMSCOPE_DATA)")
    return load("fashion-mnist")


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunManager]:
    """The process's one run manager, which pages and routes find too: a fresh one, on the CPU.

    A run that a test forgets ends by itself after 20 s without a watcher; at the test's end all are stopped.
    """
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", "20")
    monkeypatch.setattr(gallery, "best_device", lambda: torch.device("cpu"))
    the_manager.cache_clear()
    yield the_manager()
    the_manager().shutdown(PATIENCE_SECONDS)
    the_manager.cache_clear()


@pytest.fixture
def small_digits(manager: RunManager, small_images: Images, monkeypatch: pytest.MonkeyPatch) -> Images:
    """The run manager's "digits" are the 300 small_images, for experiments of at most 300 examples."""
    monkeypatch.setattr(gallery, "load", lambda name, *rest: small_images if name == "digits" else load(name, *rest))
    return small_images


@pytest.fixture
def start(manager: RunManager) -> Callable[[ExperimentConfig], Run]:
    """Submit an experiment and watch its run, so that it does not end for want of a watcher."""

    def submit(config: ExperimentConfig) -> Run:
        run = manager.submit(config)
        run.join("a watcher")
        return run

    return submit


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Until it holds. Fails after a minute."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds: `until(lambda: run.status == "paused")`. Fails after a minute."""
    return wait_until
