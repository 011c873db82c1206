"""A tensor of shape [N, C, H, W] that lies in memory as [C, H, W, N]: the same pixel of all images side by side.

are_images_last            whether it lies so
images_last, images_first  the same tensor, lying so or as PyTorch has it by itself
empty                      memory for another tensor that lies as this one does
"""

from __future__ import annotations

from torch import Tensor


def are_images_last(X: Tensor) -> bool:
    """Whether [N, C, H, W] lies in memory as [C, H, W, N], and not also the usual way, as a single image does."""
    return X.ndim == 4 and not X.is_contiguous() and X.permute(1, 2, 3, 0).is_contiguous()


def images_last(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory [C, H, W, N]."""
    N, C, H, W = X.shape
    # As a matrix: torch transposes those in a third of the time of a permutation of four axes.
    return X if are_images_last(X) else X.flatten(1).t().contiguous().view(C, H, W, N).permute(3, 0, 1, 2)


def images_first(X: Tensor) -> Tensor:
    """The same [N, C, H, W], in memory as PyTorch has it by itself."""
    return X.permute(1, 2, 3, 0).reshape(-1, len(X)).t().contiguous().view(X.shape) if are_images_last(X) else X


def empty(like: Tensor, N: int, C: int, H: int, W: int) -> Tensor:
    """[N, C, H, W] without values, its images last where those of `like` are."""
    return like.new_empty(C, H, W, N).permute(3, 0, 1, 2) if are_images_last(like) else like.new_empty(N, C, H, W)
