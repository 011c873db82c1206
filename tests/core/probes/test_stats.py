"""core.probes.stats against numpy in float64, and the measured facts through the same code that feeds the pages."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.data.files import verify
from core.data.images import as_floats, load
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet
from core.nets.norms import BatchNorm
from core.probes import distributions, reduction, stats
from core.probes.distributions import BINS, LOG_BINS, SORTED_VALUES
from core.probes.noise import batch_noise
from core.probes.stats import summarise
from core.probes.summary import PERCENTILES, LayerSummary, NetworkSummary, StageSummary, drift
from core.probes.watch import LayerSeen, Seen, probe, watch

DRAWN = torch.Generator().manual_seed(0)
IMAGES = torch.rand(8, 1, 28, 28, generator=DRAWN)
LABELS = torch.randint(0, 10, (8,), generator=DRAWN)


def lenet(arm: str = "bn", seed: int = 0, **settings: object) -> nn.Sequential:
    return build_lenet(parse_arm(arm), ExperimentConfig(seed=seed, **settings))


def layer(X: Tensor, name: str = "before", activation: nn.Module | None = None) -> LayerSummary:
    """A layer that has put out X, through the code that summarises real ones."""
    seen = LayerSeen("conv1", nn.Conv2d(1, 1, 1), nn.Identity(), activation, weight=torch.ones(1))
    seen.stages = {"before": X, name: X}
    (summary,) = summarise(Seen({"conv1": seen})).layers
    return summary


def stage(X: Tensor, name: str = "before", activation: nn.Module | None = None) -> StageSummary:
    return getattr(layer(X, name, activation), name)


def inactive_share(activation: nn.Module, Y: Tensor) -> float:
    """The share of an activation's output Y that its rule speaks of."""
    return layer(Y, "activated", activation).inactive_share


