"""An experiment as a plain PyTorch program that needs nothing of this project, in sections: words, then code.

program  the sections of an experiment's program; script and notebook write them down
Section  some words, and the code that they are about
CHAPTER  the book's section on batch normalization, by language

The program is written to be read: torch.nn's own layers where core.nets has faster ones, the norms' formulas where
PyTorch has no class. A test runs it and compares its losses with this project's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import dedent, indent
from urllib.parse import urlencode

from core.experiment.config import CONSTANT, ExperimentConfig
from core.experiment.links import to_query
from core.exports.program_data import images_code, images_words, quoted
from core.exports.program_nets import arms_code, arms_words, has_dropout, network_code, network_words, norms_sections
from core.exports.program_rates import rates_code, rates_words
from core.exports.program_results import results_words
from core.language.languages import QUERY_KEY
from core.language.lists import joined
from core.language.speech import _, spoken
from core.training.records import LearningRateChanged, Record

CHAPTER = {
    "en": "https://d2l.ai/chapter_convolutional-modern/batch-norm.html",
    "zh": "https://zh.d2l.ai/chapter_convolutional-modern/batch-norm.html",
}


@dataclass(frozen=True, slots=True)
class Section:
    """`says` are paragraphs of plain text; `code` is "" where there is nothing to run."""

    title: str
    says: tuple[str, ...]
    code: str


def program(config: ExperimentConfig, facts: Iterable[Record] = ()) -> list[Section]:
    """The program of `config` with what was done to its run, as `facts` tell it, in the language spoken here."""
    facts = list(facts)
    changes = {record.step: record.new for record in facts if isinstance(record, LearningRateChanged)}
    told = [Section(title, (words,), code) for title, words, code in norms_sections(config)]
    sections = [
        Section(_("One experiment of NormScope, in plain PyTorch"), _about(config), _settings(config, changes)),
        Section(_("The images"), images_words(config), images_code(config)),
        *told,
        Section(_("The network"), network_words(config), network_code(config)),
        Section(_("The networks that are compared"), arms_words(config), arms_code(config)),
        Section(
            _("The test images"), (_("In evaluation mode, so that batch norm takes its running statistics."),), _TEST
        ),
        Section(_("Training"), _about_training(config, changes), _training(config, bool(changes))),
    ]
    results = results_words(config, facts)
    return [*sections, Section(_("What NormScope measured"), results, "")] if results else sections


def _about(config: ExperimentConfig) -> tuple[str, ...]:
    names = joined(arm.name for arm in config.arms)
    link = urlencode(to_query(config) | {QUERY_KEY: spoken()}, safe=",:/")
    needs = (
        _("Needs torch, and scikit-learn, which brings the digits.")
        if config.data == "digits"
        else _(
            "Needs torch, and the four .gz files of the images in --data-root or NORMSCOPE_DATA; with --download, "
            "torchvision fetches them."
        )
    )
    return (
        _(
            "The same LeNet from the same initial weights on the same mini-batches, once for each of: {arms}.",
            arms=names,
        ),
        needs,
        _("The section of the book that it belongs to: {address}", address=CHAPTER[spoken()]),
        _("The same experiment in NormScope: put this behind its address: ?{link}", link=link),
    )


def _settings(config: ExperimentConfig, changes: dict[int, float]) -> str:
    modules = ["argparse", "math", "os", "sys", "from collections import OrderedDict", "from pathlib import Path"]
    modules += ["hashlib"] * (has_dropout(config) or config.data != "digits")
    modules += ["gzip"] * (config.data != "digits")
    names = sorted(name for name in modules if " " not in name)
    if config.data == "digits":
        modules = [name for name in modules if "Path" not in name]
        names.remove("os")
    imports = [f"import {name}" for name in names] + sorted(name for name in modules if " " in name)
    own = {arm.name: arm.learning_rate for arm in config.arms if arm.learning_rate is not None}
    lines = [
        *imports,
        "",
        "import torch",
        "from torch import nn",
        "from torch.nn import functional as F",
        "",
        f"EXAMPLES, BATCH_SIZE, DROP_LAST = {config.examples}, {config.batch_size}, {config.drop_last}",
        f"EPOCHS, SEED = {config.epochs}, {config.seed}",
        f"LEARNING_RATE = {config.learning_rate!r}",
    ]
    if config.weight_decay:
        lines.append(f"WEIGHT_DECAY = {config.weight_decay!r}")
    if own:
        pairs = ", ".join(f"{quoted(name)}: {rate!r}" for name, rate in own.items())
        lines.append(f"OWN_LEARNING_RATES = {{{pairs}}}")
    if changes:
        lines.append(f"NEW_LEARNING_RATES = {dict(sorted(changes.items()))!r}")
    return "\n".join([*lines, "", _arguments(config)])


def _arguments(config: ExperimentConfig) -> str:
    """The flags; a notebook's own are not for the program."""
    lines = ["parser = argparse.ArgumentParser()"]
    if config.data == "digits":
        unused = _("not needed: the digits come with scikit-learn")
        lines += [f'parser.add_argument("--data-root", help={quoted(unused)})']
        lines += [f'parser.add_argument("--download", action="store_true", help={quoted(unused)})']
    else:
        root, fetch = _("the folder of the images"), _("fetch the images that are missing there")
        lines += [
            f'parser.add_argument("--data-root", default=os.environ.get("{_VARIABLE}") or "data", help={quoted(root)})',
            f'parser.add_argument("--download", action="store_true", help={quoted(fetch)})',
        ]
    device = _("where to compute: cpu, cuda, mps")
    lines += [f'parser.add_argument("--device", default="cpu", help={quoted(device)})']
    flags = _("in a notebook flags go between [ and ]")
    lines += [f'args = parser.parse_args([] if "ipykernel" in sys.modules else None)  # {flags}']
    threads = f"torch.set_num_threads(1)  # {_('sums have another order on more threads, and other roundings')}"
    refused = _("--device must be one that PyTorch finds here; got {args.device}. Leave it out to use cpu.")
    return "\n".join([*lines, "", _DEVICE.replace("REFUSED", f"f{quoted(refused)}"), threads])


