"""core.probes: what is seen is what happened, and looking changes nothing, bit for bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import Dropout, build_lenet, weight_layers
from core.nets.norms import gamma_beta
from core.probes.watch import normalized, probe, undisturbed, watch

ARMS = ("none", "bn", "ln", "in", "gn", "rms", "bn:book", "bn:dropout=0.5", "bn:book:dropout=0.5")
DRAWN = torch.Generator().manual_seed(0)
IMAGES = torch.rand(8, 1, 28, 28, generator=DRAWN)
LABELS = torch.randint(0, 10, (8,), generator=DRAWN)


def lenet(arm: str = "bn", **settings: object) -> nn.Sequential:
    return build_lenet(parse_arm(arm), ExperimentConfig(**settings))


def loss_of(model: nn.Sequential) -> Tensor:
    return cross_entropy(model(IMAGES), LABELS)


def trained(arm: str, **settings: object) -> nn.Sequential:
    """A few steps on, so that gamma, beta, running statistics and dropout streams have left their starts."""
    model = lenet(arm, **settings)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
    return model


def everything(model: nn.Module) -> dict[str, object]:
    """All that looking could change: weights, buffers, gradients, modes, random streams, hooks."""
    found: dict[str, object] = {f"state {name}": values.clone() for name, values in model.state_dict().items()}
    found |= {f"gradient {name}": copy.deepcopy(p.grad) for name, p in model.named_parameters()}
    found |= {f"mode {name}": module.training for name, module in model.named_modules()}
    for name, module in model.named_modules():
        found[f"hooks {name}"] = len(module._forward_hooks) + len(module._forward_pre_hooks)
        if isinstance(module, Dropout):
            found[f"stream {name}"] = module.generator and module.generator.get_state()
    found |= {f"hooks {name}": len(p._backward_hooks or ()) for name, p in model.named_parameters()}
    return found | {"global stream": torch.get_rng_state()}


def differing(before: dict[str, object], after: dict[str, object]) -> list[str]:
    def same(a: object, b: object) -> bool:
        return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b or a == b

    assert before.keys() == after.keys()
    return [key for key in before if not same(before[key], after[key])]


# Looking changes nothing


@pytest.mark.parametrize("arm", ARMS)
def test_a_watched_training_run_is_the_unwatched_one_bit_for_bit(arm: str) -> None:
    models, losses = (lenet(arm), lenet(arm)), ([], [])
    for model, own_losses, watched in zip(models, losses, (False, True), strict=True):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        for _ in range(4):
            optimizer.zero_grad()
            if watched:
                with watch(model):
                    loss = loss_of(model)
                    loss.backward()
                probe(model, IMAGES, LABELS)
            else:
                loss = loss_of(model)
                loss.backward()
            optimizer.step()
            own_losses.append(loss.item())
    assert losses[0] == losses[1]
    assert differing(everything(models[0]), everything(models[1])) == []


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("arm", ARMS)
def test_a_probe_leaves_the_network_bit_for_bit_as_it_was(arm: str, training: bool) -> None:
    for model in (lenet(arm), trained(arm), trained(arm).eval()):
        before = everything(model)
        seen = probe(model, IMAGES, LABELS, training=training)
        assert differing(before, everything(model)) == []
        assert seen.layers["fc3"].weight_grad is not None


def test_the_comparison_notices_what_an_unprotected_forward_pass_changes() -> None:
    """The tests above can fail: buffers, streams, gradients and hooks are among what is compared."""
    model = trained("bn:dropout=0.5")
    before = everything(model)
    loss_of(model).backward()
    model.conv1.register_forward_hook(lambda module, inputs, output: None)
    torch.rand(1)
    changed = differing(before, everything(model))
    assert "state conv1_norm.running_mean" in changed
    assert "state conv1_norm.num_batches_tracked" in changed
    assert "stream fc1_dropout" in changed
    assert "gradient fc3.bias" in changed
    assert "hooks conv1" in changed
    assert "global stream" in changed


class Interrupted(Exception):
    """Stands for whatever may go wrong inside the block."""


def test_after_an_exception_no_hook_is_left_and_nothing_has_changed() -> None:
    model = trained("bn:dropout=0.5")
    before = everything(model)

    def look_and_fail() -> None:
        with undisturbed(model), watch(model):
            loss_of(model.eval()).backward()
            model.train()(torch.rand(IMAGES.shape))
            raise Interrupted

    with pytest.raises(Interrupted):
        look_and_fail()
    assert differing(before, everything(model)) == []


def test_gradients_that_arrive_after_the_watch_are_not_seen() -> None:
    model = lenet()
    with watch(model) as seen:
        loss = loss_of(model)
    loss.backward()
    assert all(layer.weight_grad is None and layer.before_grad is None for layer in seen.layers.values())


def test_a_foreign_dropout_that_draws_from_the_global_stream_is_undisturbed_too() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    before = everything(model)
    with undisturbed(model):
        model(torch.ones(2, 4))
    assert differing(before, everything(model)) == []


def test_two_probes_of_an_unmoved_network_see_the_same_dropout_masks() -> None:
    model = trained("bn:dropout=0.5")
    first, second = (probe(model, IMAGES, LABELS).layers["fc3"].stages["before"] for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(model(IMAGES), model(IMAGES))


# What is seen is what happened


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("depth", [5, 12])
def test_every_stage_is_the_output_of_the_module_it_is_named_after(arm: str, depth: int) -> None:
    model = lenet(arm, depth=depth)
    outputs, X = {}, IMAGES
    twin = copy.deepcopy(model)
    for name, module in twin.named_children():
        X = module(X)
        outputs[name] = X.detach()
    with watch(model) as seen:
        model(IMAGES)
    assert list(seen.layers) == list(weight_layers(model))
    for name, layer in seen.layers.items():
        assert torch.equal(layer.stages["before"], outputs[name])
        for stage, ending in (("scaled", "norm"), ("activated", "act")):
            assert (stage in layer.stages) == (f"{name}_{ending}" in outputs)
            assert stage not in layer.stages or torch.equal(layer.stages[stage], outputs[f"{name}_{ending}"])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("arm", ["none", "bn", "ln", "in", "gn", "gn1/none", "rms", "bn:book"])
def test_gamma_times_the_normalized_stage_plus_beta_is_the_norms_output(arm: str, training: bool) -> None:
    model = trained(arm, activation="tanh").double()
    seen = probe(model, IMAGES.double(), training=training)
    for name, layer in seen.layers.items():
        if "scaled" not in layer.stages:
            continue
        gamma, beta = gamma_beta(model.get_submodule(f"{name}_norm"))
        expected = layer.stages["normalized"]
        per_channel = (1, -1) + (1,) * (expected.ndim - 2)
        expected = expected if gamma is None else gamma.view(per_channel) * expected
        expected = expected if beta is None else expected + beta.view(per_channel)
        assert (expected - layer.stages["scaled"]).abs().max() < 1e-12
        assert gamma is None or (gamma - 1).abs().max() > 1e-4  # trained, so forgetting gamma would show


def test_gradients_are_those_of_autograd() -> None:
    model = lenet("bn")
    with watch(model) as seen:
        loss_of(model).backward()
    for name, layer in seen.layers.items():
        assert torch.equal(layer.weight_grad, model.get_submodule(name).weight.grad)
        if layer.norm is not None:
            assert torch.equal(layer.gamma_grad, layer.norm.weight.grad)
            assert torch.equal(layer.beta_grad, layer.norm.bias.grad)


def test_the_gradient_of_a_layers_output_is_that_of_a_network_cut_in_two() -> None:
    model = lenet("bn")
    seen = probe(model, IMAGES, LABELS)
    modules = list(copy.deepcopy(model).named_children())
    for name in seen.layers:
        cut = [other for other, _ in modules].index(name) + 1
        z = seen.layers[name].stages["before"].clone().requires_grad_()
        rest = nn.Sequential(*(module for _, module in modules[cut:]))
        (expected,) = torch.autograd.grad(cross_entropy(rest(z), LABELS), z)
        torch.testing.assert_close(seen.layers[name].before_grad, expected, rtol=1e-4, atol=1e-9)


def test_what_was_seen_stays_when_the_gradients_are_zeroed_and_the_weights_move() -> None:
    model = trained("bn")
    weight = model.conv1.weight.detach().clone()
    running_mean = model.conv1_norm.running_mean.clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    optimizer.zero_grad()
    with watch(model) as seen:
        loss_of(model).backward()
    optimizer.step()
    conv1 = seen.layers["conv1"]
    torch.testing.assert_close(model.conv1.weight.detach(), weight - 0.5 * conv1.weight_grad)
    model.conv1.weight.grad.zero_()
    assert conv1.weight_grad.abs().max() > 0
    assert torch.equal(conv1.weight, weight)
    assert torch.equal(conv1.running_mean, running_mean)
    assert not torch.equal(model.conv1_norm.running_mean, running_mean)


def test_without_labels_a_probe_sees_activations_and_no_gradients() -> None:
    seen = probe(lenet(), IMAGES, training=False)
    assert all("before" in layer.stages for layer in seen.layers.values())
    assert all(layer.weight_grad is None and layer.before_grad is None for layer in seen.layers.values())


def test_nothing_seen_holds_on_to_the_graph() -> None:
    seen = probe(lenet(), IMAGES, LABELS)
    for layer in seen.layers.values():
        tensors = [*layer.stages.values(), layer.weight, layer.weight_grad, layer.before_grad]
        assert not any(values.requires_grad or values.grad_fn for values in tensors)


def test_a_norm_that_nobody_wrote_down_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"core\.nets\.norms\.build_norm.*LocalResponseNorm"):
        normalized(nn.LocalResponseNorm(2), IMAGES)