def normal(*shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
    return mean + std * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


# Distributions, against numpy in float64


@pytest.mark.parametrize("shape", [(30, 6, 5, 4), (64, 10)])
@pytest.mark.parametrize(("mean", "std"), [(0, 1), (0.97, 1e-3), (-40, 3), (1e-6, 1e-7)])
def test_moments_extremes_and_percentiles_are_numpys(shape: tuple[int, ...], mean: float, std: float) -> None:
    X = normal(*shape, mean=mean, std=std)
    summary, x = stage(X), X.double().numpy()
    over_unit = (0, 2, 3) if x.ndim == 4 else 0
    assert summary.values == summary.sampled == x.size
    assert summary.mean == pytest.approx(x.mean(), rel=1e-4, abs=1e-6 * std)
    assert summary.std == pytest.approx(x.std(), rel=1e-4)
    assert summary.unit_std == pytest.approx(x.std(axis=over_unit).mean(), rel=1e-4)
    assert summary.unit_means == pytest.approx(x.mean(axis=over_unit), rel=1e-4, abs=1e-6 * std)
    assert (summary.low, summary.high) == (x.min(), x.max())
    assert summary.percentiles == pytest.approx(np.percentile(x, PERCENTILES), abs=1e-4 * std)


def test_the_spread_within_units_is_told_apart_from_the_spread_between_them() -> None:
    X = normal(50, 4, 3, 3, std=0.01) + torch.tensor([-1.0, 0, 1, 2]).view(1, 4, 1, 1)
    summary = stage(X)
    assert summary.unit_std == pytest.approx(0.01, rel=0.1)
    assert summary.std == pytest.approx(np.std([-1, 0, 1, 2]), rel=0.01)


@pytest.mark.parametrize("name", ["before", "activated"])
def test_fixed_bins_are_numpys_and_what_lies_beyond_is_counted(name: str) -> None:
    X = normal(30, 6, 5, 4, mean=1, std=3)
    fixed, x = stage(X, name, nn.ReLU()).fixed, X.double().numpy()
    counts, _ = np.histogram(x, BINS, (fixed.low, fixed.high))
    assert fixed.counts == tuple(counts)
    assert (fixed.underflow, fixed.overflow) == ((x < fixed.low).sum(), (x >= fixed.high).sum())
    assert fixed.underflow > 0
    assert fixed.overflow > 0


@pytest.mark.parametrize("activation", [nn.Sigmoid(), nn.Tanh()])
def test_a_fully_saturated_activation_is_in_the_last_bin_and_not_beyond_it(activation: nn.Module) -> None:
    fixed = stage(activation(torch.full((5, 6, 4, 4), 100.0)), "activated", activation).fixed
    assert fixed.counts == (0,) * (BINS - 1) + (5 * 6 * 16,)
    assert fixed.overflow == 0


def test_a_narrow_distribution_does_not_look_uniform_or_like_a_spike() -> None:
    X = normal(256, 6, 24, 24, mean=0.97, std=1e-3)
    adaptive, x = stage(X).adaptive, X.double().numpy()
    counts, _ = np.histogram(x, BINS)
    assert (adaptive.low, adaptive.high) == (x.min(), x.max())
    assert np.abs(np.cumsum(adaptive.counts) - np.cumsum(counts)).max() < 1e-3 * x.size
    assert max(adaptive.counts) > 100 * (adaptive.counts[0] + adaptive.counts[-1])
    assert sum(count > 0.01 * x.size for count in adaptive.counts) > BINS / 4


def test_of_many_values_percentiles_come_from_an_evenly_spread_subset() -> None:
    ramps = torch.linspace(0, 100, 256 * 6 * 24 * 24)
    for X in (ramps.view(256, 6, 24, 24), ramps.view(24, 24, 256, 6).permute(2, 3, 0, 1)):
        summary = stage(X)
        assert SORTED_VALUES / 2 < summary.sampled <= SORTED_VALUES
        assert summary.percentiles == pytest.approx(PERCENTILES, abs=0.5)


def test_a_layer_of_all_minus_three_is_at_minus_three_and_neither_dead_nor_near_zero() -> None:
    summary = stage(torch.full((5, 6, 4, 4), -3.0))
    width = (summary.fixed.high - summary.fixed.low) / BINS
    place = int((-3 - summary.fixed.low) / width)
    assert summary.fixed.counts[place] == summary.values
    assert (summary.mean, summary.std, summary.unit_std) == (-3, 0, 0)
    assert summary.percentiles == (-3.0,) * len(PERCENTILES)
    assert sum(summary.adaptive.counts) == summary.values
    assert inactive_share(nn.ReLU(), torch.full((5, 6, 4, 4), -3.0)) == 0


values = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=200, deadline=None)
@given(st.lists(values, min_size=1, max_size=40), st.sampled_from([nn.Sigmoid(), nn.Tanh(), nn.ReLU()]))
def test_every_value_is_counted_exactly_once_whatever_it_is(numbers: list[float], activation: nn.Module) -> None:
    X = torch.tensor(numbers).view(-1, 1)
    x = X.numpy().flatten()
    for summary in (stage(X), stage(X, "activated", activation)):
        beside = summary.nan + summary.positive_inf + summary.negative_inf
        assert summary.nan == np.isnan(x).sum()
        assert summary.positive_inf == np.isposinf(x).sum()
        assert summary.negative_inf == np.isneginf(x).sum()
        for histogram in (summary.fixed, summary.adaptive):
            assert sum(histogram.counts) + histogram.underflow + histogram.overflow + beside == x.size
            assert min(*histogram.counts, histogram.underflow, histogram.overflow) >= 0
        finite = x[np.isfinite(x)]
        if finite.size:
            assert (summary.low, summary.high) == (finite.min(), finite.max())
            assert all(summary.low <= value <= summary.high for value in summary.percentiles[:1])
        else:
            assert all(math.isnan(value) for value in (summary.low, summary.high, *summary.percentiles))


def test_counting_is_the_same_on_the_cpu_and_elsewhere() -> None:
    places = torch.rand(3, 10_000, generator=torch.Generator().manual_seed(0)) * 7
    whole = places.flatten().short()
    on_cpu, on_device = distributions._occurrences_on_cpu, distributions._occurrences_on_device
    assert torch.equal(on_cpu(whole, 9), on_device(whole, 9))
    by_hand = [[int(((place <= row) & (row < place + 1)).sum()) for place in range(9)] for row in places]
    assert distributions._occurrences(places, 9).tolist() == by_hand


# Saturation and death


def test_saturated_means_what_the_rule_says() -> None:
    Y = torch.tensor([[0.04, 0.06, 0.5, 0.94, 0.96]])
    assert inactive_share(nn.Sigmoid(), Y) == pytest.approx(2 / 5)
    assert inactive_share(nn.Tanh(), torch.tensor([[-0.95, -0.85, 0, 0.85, 0.95]])) == pytest.approx(2 / 5)
    drawn = torch.rand(100, 50, generator=torch.Generator().manual_seed(0))
    assert inactive_share(nn.Sigmoid(), drawn) == ((drawn < 0.05) | (drawn > 0.95)).double().mean()
    assert inactive_share(nn.Tanh(), 2 * drawn - 1) == ((2 * drawn - 1).abs() > 0.9).double().mean()
    assert "[0.05, 0.95]" in str(stats.RULES["Sigmoid"])
    assert "0.9" in str(stats.RULES["Tanh"])


