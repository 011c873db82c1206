"""Below the cube: exercises with the axes wrong, and how the mean of a small batch scatters."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.cube.mistakes import EXERCISES, Mistake, answers
from core.cube.naming import Norming
from core.cube.noise import Noise, mean_noise
from core.cube.picture import choose, picture
from core.cube.sites import Site
from core.experiment.arm import NORM_TITLES, Norm
from core.language.message import Message
from core.language.speech import _
from core.training.rows import RowsTrained, compare_rows
from pages.parts import language, session
from pages.parts.terms import explained

Draw = Callable[[dict[str, Any], str], None]
EXERCISE_KEY = "normscope_cube_exercise"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
HALVES = Message(
    "The batches are drawn at random, so examples are independent: four times as many halve the scatter, 1/√N."
)
NOISE_CAPTIONS = {
    "NCHW": Message(
        "{halves} The values of one image need not be independent, so a map of H·W pixels need not help as much "
        "as H·W examples would; the last column is what it would be if they were.",
        {"halves": HALVES},
    ),
    "ND": Message("{halves} Each example gives one value of each feature.", {"halves": HALVES}),
}


@language.fragment
def show(sites: Mapping[str, Site], site: Site, example: Mapping[str, Site], draw: Draw) -> None:
    """Three tabs; `site` is the layer in view with all its examples, `example` has what `sites` lack."""
    exercises, batches, sequences = st.tabs([_("Spot the wrong axes"), _("Small batches"), _("Sequences")])
    with exercises:
        _exercise(lambda name: sites[name] if name in sites else example[name], draw)
    with batches:
        _small_batches(site)
    with sequences:
        _sequences()


def _exercise(find: Callable[[str], Site], draw: Draw) -> None:
    titles = {exercise.title: exercise for exercise in EXERCISES}
    told = {"placeholder": _("Choose an option"), "width": 420}
    chosen_title = _pick(st.selectbox, "exercise", _("Exercise"), list(titles), 0, **told)
    mistake = titles[chosen_title or EXERCISES[0].title]
    axes = ", ".join(mistake.layout)
    told = _("X is [{axes}]. For {norm}, somebody writes:", axes=axes, norm=NORM_TITLES[mistake.norm])
    explained(told, "averaging-axes")
    st.html(f"<pre class=cube-code><code>{html.escape(mistake.code)}</code></pre>")
    offered = answers(mistake)
    chosen = _pick(st.radio, f"answer_{mistake.title.key}", _("Which cells share one mean?"), list(offered), None)
    if chosen is None:
        return
    if offered[chosen]:
        st.success(_("Yes. {why}", why=mistake.why), icon=":material/check:")
    else:
        st.error(_("Not in this code: look at dim= and at what the axes are."), icon=":material/close:")
    if offered[chosen] and mistake.does:
        _compare(find(mistake.tensor), mistake, draw)


def _pick(
    field: Callable[..., int | None],
    name: str,
    label: str,
    options: Sequence[Message],
    first: int | None,
    **how: Any,
) -> Message | None:
    """The option chosen. A field knows its options by their words, so every language has one, with what was chosen."""
    picked, told = session.visitor().picked, [str(option) for option in options]
    last = picked.get(name)
    nth = field(
        label,
        range(len(options)),
        index=options.index(last) if last in options else first,
        format_func=lambda nth: told[nth],
        key=language.key_here(f"cube_{name}"),
        **how,
    )
    if nth is None:
        return None
    picked[name] = options[nth]
    return options[nth]


def _compare(site: Site, mistake: Mistake, draw: Draw) -> None:
    assert mistake.does is not None
    shown = choose(site.shape)
    normings = [Norming.of(rule) for rule in (mistake.does, mistake.meant)]
    left, right = st.columns(2, gap="medium")
    left.markdown(_("**As written**"))
    right.markdown(_("**As meant**"))
    picked = tuple(session.answer(EXERCISE_KEY).get("cell") or ())
    cell = shown.nearest(picked) if len(picked) == len(site.shape) else shown.middle()
    draw(picture(site, normings, shown, cell, "normalized") | {"view": "grid"}, EXERCISE_KEY)


def _small_batches(site: Site) -> None:
    if site.layout == "NTD":
        st.markdown(_("Choose the output of a convolution or of a linear layer."))
        return
    about = _(
        "**How far the mean of a batch lies from the mean of all**, for {layer}: the scatter over 300 batches "
        "drawn from these examples, in standard deviations of the values. LayerNorm's mean of an example does not "
        "depend on the batch at all: its scatter is 0.",
        layer=site.name,
    )
    explained(about, "batch-noise")
    st.html(_noise_table(mean_noise(site, BATCHES)))
    st.caption(str(NOISE_CAPTIONS[site.layout]))


def _sequences() -> None:
    about = _(
        "A recurrent net normalizes at every time step. **LayerNorm**'s mean there is over the D features of one "
        "example: neither the batch nor the length plays a part. **BatchNorm**'s is over the examples that are that "
        "long: choose **gru** above, pick a late step, and see how few they are."
    )
    explained(about, "layer-norm")
    if st.toggle(_("Train a small GRU that reads digits row by row, with LayerNorm and without"), key="cube_rows"):
        with st.spinner(_("Some seconds, once …")):
            rows = compare_rows()
        st.html(_rows_table(rows))
        how = _(
            "Same weights, same batches, plain SGD at learning rate 0.5, gradients clipped to norm 1, 1,024 images, "
            "tested on {images}, one seed. Other settings differ: python -m core sequence --help.",
            images=rows[0].test_images,
        )
        st.caption(how)


def _rows_table(rows: tuple[RowsTrained, ...]) -> str:
    names = {True: NORM_TITLES[Norm.LN], False: _("no norm")}
    cells = "".join(
        f"<tr><th scope=row>{names[row.layer_norm]}</th><td>{row.epoch}</td>"
        f"<td>{row.train_loss:.3f}</td><td>{row.test_accuracy:.1%}</td></tr>"
        for row in rows
    )
    head = _heads("", _("epoch"), _("mean training loss"), _("test accuracy"))
    return f"{_NOISE_STYLE}<table class=cube-noise><tr>{head}</tr>{cells}</table>"


def _noise_table(rows: list[Noise]) -> str:
    largest = max(row.measured for row in rows) or 1
    cells = "".join(
        f"<tr><th scope=row>{row.batch}</th><td>{row.measured:.3f}</td>"
        f"<td class=cube-bar><i style='width:calc(100% * {row.measured:.4f} / {largest:.4f})'></i></td>"
        f"<td>{row.independent_examples:.3f}</td><td>{row.independent_values:.3f}</td></tr>"
        for row in rows
    )
    head = _heads("N", _("measured"), "", _("1/√N of one example's"), _("if all values were independent"))
    return f"{_NOISE_STYLE}<table class=cube-noise><tr>{head}</tr>{cells}</table>"


def _heads(*words: str) -> str:
    return "".join(f"<th>{each}</th>" for each in words)


_NOISE_STYLE = """<style>
.cube-noise { width: 100%; max-width: 860px; font-variant-numeric: tabular-nums; font-size: 15px; }
.cube-noise th, .cube-noise td { text-align: right; padding: 2px 12px 2px 0; border: 0; }
.cube-noise .cube-bar { width: 40%; }
.cube-noise i { display: block; height: 12px; background: #0072B2; border-radius: 2px; min-width: 2px; }
</style>"""
