import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cube.viewpoint import (
    EPS_CHOICES,
    LIT_CHOICES,
    NORM_CHOICES,
    STAGE_CHOICES,
    WALK_CHOICES,
    Viewpoint,
    from_text,
)

viewpoints = st.builds(
    Viewpoint,
    network=st.sampled_from(["", "bn", "gn1/none", "bn:book:dropout=0.5", "none:lr=1e-05", "example"]),
    step=st.none() | st.integers(0, 10**6),
    tensor=st.sampled_from(["conv1", "conv2", "fc1", "gru", "own"]),
    left=st.sampled_from(NORM_CHOICES),
    right=st.sampled_from(NORM_CHOICES),
    groups=st.integers(1, 120),
    axes=st.sets(st.sampled_from("NCHWTD"), max_size=4).map("".join),
    cell=st.lists(st.integers(0, 999), min_size=2, max_size=4).map(tuple),
    stage=st.sampled_from(STAGE_CHOICES),
    view=st.sampled_from(["", "cube", "grid"]),
    lit=st.sampled_from(LIT_CHOICES),
    walk=st.sampled_from(WALK_CHOICES),
    shape=st.lists(st.integers(1, 12), min_size=4, max_size=4).map(tuple),
    eps=st.sampled_from(EPS_CHOICES),
    typed=st.sampled_from(["", "0.1.2.3=4.5", "3.16=-2", "0.0.0=1000000"]),
    batch=st.integers(0, 1024),
    running=st.booleans(),
)


@given(viewpoints)
def test_a_link_leads_back_to_the_same_picture(viewpoint):
    assert from_text(viewpoint.to_text()) == (viewpoint, [])


def test_the_first_picture_needs_no_words():
    assert Viewpoint().to_text() == ""
    assert Viewpoint(left="gn", groups=3, cell=(0, 2, 14, 8)).to_text() == "left:gn,groups:3,cell:0.2.14.8"


@pytest.mark.parametrize(
    "text",
    [
        "left:none",
        "colour:red",
        "cell:1.2.x",
        "batch:0",
        "stage:",
        "left",
        "axes:XY",
        "<b>:1",
        "step:-1",
        "lit:two",
        "eps:0",
        "typed:0.1=x",
        "shape:4.6",
        "walk:on",
    ],
)
def test_what_a_link_cannot_mean_is_reported_and_ignored(text):
    viewpoint, problems = from_text(f"{text},groups:3")
    assert viewpoint == Viewpoint(groups=3)
    assert len(problems) == 1
    assert "was ignored" in problems[0]


@given(st.text())
def test_no_link_makes_it_raise(text):
    from_text(text)
