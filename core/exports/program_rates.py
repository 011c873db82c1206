"""The learning rates in an experiment's program: a schedule, and what was set by hand.

rates_words  what is said of them, and of weight decay
rates_code   what stands before the loop, and before each mini-batch
"""

from __future__ import annotations

from textwrap import dedent, indent

from core.experiment.config import CONSTANT, COSINE, STEP, ExperimentConfig
from core.language.speech import _


def rates_words(config: ExperimentConfig) -> list[str]:
    """Empty where there is no weight decay and the learning rate is constant."""
    says = []
    if config.weight_decay:
        says.append(_("WEIGHT_DECAY times each parameter (γ, β, biases, too) is added to its gradient."))
    if config.schedule == STEP:
        says.append(_("The learning rate falls stepwise: times STEP_FACTOR after every STEP_EPOCHS epochs."))
    if config.schedule == COSINE:
        says.append(_("The learning rate falls along half a cosine wave, to 0 after the last mini-batch."))
    return says


def rates_code(config: ExperimentConfig, start: str, has_changes: bool) -> tuple[str, str]:
    """`start` is the expression of the learning rate that network `name` begins with.

    A rate that was set by hand ends the schedule.
    """
    has_own = any(arm.learning_rate is not None for arm in config.arms)
    if config.schedule == CONSTANT:
        followers = "[name for name in nets if name not in OWN_LEARNING_RATES]" if has_own else "nets"
        return "", _CHANGE.replace("FOLLOWERS", followers) if has_changes else ""
    before, share = _SHARES[config.schedule]
    each = _FOR_EACH.replace("START", start)
    if not has_changes:
        return before.format(config=config), share + each.replace("# BY HAND\n", "")
    follows = "by_hand is not None and name not in OWN_LEARNING_RATES" if has_own else "by_hand is not None"
    by_hand = indent(f"if {follows}:\n    rate = by_hand\n", " " * 4)
    share += "by_hand = NEW_LEARNING_RATES.get(step, by_hand)\n"
    return before.format(config=config) + "by_hand = None\n", share + each.replace("# BY HAND\n", by_hand)


_FOR_EACH = dedent("""
    for name in nets:
        rate = share * START
    # BY HAND
        optimizers[name].param_groups[0]["lr"] = rate
    """).lstrip()

_CHANGE = dedent("""
    if step in NEW_LEARNING_RATES:
        for name in FOLLOWERS:
            optimizers[name].param_groups[0]["lr"] = NEW_LEARNING_RATES[step]
    """).lstrip()

# Before the loop, and in it: the share of the first learning rate that a mini-batch has.
_SHARES = {
    STEP: (
        "STEP_EPOCHS, STEP_FACTOR = {config.step_epochs}, {config.step_factor!r}\n",
        "share = STEP_FACTOR ** ((epoch - 1) // STEP_EPOCHS)\n",
    ),
    COSINE: (
        "steps = EPOCHS * len(range(0, used, BATCH_SIZE))\n",
        "share = 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))\n",
    ),
}
