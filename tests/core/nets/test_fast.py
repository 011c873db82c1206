"""The faster layers compute what torch.nn's do: outputs, gradients, running statistics, and a training of 100 steps."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets import fast
from core.nets.lenet import build_lenet

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
BATCH = fast.MANY_IMAGES  # as few as have their images last
FEW = 8
CONFIG = ExperimentConfig(data="digits", examples=1437, batch_size=BATCH, epochs=1)


@pytest.fixture(autouse=True, scope="module")
def few_are_many():
    """Images last, though they are few: their number is for speed only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "MANY_IMAGES", 1)
        yield


def both(ours: nn.Module, theirs: nn.Module, X: Tensor, ours_last: bool = False) -> list[tuple[Tensor, Tensor]]:
    """(ours, torch.nn's): the output, and the gradients of X and of every parameter for the same random dY.

    With `ours_last`, our layer's X has its images last in memory, and so must have its Y.
    """
    found = []
    for layer in (ours, theirs):
        last = ours_last and layer is ours
        x = (fast.images_last(X) if last else X).clone().requires_grad_()
        Y = layer(x)
        assert not last or all(values_.permute(1, 2, 3, 0).is_contiguous() for values_ in (x, Y))
        dY = torch.randn(Y.shape, generator=torch.Generator().manual_seed(1), dtype=X.dtype)
        found.append([Y, *torch.autograd.grad(Y, [x, *layer.parameters()], dY)])
    return list(zip(*found, strict=True))


def values(shape: tuple[int, ...], seed: int, ties: bool = False) -> Tensor:
    X = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return X.round() if ties else X


@given(SHAPES, st.integers(0, 99), st.booleans(), st.booleans())
def test_max_pooling_is_torchs_bit_for_bit_also_where_values_are_equal(shape, seed, ties, last):
    N, C, h, w = shape
    X = values((N, C, 2 * h, 2 * w), seed, ties)
    assert all(torch.equal(a, b) for a, b in both(fast.MaxPool2d(2), nn.MaxPool2d(2), X, last))


@given(SHAPES, st.integers(0, 99), st.booleans())
def test_average_pooling_is_torchs(shape, seed, last):
    N, C, h, w = shape
    X = values((N, C, 2 * h, 2 * w), seed)
    for a, b in both(fast.AvgPool2d(2), nn.AvgPool2d(2), X, last):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("pool", [fast.MaxPool2d, fast.AvgPool2d])
@pytest.mark.parametrize(("arguments", "shape"), [((2,), (1, 2, 5, 6)), ((3,), (1, 2, 6, 6)), ((2, 1), (1, 2, 6, 6))])
def test_other_windows_and_odd_sizes_are_left_to_torch(pool, arguments, shape):
    X = values(shape, 0)
    assert torch.equal(pool(*arguments)(X), pool.__base__(*arguments)(X))


def test_a_nan_comes_through_max_pooling():
    X = torch.zeros(1, 1, 2, 4)
    X[0, 0, 1, 0] = torch.nan
    assert fast.MaxPool2d(2)(X).isnan().tolist() == [[[[True, False]]]]


@given(SHAPES.filter(lambda shape: shape[0] * shape[2] * shape[3] > 1), st.integers(0, 99), st.booleans())
def test_batch_norm_is_torchs_forward_and_backward_and_in_its_running_statistics(shape, seed, last):
    ours, theirs = fast.BatchNorm2d(shape[1]).double(), nn.BatchNorm2d(shape[1]).double()
    for layer in (ours, theirs):
        nn.init.uniform_(layer.weight, 0.5, 2, generator=torch.Generator().manual_seed(seed))
    for offset in (0.0, 3.0):
        for a, b in both(ours, theirs, values(shape, seed) + offset, last):
            torch.testing.assert_close(a, b)
    for name, buffer in theirs.named_buffers():
        torch.testing.assert_close(getattr(ours, name), buffer)


def test_batch_norm_resolves_a_narrow_spread_far_from_zero():
    X = (1000 + values((64, 2, 8, 8), 0)).float()
    ours = fast.BatchNorm2d(2)(X)
    expected = nn.BatchNorm2d(2).double()(X.double())
    assert (ours - expected).abs().max() < 2e-3  # X itself has steps of 6e-5; sums of squares would lose everything


