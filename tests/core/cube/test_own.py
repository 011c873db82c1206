"""A tensor of one's own: any shape of the sliders, and no other cell moves with them."""

import pytest
import torch

from core.cube.axes import AxesError
from core.cube.own import MOST, all_of, own_site
from core.cube.viewpoint import EPS_CHOICES


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (4, 6, 2, 2), MOST])
def test_it_has_the_shape_asked_for_and_all_its_cells_are_drawn(shape: tuple[int, ...]) -> None:
    site = own_site(shape, "0.1")
    assert site.shape == shape
    assert site.eps == 0.1
    assert all_of(site).count == site.values.numel()


def test_another_shape_leaves_the_cells_that_both_have() -> None:
    small, large = own_site((2, 3, 2, 1), "1e-5").values, own_site((3, 6, 2, 4), "1e-5").values
    assert torch.equal(small, large[:2, :3, :, :1])


def test_channels_lie_elsewhere_and_examples_spread_otherwise_so_that_norms_differ() -> None:
    values = own_site(MOST, "1e-5").values
    assert values.mean((0, 2, 3)).std() > 1
    within = values - values.mean((0, 2, 3), keepdim=True)
    assert within[-1].std() > 2 * within[0].std()
    torch.testing.assert_close((values * 10).round() / 10, values)


@pytest.mark.parametrize("shape", [(0, 6, 2, 2), (9, 6, 2, 2), (4, 6, 2), (4, 13, 2, 2)])
def test_a_shape_that_the_sliders_do_not_have_is_refused_in_a_sentence(shape: tuple[int, ...]) -> None:
    with pytest.raises(AxesError) as caught:
        own_site(shape, "1e-5")
    assert str(caught.value) == (
        "A tensor of your own has 1 to 8 examples, 12 channels, 6 rows and 6 columns; "
        f"got {list(shape)}. Move the sliders."
    )


def test_no_epsilon_that_can_be_chosen_divides_by_zero() -> None:
    assert min(map(float, EPS_CHOICES)) > 0
