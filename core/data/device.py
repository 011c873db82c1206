"""Where a run computes: the best device at hand, and what it is called."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from core.language.message import Message, Plural


def best_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def is_card(device: torch.device) -> bool:
    """Whether it is one of NVIDIA's (or AMD's), on which a step can be captured and replayed."""
    return device.type == "cuda"


def describe(device: torch.device, threads: int | None = None) -> Message | str:
    """What numbers hang on, e.g. 'CPU · Intel Xeon · PyTorch 2.15.0', and how a card or the threads count."""
    pytorch = f"PyTorch {torch.__version__.partition('+')[0]}"
    if is_card(device):
        tf32 = torch.backends.cudnn.allow_tf32 and torch.cuda.get_device_capability(device) >= (8, 0)
        card = f"GPU · {torch.cuda.get_device_name(device)} · {pytorch}"
        return Message("{device} · TF32 convolutions", {"device": card}) if tf32 else card
    if device.type == "mps":
        return f"GPU · Apple MPS · {pytorch}"
    cpu = " · ".join(filter(None, ["CPU", processor(), pytorch]))
    if threads is None:
        return cpu
    return Plural("{device} · {n} thread an operation", "{device} · {n} threads an operation", threads, {"device": cpu})


def kind_of(device: torch.device) -> str:
    """Where the same seed has the same numbers, bit for bit: a processor with what it can do, or a card."""
    if is_card(device):
        return torch.cuda.get_device_name(device)
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{processor() or platform.machine()} · {capability}" if device.type == "cpu" else device.type.upper()


def processor() -> str:
    """What this machine's processor is called; empty where the system does not say."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names[0] if names else platform.processor()).replace("(R)", "").replace("(TM)", "").split(" @")[0]
