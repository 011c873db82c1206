"""The row reader against PyTorch's own GRU."""

import torch
from torch import nn

from core.nets.gru import HIDDEN, RowGRU


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