def test_a_batch_norm_in_evaluation_mode_uses_the_running_statistics():
    ours, theirs = fast.BatchNorm2d(3).eval(), nn.BatchNorm2d(3).eval()
    ours.running_mean.fill_(2.0), theirs.running_mean.fill_(2.0)
    X = values((2, 3, 4, 4), 0).float()
    assert torch.equal(ours(X), theirs(X))
    assert torch.equal(ours(fast.images_last(X)), theirs(X))
    assert ours.num_batches_tracked == 0


@given(SHAPES.filter(lambda shape: shape[2] * shape[3] > 1), st.integers(0, 99), st.booleans(), st.data())
def test_norms_of_an_image_are_torchs_forward_and_backward(shape, seed, last, data):
    C = shape[1]
    groups = data.draw(st.sampled_from([count for count in range(1, C + 1) if C % count == 0]))
    for ours in (fast.GroupNorm(groups, C), fast.InstanceNorm2d(C, affine=True)):
        for parameter in ours.double().parameters():
            nn.init.uniform_(parameter, 0.5, 2, generator=torch.Generator().manual_seed(seed))
        for offset in (0.0, 3.0):
            for a, b in both(ours, fast.plain(ours), values(shape, seed) + offset, last):
                torch.testing.assert_close(a, b)


def test_norms_without_gamma_and_beta_are_left_to_torch():
    X = fast.images_last(values((4, 2, 3, 3), 0))
    for ours in (fast.GroupNorm(1, 2, affine=False), fast.InstanceNorm2d(2)):
        assert torch.equal(ours(X), fast.plain(ours)(X))


def test_layer_norm_resolves_a_narrow_spread_far_from_zero():
    X = (1000 + values((64, 2, 8, 8), 0)).float()
    ours = fast.GroupNorm(1, 2)(fast.images_last(X))
    expected = nn.GroupNorm(1, 2).double()(X.double())
    assert (ours - expected).abs().max() < 2e-3  # X itself has steps of 6e-5


@given(SHAPES, st.integers(1, 4), st.tuples(st.integers(1, 3), st.integers(1, 4)), st.data(), st.integers(0, 99))
def test_a_convolution_is_torchs_and_gives_its_images_last(shape, kernels, kernel, data, seed):
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    (N, C, H, W), (h, w) = shape, kernel
    ours = fast.Conv2d(C, kernels, kernel, padding=padding).double()
    X = values((N, C, H + h - 1, W + w - 1), seed)
    for last in (False, True):
        for a, b in both(ours, fast.plain(ours), fast.images_last(X) if last else X):
            torch.testing.assert_close(a, b)
    Y = ours(X)
    assert torch.equal(fast.images_last(Y), Y)
    assert Y.permute(1, 2, 3, 0).is_contiguous()


@pytest.mark.parametrize(
    "settings",
    [
        {"stride": 2},
        {"dilation": 2},
        {"groups": 2},
        {"in_channels": 16},
        {"bias": False},
        {"padding": "same"},
        {"padding": 1, "padding_mode": "reflect"},
    ],
)
def test_other_convolutions_are_left_to_torch_which_has_the_images_first(settings):
    ours = fast.Conv2d(**{"in_channels": 2, "out_channels": 4, "kernel_size": 3} | settings).double()
    X = values((4, ours.in_channels, 9, 9), 0)
    for given_ in (X, fast.images_last(X)):
        assert torch.equal(ours(given_), fast.plain(ours)(X))
        assert ours(given_).is_contiguous()
        for a, b in both(ours, fast.plain(ours), given_):
            torch.testing.assert_close(a, b)


def test_few_images_are_left_to_torch(monkeypatch):
    monkeypatch.setattr(fast, "MANY_IMAGES", BATCH)
    model, X = build_lenet(parse_arm("bn"), CONFIG), values((BATCH - 1, 1, 28, 28), 0).float()
    assert torch.equal(model(X), fast.plain(model)(X))
    assert model.conv1(X).is_contiguous()
    assert not model.conv1(X.repeat(2, 1, 1, 1)).is_contiguous()


