"""A tensor of shape [N, C, H, W] that lies in memory as [C, H, W, N]: the same pixel of all images side by side.

are_images_last            whether it lies so
images_last, images_first  the same tensor, lying so or as PyTorch has it by itself
in_memory                  the same for [C, H, W, N], as an autograd Function hands it on
empty                      memory for another tensor
"""

from __future__ import annotations

from torch import Tensor


def are_images_last(X: Tensor) -> bool:
    """Whether [N, C, H, W] lies in memory as [C, H, W, N], and not also the usual way, as a single image does."""
    if X.ndim != 4 or X.is_contiguous():
        return False
    N, _, H, W = X.shape
    # Mostly the strides tell, which is quicker; but that of an axis of length 1 may be any.
    return X.stride() == (1, H * W * N, W * N, N) or X.permute(1, 2, 3, 0).is_contiguous()


def images_last(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory [C, H, W, N]."""
    N, C, H, W = X.shape
    # As a matrix: torch transposes those in a third of the time of a permutation of four axes.
    return X if are_images_last(X) else X.flatten(1).t().contiguous().view(C, H, W, N).permute(3, 0, 1, 2)


def images_first(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory as PyTorch has it by itself."""
    return X.permute(1, 2, 3, 0).reshape(-1, len(X)).t().contiguous().view(X.shape) if are_images_last(X) else X


def in_memory(X: Tensor) -> Tensor:
    """[C, H, W, N] as [N, C, H, W] with its images last has it in memory: X itself, or a copy that lies so."""
    return X if X.is_contiguous() else images_last(X.permute(3, 0, 1, 2)).permute(1, 2, 3, 0)


def empty(like: Tensor, last: bool, N: int, C: int, H: int, W: int) -> Tensor:
    """[N, C, H, W] without values, its images last or first."""
    return like.new_empty(C, H, W, N).permute(3, 0, 1, 2) if last else like.new_empty(N, C, H, W)