_DEVICE = dedent("""
    try:
        device = torch.device(args.device)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError):
        parser.error(REFUSED)
    """).strip()

_VARIABLE = "NORMSCOPE_DATA"

_TEST = dedent("""
    @torch.no_grad()
    def evaluate(net):
        net.eval()
        loss = correct = 0.0
        for X, y in zip(test_images.split(1000), test_labels.split(1000)):
            logits = net(X.float() / 255)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            correct += (logits.argmax(1) == y).sum().item()
        net.train()
        return loss / len(test_labels), correct / len(test_labels)
    """).strip()


def _about_training(config: ExperimentConfig, changes: dict[int, float]) -> tuple[str, ...]:
    says = [
        _(
            "All networks take the same mini-batches in turn, in an order that is drawn anew for each epoch. A network "
            "whose loss is not finite any more ends there; the others go on."
        )
    ]
    says += rates_words(config)
    if changes:
        says.append(_("The learning rate was changed by hand while the run went on: from a step on, to a new one."))
    own = [arm.name for arm in config.arms if arm.learning_rate is not None]
    if changes and config.schedule != CONSTANT:
        says.append(_ended(own))
    elif changes and own:
        says.append(_("{arms} kept the learning rate of their own.", arms=joined(own)))
    says.append(_("Printed is the loss of each of the first 50 mini-batches, and later of every 50th."))
    return tuple(says)


def _ended(own: list[str]) -> str:
    if not own:
        return _("What was set by hand ends the schedule.")
    return _(
        "What was set by hand ends the schedule, but for networks with a learning rate of their own ({arms}), which "
        "keep to it from there.",
        arms=joined(own),
    )


def _training(config: ExperimentConfig, has_changes: bool) -> str:
    own = any(arm.learning_rate is not None for arm in config.arms)
    start = "OWN_LEARNING_RATES.get(name, LEARNING_RATE)" if own else "LEARNING_RATE"
    rate = "rate" if own else start  # which has a line of its own where it is long
    momentum = f", momentum={config.momentum!r}" if config.momentum else ""
    decay = ", weight_decay=WEIGHT_DECAY" if config.weight_decay else ""
    optimizer = f"torch.optim.Adam(net.parameters(), lr={rate}{decay})"
    if config.optimizer == "sgd":
        optimizer = f"torch.optim.SGD(net.parameters(), lr={rate}{momentum}{decay})"
    lost = quoted(_("{name}: the loss is not finite at step {step}"))
    before, change = rates_code(config, start, has_changes)
    loop = _LOOP.replace("# BEFORE\n", before).replace("# CHANGE\n", indent(change, " " * 8))
    each = [f"rate = {start}"] * own + [f"optimizers[name] = {optimizer}"]
    lines = ["optimizers = {}", "for name, net in nets.items():", *(f"    {line}" for line in each)]
    return "\n".join([*lines, loop.replace("LOST", f"f{lost}")])


_LOOP = dedent("""
    order_of_images = torch.Generator().manual_seed(SEED)
    used = EXAMPLES // BATCH_SIZE * BATCH_SIZE if DROP_LAST else EXAMPLES
    alive, step = list(nets), 0
    # BEFORE
    for epoch in range(1, EPOCHS + 1):
        order = torch.randperm(EXAMPLES, generator=order_of_images)[:used].to(device)
        for rows in order.split(BATCH_SIZE):
            step += 1
    # CHANGE
            X, y = train_images[rows].float() / 255, train_labels[rows]
            losses = {}
            for name in list(alive):
                loss = F.cross_entropy(nets[name](X), y)
                if not math.isfinite(loss.item()):
                    alive.remove(name)
                    print(LOST)
                    continue
                optimizers[name].zero_grad()
                loss.backward()
                optimizers[name].step()
                losses[name] = loss.item()
            if not alive:
                break
            if step <= 50 or step % 50 == 0:
                print(f"step {step}", *(f"{name} {loss:.8g}" for name, loss in losses.items()), sep="\\t")
        for name in alive:
            test_loss, test_accuracy = evaluate(nets[name])
            print(f"epoch {epoch}", name, f"test loss {test_loss:.4f}", f"test accuracy {test_accuracy:.4f}", sep="\\t")
        if not alive:
            break
    """).strip()
