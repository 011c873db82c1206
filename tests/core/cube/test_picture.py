"""What the cube shows is what PyTorch's layers compute, to the last digit that float32 has."""

import base64
import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.cube import sites
from core.cube.axes import Rule, divisors, norms_of, rule_for
from core.cube.naming import Norming
from core.cube.noise import mean_noise
from core.cube.picture import choose, picture, statistics
from core.cube.reading import family_moments, read
from core.cube.shown import Shown
from core.cube.sites import Site, capture
from core.experiment.arm import Norm, parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet
from core.nets.norms import build_norm, gamma_beta

SHAPE = (5, 6, 4, 3)


def random(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 2 + 1


def everything(shape):
    return Shown(shape, tuple(tuple(range(size)) for size in shape))


def decode(panel, stage, shape):
    raw = base64.b64decode(panel["stages"][stage])
    return torch.from_numpy(np.frombuffer(raw, dtype=np.float32).copy()).reshape(shape)


def trained_site(norm, groups=2, shape=SHAPE):
    """A layer with γ and β that are not 1 and 0, its input, and the site that the cube makes of it."""
    layer = build_norm(norm, shape[1], len(shape), groups)
    for numbers in layer.parameters():
        nn.init.uniform_(numbers, 0.5, 1.5)
    site = sites._site("conv1", random(shape), layer, "test")
    return layer, site


@pytest.mark.parametrize("norm", norms_of("NCHW"))
def test_the_last_stage_is_the_output_of_the_layer(norm):
    layer, site = trained_site(norm)
    expected = layer(site.values).detach()
    data = picture(site, [Norming.of(rule_for(norm, "NCHW"))], everything(SHAPE), (0, 0, 0, 0), "after")
    torch.testing.assert_close(decode(data["panels"][0], "after", SHAPE), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("norm", [Norm.BN, Norm.LN, Norm.GN, Norm.RMS])
def test_after_a_linear_layer_too(norm):
    layer, site = trained_site(norm, shape=(5, 6))
    expected = layer(site.values).detach()
    data = picture(site, [Norming.of(rule_for(norm, "ND"))], everything((5, 6)), (0, 0), "after")
    torch.testing.assert_close(decode(data["panels"][0], "after", (5, 6)), expected, rtol=1e-5, atol=1e-5)


def test_with_running_statistics_it_is_the_output_in_evaluation_mode():
    layer, _ = trained_site(Norm.BN)
    layer(random(SHAPE, seed=1))
    layer.eval()
    site = sites._site("conv1", random(SHAPE), layer, "test")
    norming = Norming.of(rule_for(Norm.BN, "NCHW"), running=True)
    data = picture(site, [norming], everything(SHAPE), (0, 0, 0, 0), "after")
    torch.testing.assert_close(
        decode(data["panels"][0], "after", SHAPE), layer(site.values).detach(), rtol=1e-5, atol=1e-5
    )
    assert read(site, norming, everything(SHAPE), (1, 2, 3, 0)).stops[-1].result == pytest.approx(
        layer(site.values)[1, 2, 3, 0].item(), abs=1e-5
    )


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from("NCHW")), st.tuples(*(st.integers(0, size - 1) for size in SHAPE)))
def test_mean_and_variance_of_any_axes_are_those_of_torch_in_float64(ticked, cell):
    site, rule = Site("x", random(SHAPE)), Rule("NCHW", "".join(ticked))
    used, alone = statistics(site, rule), family_moments(site, rule, cell)
    values = site.values.double()
    if rule.dims:
        variance, mean = torch.var_mean(values, dim=rule.dims, correction=0, keepdim=True)
        torch.testing.assert_close(used.mean, mean.expand(SHAPE), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(used.variance, variance.expand(SHAPE), rtol=1e-12, atol=1e-12)
    assert used.mean[cell].item() == pytest.approx(alone.mean, abs=1e-12)
    assert used.variance[cell].item() == pytest.approx(alone.variance, abs=1e-12)


@pytest.mark.parametrize("groups", divisors(6))
def test_in_groups_too(groups):
    site, rule = Site("x", random(SHAPE)), rule_for(Norm.GN, "NCHW", groups)
    variance, mean = torch.var_mean(site.values.double().reshape(5, groups, -1), dim=2, correction=0)
    used = statistics(site, rule)
    torch.testing.assert_close(used.mean[:, :: 6 // groups, 0, 0], mean)
    torch.testing.assert_close(used.variance[:, :: 6 // groups, 0, 0], variance)
    assert family_moments(site, rule, (1, 5, 0, 0)).mean == pytest.approx(mean[1, -1].item(), abs=1e-12)


def test_steps_that_do_not_exist_are_left_out_of_the_mean():
    x, lengths = random((3, 4, 2)), torch.tensor([4, 2, 1])
    site, rule = Site("gru", x, lengths=lengths), Rule("NTD", "N")
    used = statistics(site, rule)
    assert used.mean[0, 1, 0].item() == pytest.approx(x[:2, 1, 0].double().mean().item())
    assert used.mean[0, 3, 0].item() == pytest.approx(x[0, 3, 0].item())
    assert family_moments(site, rule, (0, 1, 0)).count == 2
    assert family_moments(site, rule, (0, 3, 0)).count == 1


def test_statistics_are_of_the_whole_tensor_however_little_is_drawn():
    site, shown = Site("x", random((64, 6, 12, 12))), choose((64, 6, 12, 12), examples=2, positions=3)
    norming = Norming.of(rule_for(Norm.BN, "NCHW"))
    data = picture(site, [norming], shown, shown.middle(), "normalized")
    expected = nn.BatchNorm2d(6)(site.values)[np.ix_(*shown.indices)]
    shape = tuple(len(indices) for indices in shown.indices)
    torch.testing.assert_close(decode(data["panels"][0], "normalized", shape), expected.detach(), rtol=1e-4, atol=1e-4)
    assert "Statistics are of all 55,296" in data["drawn"]


def test_the_cells_that_are_said_to_be_drawn_are_those_that_the_picture_draws():
    site = Site("gru", random((4, 9, 5)), lengths=torch.tensor([9, 2, 1, 7]))
    shown = choose(site.shape, examples=3, features=4)
    data = picture(site, [Norming.of(rule_for(Norm.LN, "NTD"))], shown, (0, 0, 0), "before")
    drawn = np.frombuffer(base64.b64decode(data["exists"]), dtype=np.float32).sum()
    assert drawn == (9 + 2 + 1) * 4
    assert f"; {drawn:.0f} of {(9 + 2 + 1 + 7) * 5} cells" in data["drawn"]


def test_capture_sees_what_enters_each_norm_and_leaves_the_network_bitwise_as_it_was():
    net = build_lenet(parse_arm("bn:dropout=0.5"), ExperimentConfig())
    before = copy.deepcopy(net.state_dict())
    state, images = torch.get_rng_state(), torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    sites = capture(net, images)
    assert {name: list(site.shape) for name, site in sites.items()} == {
        "conv1": [8, 6, 24, 24],
        "conv2": [8, 16, 8, 8],
        "fc1": [8, 120],
        "fc2": [8, 84],
    }
    assert all(torch.equal(before[name], values) for name, values in net.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(sites["conv1"].values, net[0](images))
    assert {site.norm for site in sites.values()} == {Norm.BN}


@pytest.mark.parametrize("arm", ["none", "bn", "bn:book", "ln", "gn/none", "in", "rms"])
def test_every_arm_can_be_looked_at_and_its_own_norm_is_known(arm):
    config = parse_arm(arm)
    site = capture(build_lenet(config, ExperimentConfig()), torch.rand(4, 1, 28, 28))["conv1"]
    assert site.norm is config.conv_norm
    own = [norm for norm in norms_of("NCHW") if site.is_own(rule_for(norm, "NCHW", groups=2))]
    assert own == ([] if arm == "none" else [config.conv_norm])
    gamma, _ = gamma_beta(build_lenet(config, ExperimentConfig())[1])
    assert (site.gamma is None) == (gamma is None)


def test_a_norm_that_the_cube_does_not_know_is_refused_by_name():
    net = build_lenet(parse_arm("bn"), ExperimentConfig())
    net.conv1_norm = nn.LocalResponseNorm(2)
    with pytest.raises(LookupError, match="no axes for LocalResponseNorm"):
        capture(net, torch.zeros(4, 1, 28, 28))


def test_another_norm_than_the_layers_own_is_shown_with_gamma_1_and_beta_0_and_says_so():
    _, site = trained_site(Norm.BN)
    reading = read(site, Norming.of(rule_for(Norm.LN, "NCHW")), everything(SHAPE), (0, 0, 0, 0))
    assert reading.stops[-1].result == reading.stops[-2].result
    assert reading.scale_note == "γ = 1 and β = 0, where LayerNorm would start: this network has BatchNorm here."


def test_a_batch_of_one_after_a_linear_layer_is_warned_of():
    site = Site("fc1", random((5, 6))).first(1)
    reading = read(site, Norming.of(rule_for(Norm.BN, "ND")), everything((1, 6)), (0, 3))
    assert reading.warning.startswith("A family of one value has no spread: every normalized value is 0")
    assert reading.stops[2].result == 0


def test_the_noise_of_the_mean_halves_with_every_fourfold_batch():
    site = Site("fc1", random((2000, 8)))
    noise = {row.batch: row.measured for row in mean_noise(site, (1, 4, 16, 64))}
    assert [noise[n] * n**0.5 for n in noise] == pytest.approx([1] * 4, rel=0.1)


def test_neighbouring_pixels_are_not_independent_examples():
    images = nn.functional.interpolate(random((500, 2, 3, 3)), size=24)
    row = mean_noise(Site("conv1", images), (1,))[0]
    assert row.measured == pytest.approx(1 / 3, rel=0.1)  # nine independent patches
    assert row.independent_values == pytest.approx(1 / 24)