def test_a_relu_unit_is_dead_only_if_it_is_zero_for_every_image_and_position() -> None:
    Y = torch.zeros(3, 4, 2, 2)  # [N, C, H, W]
    Y[2, 1, 0, 1] = 0.5  # one image wakes channel 1
    Y[:, 3] = 1
    assert inactive_share(nn.ReLU(), Y) == pytest.approx(2 / 4)
    assert inactive_share(nn.ReLU(), Y[:, :, 0, 1]) == pytest.approx(2 / 4)


def test_a_dead_layer_is_summarised_as_dead_with_its_zero_share() -> None:
    model = lenet("none", activation="relu")
    model.fc1.bias.data.fill_(-100)
    layers = {layer.name: layer for layer in summarise(probe(model, IMAGES)).layers}
    assert (layers["fc1"].inactive_share, layers["fc1"].zero_share) == (1, 1)
    assert 0 < layers["conv1"].zero_share < 1
    assert str(layers["fc1"].rule).startswith("dead")


# Gradients


def test_gradient_numbers_are_numpys() -> None:
    seen = probe(lenet("bn"), IMAGES, LABELS)
    for layer in summarise(seen).layers:
        g = seen.layers[layer.name].weight_grad.double().numpy()
        dz = seen.layers[layer.name].before_grad.double().numpy()
        assert layer.gradient.mean_abs == pytest.approx(np.abs(g).mean(), rel=1e-5)
        assert layer.gradient.rms == pytest.approx(np.sqrt((g**2).mean()), rel=1e-5)
        assert layer.gradient.before_rms == pytest.approx(np.sqrt((dz**2).mean()), rel=1e-5)


def test_the_signed_log_histogram_is_numpys_on_the_logarithm() -> None:
    g = normal(1000, 7) * 10 ** normal(1000, 7, mean=-8, std=3)
    g[:10] = 0
    g[10, :3] = torch.tensor([math.nan, math.inf, -math.inf])
    other = torch.ones(5)  # a second gradient, whose counts must not be among the first one's
    counts = distributions.log_counts([other, g])
    assert counts.sum(dim=(1, 2)).tolist() == [5, 7000]
    histogram = stats._log_histogram(counts[1].numpy())
    x = g.double().numpy().flatten()
    finite = x[np.isfinite(x) & (x != 0)]
    logs, ends = np.log10(np.abs(finite)), (distributions.LOG_LOW, distributions.LOG_HIGH)
    for side, sign in ((histogram.positive, 1), (histogram.negative, -1)):
        expected, _ = np.histogram(logs[np.sign(finite) == sign], LOG_BINS, ends)
        assert np.abs(np.array(side) - expected).sum() <= 2  # a logarithm at a bin's edge may round either way
    assert (histogram.zero, histogram.nan, histogram.inf) == (70, 1, 2)
    assert histogram.tiny == (logs < distributions.LOG_LOW).sum() > 0
    assert histogram.huge == (logs >= distributions.LOG_HIGH).sum()
    assert sum((*histogram.positive, *histogram.negative)) + histogram.tiny + histogram.huge + 73 == x.size


def test_the_share_of_exact_zeros_counts_dead_weights_only() -> None:
    model = lenet("none", activation="relu")
    model.fc1.bias.data[:30] = -100
    gradient = summarise(probe(model, IMAGES, LABELS)).layers[2].gradient
    assert gradient.zero_share >= 30 / 120
    assert gradient.histogram.zero == gradient.zero_share * 120 * 256


def test_gradients_too_small_to_square_in_float32_still_have_a_size() -> None:
    tiny, none, large = torch.full((4, 5), 1e-25), torch.zeros(4, 5), torch.tensor([3e30, -4e30])
    sizes = distributions.root_mean_squares([tiny, none, large]).tolist()
    assert sizes == pytest.approx([1e-25, 0, math.sqrt(12.5) * 1e30], rel=1e-5, abs=0)


