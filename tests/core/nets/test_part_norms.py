"""Mean only, variance only, frozen γ and β: what each leaves out, and that the rest of the product knows them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.cube.axes import rule_for
from core.cube.sites import capture
from core.experiment.arm import OVER_BATCH, Norm, parse_arm
from core.experiment.config import ConfigError, ExperimentConfig
from core.nets.lenet import build_lenet
from core.nets.norms import build_norm
from core.probes.watch import normalized
from core.training.evaluation import batch_statistics, has_batch_statistics

PARTS = (Norm.MO, Norm.VO, Norm.FIX)
SHAPES = ((6, 4), (6, 3, 2, 2))


def values(*shape: int) -> torch.Tensor:
    """Around 3, so that a mean that is left in shows."""
    return 3 + 2 * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def axes(X: torch.Tensor) -> tuple[int, ...]:
    return (0,) if X.ndim == 2 else (0, 2, 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_takes_the_mean_out_and_keeps_the_spread_the_other_keeps_the_mean_over_it(shape: tuple[int, ...]) -> None:
    X = values(*shape)
    mean, std = X.mean(axes(X)), X.var(axes(X), unbiased=False).sqrt()
    only_mean, only_var = (build_norm(norm, shape[1], len(shape)).double()(X) for norm in (Norm.MO, Norm.VO))
    torch.testing.assert_close(only_mean.mean(axes(X)), torch.zeros(shape[1], dtype=X.dtype), rtol=0, atol=1e-12)
    torch.testing.assert_close(only_mean.var(axes(X), unbiased=False).sqrt(), std)
    torch.testing.assert_close(only_var.mean(axes(X)), mean / std, rtol=1e-4, atol=0)
    torch.testing.assert_close(only_var.var(axes(X), unbiased=False), torch.ones_like(std), rtol=1e-4, atol=0)


@pytest.mark.parametrize("norm", [Norm.MO, Norm.VO])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradients_are_those_of_finite_differences(norm: Norm, shape: tuple[int, ...]) -> None:
    layer = build_norm(norm, shape[1], len(shape)).double()
    assert torch.autograd.gradcheck(layer, values(*shape).requires_grad_())


@pytest.mark.parametrize("norm", PARTS)
def test_evaluation_mode_takes_the_moving_statistics_which_have_come_to_the_batchs(norm: Norm) -> None:
    X = values(512, 4)
    layer = build_norm(norm, 4, 2).double()
    for _ in range(200):
        trained = layer(X)
    layer.eval()
    torch.testing.assert_close(layer(X), trained, rtol=0, atol=0.02)
    torch.testing.assert_close(layer(X[:1]), layer(X)[:1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_frozen_is_pytorchs_batch_norm_and_learns_nothing_of_its_own(shape: tuple[int, ...]) -> None:
    X = values(*shape)
    layer = build_norm(Norm.FIX, shape[1], len(shape)).double()
    theirs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(shape[1], affine=False).double()
    torch.testing.assert_close(layer(X), theirs(X), rtol=0, atol=1e-12)
    assert not any(parameter.requires_grad for parameter in layer.parameters())


@pytest.mark.parametrize("norm", PARTS)
def test_what_looks_inside_finds_its_output_before_gamma_and_beta(norm: Norm) -> None:
    X = values(6, 4)
    layer = build_norm(norm, 4, 2).double()
    torch.testing.assert_close(normalized(layer, X), layer(X).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm", PARTS)
def test_the_network_has_batch_statistics_and_the_cube_shows_batch_norms_axes(norm: Norm) -> None:
    config = ExperimentConfig(data="digits", examples=64, batch_size=32, arms=(parse_arm(norm),))
    model = build_lenet(config.arms[0], config)
    assert has_batch_statistics(model)
    images = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    with torch.no_grad(), batch_statistics(model):
        own = model(images)
    model.eval()
    with torch.no_grad():
        assert not torch.allclose(own, model(images))
    shown = Norm.BN if norm is Norm.FIX else norm  # a frozen one is of PyTorch's class
    assert {site.norm for site in capture(model, images).values()} == {shown}
    assert rule_for(norm, "NCHW") == rule_for(Norm.BN, "NCHW")


@pytest.mark.parametrize("norm", OVER_BATCH)
def test_a_batch_of_one_is_refused_behind_linear_layers(norm: Norm) -> None:
    with pytest.raises(ConfigError, match="batch size 1"):
        ExperimentConfig(data="digits", examples=64, batch_size=1, arms=(parse_arm(norm),))
