"""The row reader against PyTorch's own GRU, and what its length does to each norm."""

import pytest
import torch
from torch import nn

from core.cube.axes import Rule, rule_for
from core.cube.naming import Norming
from core.cube.picture import choose, picture, statistics
from core.cube.reading import read
from core.experiment.config import Norm
from core.training.rows import HIDDEN, RowGRU, compare_rows, row_site


def test_without_layernorm_it_is_pytorchs_gru():
    ours, images = RowGRU(layer_norm=False, seed=3), torch.rand(5, 1, 28, 28)
    theirs = nn.GRU(28, HIDDEN, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.from_row.weight)
        theirs.bias_ih_l0.copy_(ours.from_row.bias)
        theirs.weight_hh_l0.copy_(ours.from_state.weight)
        theirs.bias_hh_l0.copy_(ours.from_state.bias)
        _, state = theirs(images.squeeze(1))
        torch.testing.assert_close(ours(images), ours.head(state[0]), rtol=1e-4, atol=1e-5)


def test_each_gate_is_normalized_by_itself_as_by_nn_layernorm():
    net, a = RowGRU(layer_norm=True), torch.randn(5, 3 * HIDDEN)
    for gate, part in enumerate(net.state_norm(a).chunk(3, 1)):
        torch.testing.assert_close(part, nn.LayerNorm(HIDDEN)(a.chunk(3, 1)[gate]))


def test_a_shorter_sequence_ends_where_it_ends():
    net, images = RowGRU(layer_norm=True), torch.rand(2, 1, 28, 28)
    cut = images.clone()
    cut[:, :, 10:] = 0.7
    lengths = torch.tensor([10, 10])
    assert torch.equal(net(images, lengths), net(cut, lengths))
    assert not torch.equal(net(images), net(cut))


def test_layernorms_statistics_do_not_depend_on_the_batch_and_batchnorms_do():
    site = row_site()
    for over, same in (("D", True), ("N", False), ("NT", False)):
        whole, part = (statistics(s, Rule("NTD", over)).mean[0, 3] for s in (site, site.first(4)))
        assert torch.equal(whole, part) is same, over


def test_at_a_late_step_batchnorm_has_only_the_long_examples():
    site = row_site()
    shown = choose(site.shape)
    bn = Norming.of(rule_for(Norm.BN, "NTD"))
    assert read(site, bn, shown, (0, 0, 0)).moments.count == 32
    assert read(site, bn, shown, (0, 27, 0)).moments.count == 16
    assert read(site, bn, shown, (0, 27, 0)).tally == "up to 32 values → 896 means"
    ln = Norming.of(rule_for(Norm.LN, "NTD"))
    assert read(site, ln, shown, (0, 27, 0)).moments.count == HIDDEN
    assert read(site, ln, shown, (0, 27, 0)).scale_note.startswith("γ and β as this network has learned them")


def test_cells_after_a_sequences_end_are_marked_as_absent():
    site = row_site()
    data = picture(site, [Norming.of(rule_for(Norm.LN, "NTD"))], choose(site.shape), (0, 0, 0), "before")
    assert data["exists"] is not None


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_with_layernorm_the_row_reader_learns_faster_at_this_learning_rate():
    last = {row.layer_norm: row for row in compare_rows()}
    assert last[True].test_accuracy > last[False].test_accuracy + 0.1
    assert last[True].train_loss < last[False].train_loss - 0.2
