"""What the length of a sequence does to each norm, in the cube."""

import torch

from core.cube.axes import Rule, rule_for
from core.cube.naming import Norming
from core.cube.picture import choose, picture, statistics
from core.cube.reading import read
from core.cube.row_site import row_site
from core.experiment.arm import Norm
from core.nets.gru import HIDDEN


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