def test_the_update_of_plain_sgd_is_the_same_computed_or_measured() -> None:
    model = lenet("bn")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with watch(model) as seen:
        cross_entropy(model(IMAGES), LABELS).backward()
    computed = summarise(seen, learning_rate=0.5)
    assert all(layer.gradient.update_ratio is None for layer in summarise(seen).layers)
    optimizer.step()
    for by_rate, measured in zip(computed.layers, summarise(seen).layers, strict=True):
        assert measured.gradient.update_ratio == pytest.approx(by_rate.gradient.update_ratio, rel=1e-3)
        weight, gradient = seen.layers[measured.name].weight, seen.layers[measured.name].weight_grad
        by_hand = 0.5 * np.linalg.norm(gradient.double()) / np.linalg.norm(weight.double())
        assert by_rate.gradient.update_ratio == pytest.approx(by_hand, rel=1e-5)


def test_the_measured_update_is_adams_own() -> None:
    model = lenet("ln")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with watch(model) as seen:
        cross_entropy(model(IMAGES), LABELS).backward()
    optimizer.step()
    for layer in summarise(seen).layers:  # Adam's first step moves every weight by its learning rate
        weight = seen.layers[layer.name].weight.double().numpy()
        assert layer.gradient.update_ratio == pytest.approx(1e-3 / np.sqrt((weight**2).mean()), rel=0.05)


# Norm layers


@pytest.mark.parametrize("arm", ["bn", "bn:book", "ln", "rms"])
def test_a_norm_layers_state_is_given_per_channel(arm: str) -> None:
    model = lenet(arm)
    with watch(model) as seen:
        cross_entropy(model(IMAGES), LABELS).backward()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    norm, z = summarise(seen).layers[0].norm, seen.layers["conv1"].stages["before"].double().numpy()
    assert norm.kind == type(model[1]).__name__
    assert norm.gamma == (1,) * 6
    assert norm.beta == (() if arm == "rms" else (0,) * 6)
    assert norm.gamma_grad == pytest.approx(
        getattr(model[1], "gamma", getattr(model[1], "weight", None)).grad.flatten()
    )
    assert norm.values == 8 * 24 * 24
    assert norm.batch_mean == pytest.approx(z.mean(axis=(0, 2, 3)), rel=1e-4, abs=1e-6)
    assert norm.batch_var == pytest.approx(z.var(axis=(0, 2, 3)), rel=1e-4)
    assert norm.running_mean == ((0,) * 6 if arm.startswith("bn") else ())
    assert norm.running_var == ((1,) * 6 if arm.startswith("bn") else ())


def test_without_a_norm_there_are_two_stages_and_no_norm_and_the_logits_have_one() -> None:
    layers = summarise(probe(lenet("bn/none"), IMAGES)).layers
    conv1, fc1, fc3 = layers[0], layers[2], layers[-1]
    assert None not in (conv1.norm, conv1.normalized, conv1.scaled, conv1.activated)
    assert (fc1.norm, fc1.normalized, fc1.scaled) == (None, None, None)
    assert fc1.activated is not None
    assert (fc3.activated, fc3.rule, fc3.inactive_share, fc3.zero_share) == (None, "", None, None)
    assert fc3.before.values == 80


# The whole summary


def test_nan_and_inf_injected_into_a_layer_are_counted_there_and_in_what_follows() -> None:
    model = lenet("none")
    model.conv2.bias.data[3] = math.nan
    model.conv2.bias.data[4] = -math.inf
    layers = {layer.name: layer for layer in summarise(probe(model, IMAGES, LABELS)).layers}
    assert layers["conv1"].before.nan == layers["conv1"].activated.nan == 0
    conv2 = layers["conv2"].before
    assert (conv2.nan, conv2.negative_inf, conv2.positive_inf) == (8 * 64, 8 * 64, 0)
    assert sum(conv2.adaptive.counts) == conv2.values - 2 * 8 * 64
    assert math.isnan(conv2.mean)
    assert all(math.isfinite(value) for value in conv2.percentiles)
    assert layers["fc3"].before.nan == 80
    assert layers["fc3"].gradient.histogram.nan == 840


def test_a_summary_is_frozen_plain_python_without_torch_or_numpy() -> None:
    summary = summarise(probe(lenet("bn"), IMAGES, LABELS), learning_rate=0.1)
    assert json.loads(json.dumps(asdict(summary)))["examples"] == 8
    with pytest.raises(AttributeError):
        summary.layers[0].before.mean = 0.0

    def kinds(value: object) -> set[type]:
        if isinstance(value, dict | tuple | list):
            return set().union(*map(kinds, value.values() if isinstance(value, dict) else value))
        return {type(value)}

    assert kinds(asdict(summary)) <= {int, float, str, type(None)}


