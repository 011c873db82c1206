"""Below the cube: exercises with the axes wrong, and how the mean of a small batch scatters."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.cube.mistakes import EXERCISES, Mistake, answers
from core.cube.naming import Norming
from core.cube.noise import Noise, mean_noise
from core.cube.picture import choose, picture
from core.cube.sites import Site
from core.experiment.arm import NORM_TITLES
from core.training.rows import RowsTrained, compare_rows
from pages.parts import language, session

Draw = Callable[[dict[str, Any], str], None]
EXERCISE_KEY = "normscope_cube_exercise"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
HALVES = "The batches are drawn at random, so examples are independent: four times as many halve the scatter, 1/√N."
NOISE_CAPTIONS = {
    "NCHW": f"{HALVES} The values of one image need not be independent, so a map of H·W pixels need not help as much "
    "as H·W examples would; the last column is what it would be if they were.",
    "ND": f"{HALVES} Each example gives one value of each feature.",
}


@language.fragment
def show(sites: Mapping[str, Site], site: Site, example: Mapping[str, Site], draw: Draw) -> None:
    """Three tabs; `site` is the layer in view with all its examples, `example` has what `sites` lack."""
    exercises, batches, sequences = st.tabs(["Spot the wrong axes", "Small batches", "Sequences"])
    with exercises:
        _exercise(lambda name: sites[name] if name in sites else example[name], draw)
    with batches:
        _small_batches(site)
    with sequences:
        _sequences()


def _exercise(find: Callable[[str], Site], draw: Draw) -> None:
    titles = {exercise.title: exercise for exercise in EXERCISES}
    mistake = titles[st.selectbox("Exercise", list(titles), key="cube_exercise", width=420)]
    axes = ", ".join(mistake.layout)
    st.markdown(f"X is [{axes}]. For {NORM_TITLES[mistake.norm]}, somebody writes:")
    st.html(f"<pre class=cube-code><code>{html.escape(mistake.code)}</code></pre>")
    offered = answers(mistake)
    chosen = st.radio("Which cells share one mean?", list(offered), index=None, key=f"cube_answer_{mistake.title}")
    if chosen is None:
        return
    if offered[chosen]:
        st.success(f"Yes. {mistake.why}", icon=":material/check:")
    else:
        st.error("Not in this code: look at dim= and at what the axes are.", icon=":material/close:")
    if offered[chosen] and mistake.does:
        _compare(find(mistake.tensor), mistake, draw)


def _compare(site: Site, mistake: Mistake, draw: Draw) -> None:
    assert mistake.does is not None
    shown = choose(site.shape)
    normings = [Norming.of(rule) for rule in (mistake.does, mistake.meant)]
    left, right = st.columns(2, gap="medium")
    left.markdown("**As written**")
    right.markdown("**As meant**")
    picked = tuple(session.answer(EXERCISE_KEY).get("cell") or ())
    cell = shown.nearest(picked) if len(picked) == len(site.shape) else shown.middle()
    draw(picture(site, normings, shown, cell, "normalized") | {"view": "grid"}, EXERCISE_KEY)


def _small_batches(site: Site) -> None:
    if site.layout == "NTD":
        st.markdown("Choose the output of a convolution or of a linear layer.")
        return
    st.markdown(
        f"**How far the mean of a batch lies from the mean of all**, for {site.name}: the scatter over 300 batches "
        "drawn from these examples, in standard deviations of the values. LayerNorm's mean of an example does not "
        "depend on the batch at all: its scatter is 0."
    )
    st.html(_noise_table(mean_noise(site, BATCHES)))
    st.caption(NOISE_CAPTIONS[site.layout])


def _sequences() -> None:
    st.markdown(
        "A recurrent net normalizes at every time step. **LayerNorm**'s mean there is over the D features of one "
        "example: neither the batch nor the length plays a part. **BatchNorm**'s is over the examples that are that "
        "long: choose **gru** above, pick a late step, and see how few they are."
    )
    if st.toggle("Train a small GRU that reads digits row by row, with LayerNorm and without", key="cube_rows"):
        with st.spinner("Some seconds, once …"):
            rows = compare_rows()
        st.html(_rows_table(rows))
        st.caption(
            "Same weights, same batches, plain SGD at learning rate 0.5, gradients clipped to norm 1, 1,024 images, "
            f"tested on {rows[0].test_images}, one seed. Other settings differ: python -m core sequence --help."
        )


def _rows_table(rows: tuple[RowsTrained, ...]) -> str:
    cells = "".join(
        f"<tr><th scope=row>{'LayerNorm' if row.layer_norm else 'no norm'}</th><td>{row.epoch}</td>"
        f"<td>{row.train_loss:.3f}</td><td>{row.test_accuracy:.1%}</td></tr>"
        for row in rows
    )
    head = "<th></th><th>epoch</th><th>mean training loss</th><th>test accuracy</th>"
    return f"{_NOISE_STYLE}<table class=cube-noise><tr>{head}</tr>{cells}</table>"


def _noise_table(rows: list[Noise]) -> str:
    largest = max(row.measured for row in rows) or 1
    cells = "".join(
        f"<tr><th scope=row>{row.batch}</th><td>{row.measured:.3f}</td>"
        f"<td class=cube-bar><i style='width:calc(100% * {row.measured:.4f} / {largest:.4f})'></i></td>"
        f"<td>{row.independent_examples:.3f}</td><td>{row.independent_values:.3f}</td></tr>"
        for row in rows
    )
    head = "<th>N</th><th>measured</th><th></th><th>1/√N of one example's</th><th>if all values were independent</th>"
    return f"{_NOISE_STYLE}<table class=cube-noise><tr>{head}</tr>{cells}</table>"


_NOISE_STYLE = """<style>
.cube-noise { width: 100%; max-width: 860px; font-variant-numeric: tabular-nums; font-size: 15px; }
.cube-noise th, .cube-noise td { text-align: right; padding: 2px 12px 2px 0; border: 0; }
.cube-noise .cube-bar { width: 40%; }
.cube-noise i { display: block; height: 12px; background: #0072B2; border-radius: 2px; min-width: 2px; }
</style>"""
