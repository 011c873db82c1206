"""A lesson as data: frozen, validated when it is made. What is wrong with one is for its author, and in English.

Lesson      a few steps
Step        settings, a prediction, a chart that decides, a check, and where the cause is seen; or, in place of settings
            and chart, what is computed at once
Experiment  what a step runs: one, or up to four one after another
Prediction  a choice, or a number on a slider
Pointer     a page, layer and step
"""

from __future__ import annotations

from dataclasses import dataclass

from core.cube.viewpoint import from_text
from core.experiment.arm import CONV_CHANNELS
from core.experiment.config import ExperimentConfig
from core.lessons.check import Check, Target, one_of, require
from core.lessons.demonstration import Demonstration
from core.lessons.demonstrations import DEMONSTRATIONS
from core.nets.lenet import EXTRA_CONVS
from core.runs.pace import is_look
from core.training.live_tests import is_due
from core.words.book import PARTS

MOST_EXPERIMENTS = 4
OF_LOOKS = ("gradient", "unit_spread", "gamma", "running_variance", "drift", "drift_after_norm")
CHARTS = ("loss", "test_loss", "accuracy", "batch_accuracy", *OF_LOOKS)
PAGES = ("train", "activations", "gradients", "parameters", "cube")


@dataclass(frozen=True, slots=True)
class Slider:
    """In the measure's own unit: shares for accuracies. `log`: equal ways are equal factors."""

    low: float
    high: float
    start: float
    log: bool = False

    def __post_init__(self) -> None:
        require(
            self.low < self.high and self.low <= self.start <= self.high,
            f"A slider goes from low to high and begins between; got {self.low:g}, {self.high:g} and {self.start:g}.",
        )
        require(not self.log or self.low > 0, f"A slider by factors begins above 0; got {self.low:g}. Leave out log.")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the cause is seen. `layer` and `at`, a number of steps, are the page's own where they are not given.

    `view` is what a link to the page Cube says.
    """

    page: str
    layer: str = ""
    at: int | None = None
    view: str = ""

    def __post_init__(self) -> None:
        one_of("A pointer's page", self.page, PAGES)
        require(not self.view or self.page == "cube", f"Only the page cube has a view; got {self.page}. Leave it.")
        problems = from_text(self.view)[1]
        require(not problems, f"The view of a pointer is what a link to the page Cube says: {' '.join(problems)}")


@dataclass(frozen=True, slots=True)
class Step:
    """`choices` are keys whose words the texts have; a slider in their place asks for a number.

    `explains` is the choice for which the texts say why: where the numbers say another one, they do not show it.
    A `demonstration` names what is computed at once; such a step has neither experiments nor a chart.
    """

    experiments: tuple[ExperimentConfig, ...]
    place: str
    choices: tuple[str, ...]
    explains: str
    slider: Slider | None
    chart: str
    chart_at: int | None
    chart_layer: str
    check: Check
    pointers: tuple[Pointer, ...]
    demonstration: str = ""

    def __post_init__(self) -> None:
        one_of("A step's place in the book", self.place, PARTS)
        require(bool(self.pointers), "A step points to where the cause is seen: a page, and maybe a layer and a step.")
        if self.demonstration:
            self._check_demonstration()
        else:
            self._check_experiments()
        self._check_prediction()

    @property
    def computes(self) -> Demonstration | None:
        return DEMONSTRATIONS[self.demonstration] if self.demonstration else None

    def _check_demonstration(self) -> None:
        one_of("A step's demonstration", self.demonstration, DEMONSTRATIONS)
        require(
            not self.experiments and not self.chart,
            "A step with a demonstration runs nothing and draws no chart; got experiments or a chart. Leave them.",
        )
        require(self.check.how.shown, f"{self.check.measure} is of runs, not of a demonstration. Use another measure.")
        for target in self.check.of:
            one_of(f"What {self.demonstration} reads", target.name, DEMONSTRATIONS[self.demonstration].readings)
        for pointer in self.pointers:
            require(
                not pointer.layer and pointer.at is None,
                f"A demonstration has no run in which layer or step could be shown; got {pointer.page}. Leave them.",
            )

    def _check_experiments(self) -> None:
        require(
            1 <= len(self.experiments) <= MOST_EXPERIMENTS,
            f"A step runs 1 to {MOST_EXPERIMENTS} experiments; got {len(self.experiments)}. More seeds are the lab's.",
        )
        one_of("A step's chart", self.chart, CHARTS)
        require(not self.check.how.shown, f"{self.check.measure} is of demonstrations, not of runs. Use another one.")
        for target in self.check.of:
            self._check_target(target)
        for pointer in self.pointers:
            self._check_layer(pointer.layer)
            self._check_look(0, pointer.at)
        if self.chart in OF_LOOKS:
            self._check_look(0, self.chart_at)
        self._check_layer(self.chart_layer)
        self._check_layer(self.check.where.layer)

    def _check_prediction(self) -> None:
        require(
            bool(self.choices) != (self.slider is not None), "A prediction is choices or a slider; got both or neither."
        )
        require(
            (self.slider is not None) == (self.check.kind == "number"),
            f"A slider goes with a check of kind “number”, choices with the others; got “{self.check.kind}”.",
        )
        require(
            self.slider is None or not self.explains,
            f"A slider has one explanation, of whatever the number is; got explains = “{self.explains}”. Leave it.",
        )
        if self.slider is None:
            missing = [answer for answer in self.check.outcomes if answer not in self.choices]
            require(
                not missing,
                f"What a check can answer is a choice; {', '.join(missing)} is none of {', '.join(self.choices)}.",
            )
            require(len(self.choices) >= 2, "A prediction has at least two choices; got one.")
            one_of("What a text explains", self.explains, self.check.outcomes)

    def _check_target(self, target: Target) -> None:
        count = len(self.experiments)
        require(
            target.experiment < count,
            f"{target.name} is in experiment {target.experiment + 1}, and the step has {count}. Name another.",
        )
        arms = [arm.name for arm in self.experiments[target.experiment].arms]
        require(target.arm in arms, f"The arms are {', '.join(arms)}; got {target.name}. Name one of them.")
        self._check_layer(target.layer)
        self._check_at(target.experiment, self.check.where.at)

    def _check_at(self, experiment: int, step: int | None) -> None:
        if self.check.how.looks:
            self._check_look(experiment, step)
        elif step is not None:
            due = is_due(self.experiments[experiment], step) and step <= self.experiments[experiment].total_steps
            require(due, f"The arms are not tested after {step} steps. Take the end of an epoch, or 0, 1, 2, 5 or 10.")

    def _check_look(self, experiment: int, step: int | None) -> None:
        total = self.experiments[experiment].total_steps
        require(
            step is None or (step <= total and is_look(step, total)),
            f"The networks are not looked at after {step} of {total} steps. Take 0, 1, 2, 5, 10, 20, 50, 100, 200, 500 "
            "or the end.",
        )

    def _check_layer(self, name: str) -> None:
        layers = layers_of(self.experiments[0])
        require(not name or name in layers, f"The layers are {', '.join(layers)}; got {name!r}. Name one of them.")


def layers_of(config: ExperimentConfig) -> tuple[str, ...]:
    """The names of the layers with weights, from the input on."""
    convolutions = len(CONV_CHANNELS) + EXTRA_CONVS[config.depth]
    linears = config.depth - convolutions
    return (*(f"conv{n}" for n in range(1, convolutions + 1)), *(f"fc{n}" for n in range(1, linears + 1)))


@dataclass(frozen=True, slots=True)
class Lesson:
    """`minutes` of machine time on two cores, measured by `python -m bench lessons`."""

    slug: str
    number: int
    minutes: float
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        require(self.number >= 1, f"Lessons are numbered from 1; got {self.number}.")
        require(self.minutes > 0, f"A lesson's minutes are measured, above 0; got {self.minutes:g}.")
        require(1 <= len(self.steps) <= 6, f"A lesson has 1 to 6 steps; got {len(self.steps)}. Make two of it.")