def test_the_records_can_be_read_without_torch() -> None:
    code = "import sys, core.probes.summary; print('torch' in sys.modules, 'numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]


@pytest.mark.parametrize("arm", ["none", "bn", "ln", "rms"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_nothing_is_asked_of_the_device_before_the_one_copy(arm: str, activation: str) -> None:
    """The meta device has shapes and no values: whatever needs one on the host raises there."""
    model = lenet(arm, activation=activation).to("meta")
    with watch(model) as seen:
        cross_entropy(model(IMAGES.to("meta")), LABELS.to("meta")).backward()
    found = reduction.reduce(seen, measured_update=True)
    assert {values.device.type for values in found.values()} == {"meta"}
    with pytest.raises(RuntimeError):
        stats.packed(found).cpu()


def test_a_summary_is_copied_to_the_host_once(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []  # numpy() is none: it shares memory on the CPU and raises elsewhere
    for name in ("tolist", "item", "cpu", "__bool__", "__float__", "__int__", "__index__"):
        real = getattr(Tensor, name)
        spy = lambda self, *arguments, real=real, name=name: copies.append(name) or real(self, *arguments)  # noqa: E731
        monkeypatch.setattr(Tensor, name, spy)
    seen = probe(lenet("bn"), IMAGES, LABELS)
    copies.clear()
    summarise(seen, learning_rate=0.1)
    assert copies == ["cpu"]


def test_a_summary_without_a_forward_pass_is_refused_with_the_remedy() -> None:
    with watch(lenet()) as seen:
        pass
    with pytest.raises(ValueError, match=r"needs a forward pass.*nothing came through conv1.*Call the model"):
        summarise(seen)


def test_summarising_changes_nothing_that_was_seen() -> None:
    seen = probe(lenet("bn"), IMAGES, LABELS)
    before = [values.clone() for layer in seen.layers.values() for values in layer.stages.values()]
    assert summarise(seen) == summarise(seen)
    after = [values for layer in seen.layers.values() for values in layer.stages.values()]
    assert all(map(torch.equal, before, after))


def test_drift_is_in_pooled_standard_deviations() -> None:
    X = normal(40, 6, 5, 5, std=0.1) + torch.arange(6).view(6, 1, 1)  # spread between the units, little within
    earlier, later = stage(X), stage(X + 0.5)
    assert drift(earlier, later) == pytest.approx(0.5 / X.std().item(), rel=1e-2)
    assert drift(earlier, earlier) == 0
    assert drift(stage(torch.zeros(4, 3)), stage(torch.ones(4, 3))) == math.inf


# The measured facts


@pytest.fixture(scope="module", params=["fashion-mnist", "digits"])
def data(request: pytest.FixtureRequest) -> SimpleNamespace:
    name = request.param
    if name == "fashion-mnist" and any(check.status != "ok" for check in verify(name)):
        pytest.skip(f"no Fashion-MNIST in NORMSCOPE_DATA={os.environ.get('NORMSCOPE_DATA', '')!r}")
    images = load(name)
    return SimpleNamespace(
        batch=as_floats(images.train_images[:256]),
        labels=images.train_labels[:256],
        pool=as_floats(images.train_images[:1400]),
        seeds=range(3) if name == "fashion-mnist" else range(1),
        correlation=3 if name == "fashion-mnist" else 2,  # digits are thin strokes, whose positions say less of others
    )


def looked_into(data: SimpleNamespace, arm: str, seed: int, **settings: object) -> NetworkSummary:
    return summarise(probe(lenet(arm, seed, **settings), data.batch, data.labels), learning_rate=0.1)


def test_fact_1_gradient_ratios_at_depth_5(data: SimpleNamespace) -> None:
    for seed in data.seeds:
        none, ln, bn = (looked_into(data, arm, seed).gradient_ratio for arm in ("none", "ln", "bn"))
        assert none < 0.02
        assert 0.01 < ln < 0.2
        assert 0.4 < bn < 4
        assert none < ln < bn


def test_fact_2_gradient_ratios_at_depth_12(data: SimpleNamespace) -> None:
    for seed in data.seeds:
        assert looked_into(data, "none", seed, depth=12).gradient_ratio < 1e-5
        assert 0.4 < looked_into(data, "bn", seed, depth=12).gradient_ratio < 4


def test_fact_3_no_vanishing_with_relu_at_depth_5(data: SimpleNamespace) -> None:
    for seed in data.seeds:
        assert looked_into(data, "none", seed, activation="relu").gradient_ratio > 1


def test_facts_4_and_5_spread_and_saturation_of_sigmoids(data: SimpleNamespace) -> None:
    spread = {"none": (0, 0.002), "ln": (0.001, 0.03), "bn": (0.19, 0.23)}
    saturated = {"none": 0.001, "ln": 1, "bn": 0.01}
    for seed in data.seeds:
        for arm, (low, high) in spread.items():
            layers = {layer.name: layer for layer in looked_into(data, arm, seed).layers}
            assert low < layers["fc2"].activated.unit_std < high
            assert layers["fc2"].activated.std > 0.1  # pooled, it looks healthy in every arm
            shares = [layer.inactive_share for layer in layers.values() if layer.inactive_share is not None]
            assert max(shares) < saturated[arm]


def test_the_normalized_stage_of_batch_norm_has_mean_0_and_spread_1_in_every_unit(data: SimpleNamespace) -> None:
    for layer in looked_into(data, "bn", 0).layers[:-1]:
        assert max(map(abs, layer.normalized.unit_means)) < 1e-4
        assert layer.normalized.unit_std == pytest.approx(1, abs=0.01)


SIZES = (1, 2, 4, 8, 16, 32, 64)


def slope(noise: dict[int, float]) -> float:
    return float(np.polyfit(np.log(list(noise)), np.log(list(noise.values())), 1)[0])


def test_fact_9_batch_means_of_linear_layers_vary_with_one_over_the_root_of_n(data: SimpleNamespace) -> None:
    seen = probe(lenet("bn"), data.pool)
    for name in ("fc1", "fc2"):
        noise = batch_noise(seen.layers[name].stages["before"], SIZES)
        assert all(0.9 < value * math.sqrt(size) < 1.1 for size, value in noise.items())
        assert slope(noise) == pytest.approx(-0.5, abs=0.06)


def test_fact_9_positions_of_a_convolution_do_not_count_as_so_many_independent_values(data: SimpleNamespace) -> None:
    noise = batch_noise(probe(lenet("bn"), data.pool).layers["conv1"].stages["before"], SIZES)
    assert slope(noise) == pytest.approx(-0.5, abs=0.06)
    assert noise[1] > data.correlation / math.sqrt(24 * 24)


def test_batch_noise_of_independent_values_is_the_textbooks_and_white_maps_do_count(data: SimpleNamespace) -> None:
    pool = normal(1000, 5)
    exact = {N: math.sqrt((1 - N / 1000) / N * 1000 / 999) for N in SIZES}
    assert batch_noise(pool, SIZES) == pytest.approx(exact, rel=0.1)
    white = batch_noise(normal(1000, 5, 4, 4), (1, 4))
    assert white == pytest.approx({1: 1 / 4, 4: 1 / 8}, rel=0.1)
    assert batch_noise(pool, SIZES) == batch_noise(pool, SIZES)


def test_a_batch_larger_than_the_pool_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pool of 10 images; got size 16"):
        batch_noise(normal(10, 3), (2, 16))


@pytest.mark.parametrize("N", [2, 8, 256])
def test_fact_16_pytorchs_running_variance_is_n_over_n_minus_1_times_the_books(data: SimpleNamespace, N: int) -> None:
    gained = {}
    for arm in ("bn", "bn:book"):
        model = lenet(arm).double()
        X = data.batch[:N].double()
        model(X)  # one update of the running statistics, from 1
        norm = summarise(probe(model, X)).layers[2].norm
        gained[arm] = (np.array(norm.running_var) - 0.9) / 0.1
        own_factor = N / (N - 1) if arm == "bn" else 1
        np.testing.assert_allclose(gained[arm] / np.array(norm.batch_var), own_factor, rtol=1e-6)
    np.testing.assert_allclose(gained["bn"] / gained["bn:book"], N / (N - 1), rtol=1e-6)


def test_the_books_class_and_pytorchs_have_the_same_summary_at_the_start(data: SimpleNamespace) -> None:
    book, library = (looked_into(data, arm, 0) for arm in ("bn:book", "bn"))
    assert isinstance(lenet("bn:book")[1], BatchNorm)
    assert book.gradient_ratio == pytest.approx(library.gradient_ratio, rel=1e-3)
    assert book.layers[0].normalized.fixed == library.layers[0].normalized.fixed
