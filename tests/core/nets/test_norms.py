"""core.nets.norms against PyTorch, numpy in float64, and the book's own rules."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from core.experiment.arm import Norm
from core.nets.norms import (
    BatchNorm,
    RMSNorm,
    batch_norm,
    build_norm,
    gamma_beta,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
    standardize,
)

FEATURES, MAPS = (5, 7), (5, 6, 4, 3)  # [N, D] and [N, C, H, W]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers whose mean and spread differ from 0 and 1, so that forgetting either shows."""
    return 3 + 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def book_arguments(X: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """gamma, beta, moving_mean, moving_var, none of them at its start value."""
    shape = (1, X.shape[1]) + (1, 1) * (X.ndim == 4)
    gamma, beta, mean, var = (normal(*shape, seed=seed, dtype=X.dtype) for seed in (1, 2, 3, 4))
    return gamma, beta, mean, var.abs() + 0.1


def torch_norm_like(X: Tensor, *values: Tensor) -> nn.Module:
    norm = build_norm(Norm.BN, X.shape[1], X.ndim).to(X.dtype)
    own = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    for tensor, value in zip(own, values, strict=True):
        tensor.data = value.flatten().clone()
    return norm


def numpy_batch_norm(X: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> np.ndarray:
    """Channel by channel, in float64, by numpy's own mean and var."""
    Y = np.empty(X.shape)
    for c in range(X.shape[1]):
        x = X[:, c].detach().double().numpy()
        Y[:, c] = gamma.flatten()[c].item() * (x - np.mean(x)) / np.sqrt(np.var(x) + eps) + beta.flatten()[c].item()
    return Y


# The book's function


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_training_output_is_the_papers_formula_channel_by_channel(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    gamma, beta, mean, var = book_arguments(X)
    Y, _, _ = batch_norm(X, gamma, beta, mean, var, 1e-5, 0.9)
    np.testing.assert_allclose(Y.numpy(), numpy_batch_norm(X, gamma, beta, 1e-5), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_prediction_uses_the_moving_statistics_and_leaves_them_alone(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    gamma, beta, mean, var = book_arguments(X)
    with torch.no_grad():
        Y, new_mean, new_var = batch_norm(X, gamma, beta, mean, var, 1e-5, 0.9)
    torch.testing.assert_close(Y, gamma * (X - mean) / (var + 1e-5) ** 0.5 + beta, rtol=0, atol=1e-12)
    assert torch.equal(new_mean, mean)
    assert torch.equal(new_var, var)


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_momentum_is_the_share_of_the_old_moving_statistics_that_is_kept(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    gamma, beta, mean, var = book_arguments(X)
    _, new_mean, new_var = batch_norm(X, gamma, beta, mean, var, 1e-5, 0.75)
    for c in range(X.shape[1]):
        x = X[:, c].numpy()
        assert new_mean.flatten()[c].item() == pytest.approx(0.75 * mean.flatten()[c].item() + 0.25 * x.mean())
        assert new_var.flatten()[c].item() == pytest.approx(0.75 * var.flatten()[c].item() + 0.25 * x.var())


def test_moving_statistics_passed_in_are_not_written_to_and_carry_no_graph() -> None:
    X = normal(*MAPS).requires_grad_()
    gamma, beta, mean, var = book_arguments(X)
    before = mean.clone(), var.clone()
    _, new_mean, new_var = batch_norm(X, gamma, beta, mean, var, 1e-5, 0.9)
    assert torch.equal(mean, before[0])
    assert torch.equal(var, before[1])
    assert not new_mean.requires_grad
    assert not new_var.requires_grad


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_training_can_be_named_instead_of_following_the_gradient_mode(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    arguments = (X, *book_arguments(X), 1e-5, 0.9)
    by_mode, *_ = batch_norm(*arguments)
    predicted_by_name, *_ = batch_norm(*arguments, training=False)
    with torch.no_grad():
        by_name, *_ = batch_norm(*arguments, training=True)
        predicted, *_ = batch_norm(*arguments)
    assert torch.equal(by_name, by_mode)
    assert torch.equal(predicted_by_name, predicted)
    assert not torch.allclose(by_name, predicted)


def test_a_batch_of_one_gives_beta_and_passes_no_gradient_back() -> None:
    X = normal(1, 7).requires_grad_()
    gamma, beta, mean, var = book_arguments(X)
    Y, _, new_var = batch_norm(X, gamma, beta, mean, var, 1e-5, 0.9)
    Y.square().sum().backward()
    assert torch.equal(Y, beta)
    assert torch.equal(X.grad, torch.zeros(1, 7, dtype=X.dtype))
    torch.testing.assert_close(new_var, 0.9 * var)


@pytest.mark.parametrize("shape", [(6,), (5, 6, 4), (5, 6, 4, 3, 2)])
def test_other_dimensions_are_refused_with_the_rule_and_the_remedy(shape: tuple[int, ...]) -> None:
    X, one = torch.zeros(shape), torch.ones(1)
    with pytest.raises(ValueError, match=r"\[N, D\].*\[N, C, H, W\].*got .*Flatten"):
        batch_norm(X, one, one, one, one, 1e-5, 0.9)


def test_a_gamma_that_would_line_up_with_the_width_is_refused() -> None:
    C = 4
    X, per_channel = torch.zeros(5, C, C, C), torch.ones(C)
    with pytest.raises(ValueError, match=r"\(1, C, 1, 1\)"):
        batch_norm(X, per_channel, per_channel, per_channel, per_channel, 1e-5, 0.9)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 2**20), st.floats(0.01, 100), st.floats(-50, 50))
def test_scaling_and_shifting_the_input_changes_nothing_but_the_effect_of_eps(
    N: int, D: int, seed: int, scale: float, shift: float
) -> None:
    X = torch.randn(N, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    gamma, beta, mean, var = book_arguments(X)
    Y, *_ = batch_norm(X, gamma, beta, mean, var, 0.0, 0.9)
    Z, *_ = batch_norm(scale * X + shift, gamma, beta, mean, var, 0.0, 0.9)
    torch.testing.assert_close(Z, Y, rtol=1e-6, atol=1e-6)


# The book's layer


def paired_layers(X: Tensor) -> tuple[BatchNorm, nn.Module]:
    values = book_arguments(X)
    ours = BatchNorm(X.shape[1], X.ndim).to(X.dtype)
    for own, value in zip((ours.gamma, ours.beta, ours.moving_mean, ours.moving_var), values, strict=True):
        own.data = value.clone()
    return ours, torch_norm_like(X, *values)


BANDS = {torch.float64: (1e-12, 1e-11, 1e-11), torch.float32: (1e-5, 1e-4, 1e-3)}  # output, dx, dgamma: fact 12


@pytest.mark.parametrize("dtype", BANDS)
@pytest.mark.parametrize("shape", [(2, 120), (8, 84), (256, 120), (2, 6, 24, 24), (8, 16, 8, 8), (256, 6, 24, 24)])
def test_fact_12_the_books_layer_equals_pytorchs_forward_and_backward(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    X = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)
    upstream = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)
    ours, theirs = BatchNorm(shape[1], len(shape)).to(dtype), build_norm(Norm.BN, shape[1], len(shape)).to(dtype)
    X1, X2 = X.clone().requires_grad_(), X.clone().requires_grad_()
    Y1, Y2 = ours(X1), theirs(X2)
    Y1.backward(upstream)
    Y2.backward(upstream)
    output_band, dx_band, dgamma_band = BANDS[dtype]
    assert (Y1 - Y2).abs().max() < output_band
    assert (X1.grad - X2.grad).abs().max() < dx_band
    for mine, other in zip(gamma_beta(ours), gamma_beta(theirs), strict=True):
        assert (mine.grad.flatten() - other.grad).abs().max() < dgamma_band


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_trained_layers_predict_equally_too(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    ours, theirs = paired_layers(X)
    X1, X2 = X.clone().requires_grad_(), X.clone().requires_grad_()
    Y1, Y2 = ours.eval()(X1), theirs.eval()(X2)
    Y1.square().sum().backward()
    Y2.square().sum().backward()
    assert (Y1 - Y2).abs().max() < 1e-12
    assert (X1.grad - X2.grad).abs().max() < 1e-11


@pytest.mark.parametrize("shape", [FEATURES, MAPS])
def test_moving_variance_equals_pytorchs_after_the_n_over_n_minus_1_correction(shape: tuple[int, ...]) -> None:
    X = normal(*shape)
    ours, theirs = paired_layers(X)
    start = ours.moving_var.clone()
    ours(X)
    theirs(X)
    n = X.numel() / X.shape[1]
    unbiased = 0.9 * start + (ours.moving_var - 0.9 * start) * n / (n - 1)
    torch.testing.assert_close(ours.moving_mean.flatten(), theirs.running_mean, rtol=1e-12, atol=0)
    torch.testing.assert_close(unbiased.flatten(), theirs.running_var, rtol=1e-12, atol=0)
    assert not torch.allclose(ours.moving_var.flatten(), theirs.running_var)


def test_gamma_starts_at_1_beta_at_0_and_the_moving_statistics_at_0_and_1() -> None:
    for num_dims, shape in ((2, (1, 3)), (4, (1, 3, 1, 1))):
        norm = BatchNorm(3, num_dims)
        assert torch.equal(norm.gamma, torch.ones(shape))
        assert torch.equal(norm.beta, torch.zeros(shape))
        assert torch.equal(norm.moving_mean, torch.zeros(shape))
        assert torch.equal(norm.moving_var, torch.ones(shape))
        assert [name for name, _ in norm.named_parameters()] == ["gamma", "beta"]
        assert [name for name, _ in norm.named_buffers()] == ["moving_mean", "moving_var"]


def test_train_and_eval_decide_the_mode_whatever_the_gradient_mode() -> None:
    X = normal(*FEATURES)
    norm = BatchNorm(7, 2).double()
    with torch.no_grad():
        trained = norm(X)
    assert trained.mean(dim=0).abs().max() < 1e-12
    moved = norm.moving_mean.clone()
    assert moved.abs().min() > 0
    predicted = norm.eval()(X)
    torch.testing.assert_close(predicted, (X - moved) / (norm.moving_var + 1e-5) ** 0.5)
    assert torch.equal(norm.moving_mean, moved)


def test_moving_statistics_survive_saving_and_loading() -> None:
    norm, saved = BatchNorm(6, 4), io.BytesIO()
    norm(normal(*MAPS, dtype=torch.float32))
    torch.save(norm.state_dict(), saved)
    saved.seek(0)
    loaded = BatchNorm(6, 4)
    loaded.load_state_dict(torch.load(saved, weights_only=True))
    X = normal(*MAPS, seed=9, dtype=torch.float32)
    assert torch.equal(loaded.eval()(X), norm.eval()(X))
    assert not torch.equal(BatchNorm(6, 4).eval()(X), norm(X))


def test_everything_follows_the_layer_to_its_device() -> None:
    norm = BatchNorm(6, 4).to("meta")
    assert {values.device.type for values in norm.state_dict().values()} == {"meta"}
    assert norm(torch.empty(MAPS, device="meta")).shape == MAPS


def test_buffers_stay_the_same_tensors_while_training() -> None:
    norm = BatchNorm(7, 2)
    held = norm.moving_mean
    norm(normal(*FEATURES, dtype=torch.float32))
    assert norm.moving_mean is held
    assert held.abs().min() > 0


def test_wrong_shapes_and_dimensions_are_refused_with_the_rule() -> None:
    with pytest.raises(ValueError, match=r"num_dims is 2 after a linear layer.*got 3"):
        BatchNorm(6, 3)
    with pytest.raises(ValueError, match=r"\[N, C, H, W\] with C = 6; got \[5, 7, 4, 3\]"):
        BatchNorm(6, 4)(torch.zeros(5, 7, 4, 3))
    with pytest.raises(ValueError, match=r"\[N, D\] with D = 6; got \[5, 6, 4, 3\]"):
        BatchNorm(6, 2)(torch.zeros(MAPS))


def test_gradients_agree_with_finite_differences() -> None:
    X = normal(3, 2, 2, 2).requires_grad_()
    gamma, beta, mean, var = book_arguments(X)

    def output(X: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return batch_norm(X, gamma, beta, mean, var, 1e-5, 0.9)[0]

    assert torch.autograd.gradcheck(output, (X, gamma.requires_grad_(), beta.requires_grad_()))


# The other norms, by the axes they average over

AGAINST_TORCH = {
    "layer, maps": (MAPS, layer_norm, lambda X: F.layer_norm(X, X.shape[1:])),
    "layer, maps, as one group": (MAPS, layer_norm, lambda X: F.group_norm(X, 1)),
    "layer, features": (FEATURES, layer_norm, lambda X: F.layer_norm(X, X.shape[1:])),
    "instance": (MAPS, instance_norm, F.instance_norm),
    "group, maps": (MAPS, lambda X: group_norm(X, 2), lambda X: F.group_norm(X, 2)),
    "group, features": ((5, 8), lambda X: group_norm(X, 2), lambda X: F.group_norm(X, 2)),
    "rms, maps": (MAPS, rms_norm, lambda X: F.rms_norm(X, X.shape[1:], eps=1e-5)),
    "rms, features": (FEATURES, rms_norm, lambda X: F.rms_norm(X, X.shape[1:], eps=1e-5)),
}


@pytest.mark.parametrize("case", AGAINST_TORCH)
def test_written_out_norms_equal_pytorchs_forward_and_backward(case: str) -> None:
    shape, ours, theirs = AGAINST_TORCH[case]
    X1, X2 = normal(*shape).requires_grad_(), normal(*shape).requires_grad_()
    upstream = normal(*shape, seed=8)
    Y1, Y2 = ours(X1), theirs(X2)
    Y1.backward(upstream)
    Y2.backward(upstream)
    assert (Y1 - Y2).abs().max() < 1e-12
    assert (X1.grad - X2.grad).abs().max() < 1e-11


@pytest.mark.parametrize(
    ("norm", "dim"),
    [(layer_norm, (1, 2, 3)), (instance_norm, (2, 3)), (lambda X: standardize(X, (0, 2, 3)), (0, 2, 3))],
)
def test_mean_is_0_and_variance_1_over_the_axes_of_the_norm(norm, dim: tuple[int, ...]) -> None:
    Y = norm(normal(*MAPS)).numpy()
    np.testing.assert_allclose(Y.mean(axis=dim), 0, atol=1e-12)
    np.testing.assert_allclose(Y.var(axis=dim), 1, atol=1e-4)


def test_one_group_is_layer_norm_and_one_channel_per_group_is_instance_norm() -> None:
    X = normal(*MAPS)
    assert torch.equal(group_norm(X, 1), layer_norm(X))
    torch.testing.assert_close(group_norm(X, 6), instance_norm(X), rtol=0, atol=1e-14)


def test_layer_norm_over_channels_alone_is_another_norm() -> None:
    X = normal(*MAPS)
    assert (layer_norm(X) - standardize(X, 1)).abs().max() > 0.5


def test_rms_norm_keeps_the_mean_that_layer_norm_removes() -> None:
    X = normal(*FEATURES)
    assert rms_norm(X).mean() > 0.5
    torch.testing.assert_close(rms_norm(X).square().mean(dim=1), torch.ones(5, dtype=X.dtype), rtol=1e-5, atol=0)


def test_no_other_image_of_the_batch_changes_what_these_norms_make_of_one() -> None:
    X = normal(*MAPS)
    for norm in (layer_norm, instance_norm, rms_norm, lambda X: group_norm(X, 3)):
        torch.testing.assert_close(norm(X)[:1], norm(X[:1]), rtol=0, atol=1e-14)
    batch = standardize(X, (0, 2, 3))
    assert (batch[:1] - standardize(X[:1], (0, 2, 3))).abs().max() > 0.1


def test_impossible_norms_are_refused_with_the_rule() -> None:
    with pytest.raises(ValueError, match=r"averages over \(H, W\).*got \[5, 7\]"):
        instance_norm(normal(*FEATURES))
    with pytest.raises(ValueError, match="must divide the channels; got 4 groups for 6 channels"):
        group_norm(normal(*MAPS), 4)
    with pytest.raises(ValueError, match=r"averages over \(H, W\).*120 features of a linear layer"):
        build_norm(Norm.IN, 120, 2)
    with pytest.raises(ValueError, match="num_dims is 2 after a linear layer"):
        build_norm(Norm.LN, 6, 3)


# The layers of an arm


def _batch(X: torch.Tensor) -> tuple[int, ...]:
    return (0,) if X.ndim == 2 else (0, 2, 3)


WRITTEN_OUT = {
    Norm.NONE: lambda X: X,
    Norm.BN: lambda X: standardize(X, (0,) if X.ndim == 2 else (0, 2, 3)),
    Norm.LN: layer_norm,
    Norm.IN: instance_norm,
    Norm.GN: lambda X: group_norm(X, 2),
    Norm.RMS: rms_norm,
    Norm.MO: lambda X: X - X.mean(_batch(X), keepdim=True),
    Norm.VO: lambda X: X / (X.var(_batch(X), keepdim=True, unbiased=False) + 1e-5).sqrt(),
    Norm.FIX: lambda X: standardize(X, _batch(X)),
}
BUILDABLE = [(norm, shape) for norm in Norm for shape in ((5, 8), MAPS) if norm is not Norm.IN or len(shape) == 4]


@pytest.mark.parametrize("book", [False, True])
@pytest.mark.parametrize(("norm", "shape"), BUILDABLE)
def test_every_layer_is_its_written_out_norm_times_gamma_plus_beta_per_channel(
    norm: Norm, shape: tuple[int, ...], book: bool
) -> None:
    X = normal(*shape)
    layer = build_norm(norm, shape[1], len(shape), book=book).double()
    per_channel = (1, -1) + (1, 1) * (len(shape) == 4)
    expected = WRITTEN_OUT[norm](X)
    for values, operation in zip(gamma_beta(layer), (torch.mul, torch.add), strict=True):
        if values is not None:
            values.data = normal(shape[1], seed=5).view_as(values)
            expected = operation(expected, values.view(per_channel))
    torch.testing.assert_close(layer(X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("norm", "shape"), BUILDABLE)
def test_every_layer_starts_with_one_gamma_of_1_and_one_beta_of_0_per_channel(
    norm: Norm, shape: tuple[int, ...]
) -> None:
    gamma, beta = gamma_beta(build_norm(norm, shape[1], len(shape)))
    assert (gamma is None) == (norm is Norm.NONE)
    assert (beta is None) == (norm in (Norm.NONE, Norm.RMS))
    assert gamma is None or torch.equal(gamma.flatten(), torch.ones(shape[1]))
    assert beta is None or torch.equal(beta.flatten(), torch.zeros(shape[1]))


def test_book_takes_the_books_layer_for_batch_norm_only() -> None:
    assert isinstance(build_norm(Norm.BN, 6, 4, book=True), BatchNorm)
    assert isinstance(build_norm(Norm.BN, 6, 4), nn.BatchNorm2d)
    assert isinstance(build_norm(Norm.BN, 6, 2), nn.BatchNorm1d)
    assert isinstance(build_norm(Norm.RMS, 6, 2, book=True), RMSNorm)


# Facts of docs that need no network


def test_fact_10_with_two_images_only_the_sign_of_a_feature_survives_batch_norm() -> None:
    X = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    x_hat = BatchNorm(4000, 2)(X)
    assert x_hat.abs().median() > 0.99
    assert X.var(dim=0, unbiased=False).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("N", [2, 8, 256])
def test_unbiased_variance_in_the_forward_pass_would_scale_the_output_down(N: int) -> None:
    """The mistake that our _mean_and_variance avoids: .707 at N = 2, .935 at 8, .998 at 256."""
    X = normal(N, 3)
    wrong = (X - X.mean(dim=0)) / (X.var(dim=0) + 1e-5).sqrt()
    share = (wrong / standardize(X, 0)).mean().item()
    assert share == pytest.approx((1 - 1 / N) ** 0.5, rel=1e-3)
