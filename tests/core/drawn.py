"""Arms and experiments as hypothesis draws them: any that can be run."""

from __future__ import annotations

from hypothesis import strategies as st

from core.experiment.arm import ArmConfig, Norm
from core.experiment.config import ACTIVATIONS, DATASETS, DEPTHS, INITS, OPTIMIZERS, POOLS, SCHEDULES, ExperimentConfig

SHARES = st.just(0.0) | st.floats(2.0**-126, 1 - 2.0**-24)
RATES = st.floats(2.0**-126, 3e37)


@st.composite
def valid_arms(draw: st.DrawFn) -> ArmConfig:
    conv = draw(st.sampled_from(Norm))
    fc = draw(st.sampled_from([norm for norm in Norm if norm is not Norm.IN]))
    return ArmConfig(
        conv,
        fc,
        groups=draw(st.sampled_from([1, 2])) if Norm.GN in (conv, fc) else 2,
        book=draw(st.booleans()) and Norm.BN in (conv, fc),
        dropout=draw(st.none() | SHARES),
        learning_rate=draw(st.none() | RATES),
    )


@st.composite
def valid_configs(draw: st.DrawFn) -> ExperimentConfig:
    data = draw(st.sampled_from(list(DATASETS)))
    examples = draw(st.integers(2, DATASETS[data][0]))
    return ExperimentConfig(
        data=data,
        examples=examples,
        batch_size=draw(st.integers(2, min(1024, examples))),
        drop_last=True,
        arms=tuple(draw(st.lists(valid_arms(), min_size=1, max_size=6, unique_by=lambda arm: arm.name))),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        pool=draw(st.sampled_from(POOLS)),
        init=draw(st.sampled_from(INITS)),
        depth=draw(st.sampled_from(DEPTHS)),
        dropout=draw(SHARES),
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        learning_rate=draw(RATES),
        momentum=draw(SHARES),
        weight_decay=draw(st.just(0.0) | RATES),
        schedule=draw(st.sampled_from(SCHEDULES)),
        step_epochs=draw(st.integers(1, 1000)),
        step_factor=draw(st.floats(2.0**-126, 1 - 2.0**-24)),
        epochs=draw(st.integers(1, 1000)),
        seed=draw(st.integers(0, 2**32 - 1)),
    )
