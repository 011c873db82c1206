"""The row reader learns, with LayerNorm faster; and what is said of it is what it did."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.data.images import as_floats
from core.nets.gru import RowGRU
from core.training import rows
from core.training.rows import compare_rows, train_rows


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_with_layernorm_the_row_reader_learns_faster_at_this_learning_rate():
    last = {row.layer_norm: row for row in compare_rows()}
    assert last[True].test_accuracy > last[False].test_accuracy + 0.1
    assert last[True].train_loss < last[False].train_loss - 0.2


def test_a_last_short_batch_counts_as_its_examples_do(small_images):
    """65 images are a batch of 64 and one of 1; a network that stands still has the mean loss of all 65."""
    _, (row,) = train_rows(small_images, layer_norm=False, epochs=1, examples=65, rate=1e-30)
    images, labels = as_floats(small_images.train_images[:65]), small_images.train_labels[:65]
    with torch.no_grad():
        expected = cross_entropy(RowGRU(layer_norm=False)(images).double(), labels).item()
    assert row.train_loss == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("most", [30, 2000])
def test_it_says_on_how_many_test_images_it_was_tested(small_images, monkeypatch, most):
    monkeypatch.setattr(rows, "TEST_IMAGES", most)
    seen = []
    forward = RowGRU.forward
    monkeypatch.setattr(RowGRU, "forward", lambda net, images: seen.append(len(images)) or forward(net, images))
    few = replace(
        small_images, train_images=small_images.train_images[:10], train_labels=small_images.train_labels[:10]
    )
    _, (row,) = train_rows(few, layer_norm=True, epochs=1)
    assert row.test_images == seen[-1] == min(most, 100)
