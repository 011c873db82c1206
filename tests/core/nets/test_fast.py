"""LeNet of fast layers: it takes every shortcut, and learns what LeNet of torch.nn's learns."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.nets import fast
from core.nets.lenet import build_lenet
from tests.core.nets.held_against_torch import ARMS, BATCH, CONFIG, FEW, values


@pytest.mark.parametrize("pool", ["max", "avg"])
@pytest.mark.parametrize("arm", ["bn", "gn/ln", "in"])
def test_in_training_lenet_takes_every_shortcut(arm, pool, monkeypatch):
    """Without this, all tests above could hold for layers that are torch.nn's always."""
    model, X = build_lenet(parse_arm(arm), replace(CONFIG, pool=pool)), values(BATCH, 1, 28, 28).float()
    for kind in (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d):
        monkeypatch.setattr(kind, "forward", lambda self, X: pytest.fail(f"{type(self)} is torch.nn's"))
    torch.autograd.backward(model(X).sum())


def test_few_images_are_left_to_torch():
    model, X = build_lenet(parse_arm("bn"), CONFIG), values(BATCH - 1, 1, 28, 28).float()
    assert torch.equal(model(X), fast.plain(model)(X))
    assert model.conv1(X).is_contiguous()
    assert fast.are_images_last(model.conv1(X.repeat(2, 1, 1, 1)))


@pytest.mark.parametrize("norm", [fast.BatchNorm2d(2), fast.GroupNorm(1, 2)])
def test_norms_resolve_a_narrow_spread_far_from_zero(norm):
    X = (1000 + values(64, 2, 8, 8)).float()
    expected = fast.plain(norm).double()(X.double())
    assert (norm(fast.images_last(X)) - expected).abs().max() < 2e-3  # X itself has steps of 6e-5


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (5, 1, 1, 1), (4, 3, 2, 5), (0, 2, 3, 4)])
def test_images_last_is_the_same_tensor_in_another_order_of_memory(shape):
    X = values(*shape)
    last = fast.images_last(X)
    assert torch.equal(last, X)
    assert last.permute(1, 2, 3, 0).is_contiguous()
    assert torch.equal(fast.images_first(last), X)
    assert fast.images_first(last).is_contiguous()
    assert fast.images_last(last) is last or not fast.are_images_last(last)


# In double precision: over 100 steps, rounding alone moves a float32 loss by some thousandths, differently on each CPU.
@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("pool", ["max", pytest.param("avg", marks=pytest.mark.slow)])
def test_over_100_steps_the_losses_are_those_of_torchs_own_layers(arm, pool, digits: Images, monkeypatch):
    monkeypatch.setattr(fast, "MANY_IMAGES", FEW)  # for speed only
    ours = build_lenet(parse_arm(arm), replace(CONFIG, pool=pool)).double()
    theirs = fast.plain(ours)
    assert not any(type(module).__module__ == "core.nets.fast" for module in theirs.modules())
    assert losses(ours, digits, 100, FEW) == pytest.approx(losses(theirs, digits, 100, FEW), abs=1e-9)


@pytest.mark.parametrize("arm", ARMS)
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
