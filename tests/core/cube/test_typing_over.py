"""A value typed over a cell: the results that change are those that PyTorch's own layers change."""

import base64

import numpy as np
import pytest
import torch
from torch import nn

from core.cube.axes import norms_of, rule_for
from core.cube.naming import Norming
from core.cube.own import all_of, own_site
from core.cube.picture import picture
from core.cube.sites import Site
from core.cube.typing_over import Typed, by_now, changes, marked, over
from core.experiment.arm import Norm
from core.experiment.rules import ConfigError

SHAPE = (3, 4, 2, 2)
CELL = (1, 2, 0, 1)
LAYERS = {
    Norm.BN: lambda: nn.BatchNorm2d(4),
    Norm.LN: lambda: nn.LayerNorm(SHAPE[1:]),
    Norm.IN: lambda: nn.InstanceNorm2d(4),
    Norm.GN: lambda: nn.GroupNorm(2, 4),
    Norm.RMS: lambda: nn.RMSNorm(SHAPE[1:], eps=1e-5),
}


def by_torch(norm: Norm, values: torch.Tensor) -> torch.Tensor:
    return LAYERS[norm]().double()(values.double()).detach()


@pytest.mark.parametrize("norm", norms_of("NCHW"))
def test_exactly_those_results_change_that_pytorchs_layer_changes_and_by_as_much(norm: Norm) -> None:
    site = own_site(SHAPE, "1e-5")
    typed = Typed(CELL, 7.5)
    found = changes(site, over(site, typed), Norming.of(rule_for(norm, "NCHW")))
    moved = site.values.double().clone()
    moved[CELL] = 7.5
    expected = by_torch(norm, moved) - by_torch(norm, site.values)
    torch.testing.assert_close(found.differences, expected, rtol=1e-9, atol=1e-12)
    zeros = int((site.values[CELL[0]] == 0).sum())  # whatever they are divided by
    members = {Norm.BN: 12, Norm.LN: 16, Norm.IN: 4, Norm.GN: 8, Norm.RMS: 16 - zeros}[norm]
    assert (found.changed, found.unchanged) == (members, 48 - members)
    assert found.largest == pytest.approx(expected.abs().max().item())


def test_in_evaluation_one_result_alone_changes() -> None:
    numbers = torch.ones(4)
    site = Site("x", own_site(SHAPE, "1e-5").values, Norm.BN, running_mean=numbers, running_var=numbers)
    found = changes(site, over(site, Typed(CELL, 7.5)), Norming.of(rule_for(Norm.BN, "NCHW"), running=True))
    assert (found.changed, found.unchanged) == (1, 47)


def test_the_cells_own_value_typed_again_changes_nothing_and_that_is_said() -> None:
    site = Site("x", torch.arange(48.0).view(SHAPE))
    found = changes(site, over(site, Typed(CELL, site.values[CELL].item())), Norming.of(rule_for(Norm.BN, "NCHW")))
    assert found.told("BatchNorm") == "BatchNorm: no result changes; all 48 are the same bit for bit."


def test_time_steps_that_do_not_exist_are_not_counted() -> None:
    site = Site("gru", torch.randn(3, 4, 2), lengths=torch.tensor([4, 2, 1]))
    found = changes(site, over(site, Typed((1, 1, 0), 5.0)), Norming.of(rule_for(Norm.BN, "NTD")))
    assert (found.changed, found.unchanged) == (2, 12)


def test_the_picture_has_the_differences_and_the_sentence() -> None:
    site = own_site(SHAPE, "1e-5")
    now, normings, shown = over(site, Typed(CELL, 7.5)), [Norming.of(rule_for(Norm.LN, "NCHW"))], all_of(site)
    panel = marked(picture(now, normings, shown, CELL, "after"), site, now, normings, shown)["panels"][0]
    drawn = np.frombuffer(base64.b64decode(panel["changes"]), dtype=np.float32).reshape(SHAPE)
    assert (drawn[1] != 0).all()
    assert not drawn[[0, 2]].any()
    assert panel["changed"].startswith("LayerNorm: 16 of 48 results change, by up to ")
    assert panel["changed"].endswith("the other 32 are the same bit for bit.")


@pytest.mark.parametrize(("text", "value"), [("4.5", 4.5), ("−2", -2), ("0,25", 0.25), ("1e3", 1000)])
def test_a_value_is_typed_as_numbers_are_written(text: str, value: float) -> None:
    typed = Typed.read(CELL, text)
    assert typed == Typed(CELL, value)
    assert Typed.from_text(typed.to_text()) == typed


@pytest.mark.parametrize("text", ["abc", "1e9", "inf", "nan", "1,000", "--3"])
def test_what_is_no_value_of_a_cell_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^The value of the cell must .*; got .+\. Write"):
        Typed.read(CELL, text)


def test_a_link_has_no_larger_value_than_may_be_typed() -> None:
    assert Typed.from_text("0.0.0.0=-1000000") == Typed((0, 0, 0, 0), -1e6)
    assert Typed.from_text("0.0.0.0=1000000.5") is None
    assert Typed.from_text("0.0.0.0=-9999999") is None


def test_a_link_may_name_a_cell_that_the_tensor_lacks() -> None:
    typed = Typed.from_text("9.0.0.0=1.5")
    assert typed is not None
    assert not typed.fits(own_site(SHAPE, "1e-5"))


def sent(text: str, layer: str = "own", before: str = "") -> dict[str, object]:
    return {"layer": layer, "cell": list(CELL), "text": text, "before": before}


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        ({}, Typed((0, 0, 0, 0), 2.5)),  # the link's, until something is typed
        (sent("1", layer="conv1"), Typed((0, 0, 0, 0), 2.5)),
        (sent("7,5"), Typed(CELL, 7.5)),
        (sent(" "), None),  # taken back
        (sent("abc", before="0.1.0.0=-1"), Typed((0, 1, 0, 0), -1)),  # what there was before it
        (sent("abc", before="<script>"), None),
    ],
)
def test_what_is_typed_by_now_is_what_was_sent_last_if_it_is_a_value(
    answer: dict[str, object], typed: Typed | None
) -> None:
    assert by_now(own_site(SHAPE, "1e-5"), "own", CELL, "0.0.0.0=2.5", answer)[0] == typed


def test_what_was_wrong_is_said_at_its_cell_alone() -> None:
    site = own_site(SHAPE, "1e-5")
    assert by_now(site, "own", CELL, "", sent("abc"))[1].startswith("The value of the cell must be a number; got “abc”")
    assert by_now(site, "own", (0, 0, 0, 0), "", sent("abc"))[1] == ""
    assert by_now(site, "own", CELL, "", sent("2"))[1] == ""