class Noting(nn.Sigmoid):
    """A sigmoid that notes the shapes it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, X: Tensor) -> Tensor:
        self.shapes.append(tuple(X.shape))
        return super().forward(X)


@given(SHAPES, st.sampled_from([nn.Sigmoid, nn.Tanh, nn.ReLU]), st.booleans(), st.integers(0, 99))
def test_pooling_before_an_activation_is_torchs_pooling_after_it(shape, activation, last, seed):
    N, C, H, W = shape
    ours = fast.Sequential(activation(), fast.MaxPool2d(2))
    for a, b in both(ours, fast.plain(ours), values((N, C, 2 * H, 2 * W), seed), last and 2 * H * W > 2):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_comes_out_as_from_torch(odd):
    X = values((2, 1, 4, 4), 0)
    X[0, 0, 1, 0] = X[1, 0, 2, 3] = odd
    ours = fast.Sequential(nn.Sigmoid(), fast.MaxPool2d(2))
    torch.testing.assert_close(ours(X), fast.plain(ours)(X), equal_nan=True)


def test_an_activation_is_given_only_what_max_pooling_leaves():
    for pool, shape in (
        (fast.MaxPool2d(2), (2, 3, 2, 3)),
        (fast.AvgPool2d(2), (2, 3, 4, 6)),
        (nn.ReLU(), (2, 3, 4, 6)),
    ):
        sigmoid = Noting()
        fast.Sequential(sigmoid, pool)(values((2, 3, 4, 6), 0))
        assert sigmoid.shapes == [shape]
    sigmoid = Noting()
    fast.Sequential(sigmoid, fast.MaxPool2d(2))(values((2, 3, 4, 5), 0))  # an odd width is torch.nn's business
    assert sigmoid.shapes == [(2, 3, 4, 5)]


def test_who_watches_an_activation_sees_all_its_values_and_changes_no_bit():
    model, X, seen = build_lenet(parse_arm("bn"), CONFIG), values((5, 1, 28, 28), 0).float(), []
    expected = model(X)
    model.conv1_act.register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    assert torch.equal(model(X), expected)
    assert len(seen) == 1
    assert torch.equal(seen[0], torch.sigmoid(model.conv1_norm(model.conv1(X))))


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (5, 1, 1, 1), (4, 3, 2, 5)])
def test_images_last_is_the_same_tensor_in_another_order_of_memory(shape):
    X = values(shape, 0)
    last = fast.images_last(X)
    assert torch.equal(last, X)
    assert last.permute(1, 2, 3, 0).is_contiguous()
    assert torch.equal(fast.images_first(last), X)
    assert fast.images_first(last).is_contiguous()
    assert fast.images_last(last) is last or not fast.are_images_last(last)


# In double precision: over 100 steps, rounding alone moves a float32 loss by some thousandths, differently on each CPU.
@pytest.mark.parametrize("arm", ["none", "bn", "ln", "in", "gn", "rms", "bn:book"])
@pytest.mark.parametrize("pool", ["max", pytest.param("avg", marks=pytest.mark.slow)])
def test_over_100_steps_the_losses_are_those_of_torchs_own_layers(arm, pool, digits: Images):
    config = replace(CONFIG, pool=pool)
    ours = build_lenet(parse_arm(arm), config).double()
    theirs = fast.plain(ours)
    assert not any(type(module).__module__ == "core.nets.fast" for module in theirs.modules())
    assert losses(ours, digits, 100, FEW) == pytest.approx(losses(theirs, digits, 100, FEW), abs=1e-9)


@pytest.mark.parametrize("arm", ["none", "bn", "ln", "in", "gn", "rms", "bn:book"])
def test_in_single_precision_the_first_losses_are_those_of_torchs_own_layers(arm, digits: Images):
    ours = build_lenet(parse_arm(arm), CONFIG)
    expected = losses(fast.plain(ours), digits, 3, BATCH)
    assert losses(ours, digits, 3, BATCH) == pytest.approx(expected, abs=1e-5)


def losses(model: nn.Module, data: Images, steps: int, batch: int) -> list[float]:
    optimizer, found = torch.optim.SGD(model.parameters(), lr=0.1), []
    for step in range(steps):
        rows = torch.arange(batch * step, batch * (step + 1)) % len(data.train_images)
        images = as_floats(data.train_images[rows]).to(next(model.parameters()).dtype)
        loss = F.cross_entropy(model(images), data.train_labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_the_plain_network_has_the_same_weights_and_leaves_the_fast_one_as_it_is():
    ours = build_lenet(parse_arm("bn"), CONFIG)
    theirs = fast.plain(ours)
    assert type(ours.pool1) is fast.MaxPool2d
    assert type(theirs.pool1) is nn.MaxPool2d
    assert type(theirs.conv1_norm) is nn.BatchNorm2d
    for name, values_ in ours.state_dict().items():
        assert torch.equal(values_, theirs.state_dict()[name])
