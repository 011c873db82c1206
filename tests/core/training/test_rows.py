"""The row reader learns, with LayerNorm faster."""

import pytest

from core.training.rows import compare_rows


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_with_layernorm_the_row_reader_learns_faster_at_this_learning_rate():
    last = {row.layer_norm: row for row in compare_rows()}
    assert last[True].test_accuracy > last[False].test_accuracy + 0.1
    assert last[True].train_loss < last[False].train_loss - 0.2
