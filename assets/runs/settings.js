// The settings of runs in short words: alone ("lr 0.5"), and how they changed from one run to another ("lr 0.5 → 0.05").

import { _ } from "../shared/language.js";
import { enumerated } from "../shared/lists.js";
import { dataName } from "../shared/origin.js";
import { number } from "../shared/web.js";

// In the order in which they are told.
export const SETTINGS = ["data", "arms", "learning_rate", "batch_size", "epochs", "optimizer", "momentum", "weight_decay", "schedule", "step_epochs", "step_factor", "activation", "init", "depth", "pool", "dropout",
  "examples", "drop_last", "seed"];

// As the form calls them.
export const labelOf = (setting) => ({
  data: _("Images"), arms: _("Arms"), learning_rate: _("Learning rate"), batch_size: _("Batch size"), epochs: _("Epochs"), optimizer: _("Optimizer"),
  momentum: _("Momentum (SGD)"), weight_decay: _("Weight decay"), schedule: _("Learning-rate schedule"), step_epochs: _("Epochs a stage"),
  step_factor: _("Factor a stage"), activation: _("Activation"), init: _("Initial weights"), depth: _("Layers with weights"), pool: _("Pooling"),
  dropout: _("Dropout on linear layers"), examples: _("Training images"), drop_last: _("Last short batch"), seed: _("Seed"),
})[setting];

// A value as it is written, whatever stands around it.
export function valueOf(setting, value) {
  if (setting === "data") return dataName(value);
  if (setting === "arms") return enumerated(value);
  if (setting === "drop_last") return value ? _("dropped") : _("kept");
  if (setting === "init") return { xavier: "Xavier", he: "He", default: _("PyTorch’s default"), normal: "N(0, 0.01)" }[value] ?? value;
  if (setting === "schedule") return { constant: _("constant"), step: _("stepwise"), cosine: _("cosine") }[value] ?? value;
  return setting === "examples" || setting === "batch_size" ? number(value) : String(value).replaceAll("-", "−");
}

export const told = (setting, value) => phrase(setting, valueOf(setting, value));

export const changed = (setting, before, after) => phrase(setting, `${valueOf(setting, before)} → ${valueOf(setting, after)}`);

const PHRASES = {
  learning_rate: (value) => _("lr {rates}", { rates: value }),
  batch_size: (value) => _("batch {size}", { size: value }),
  epochs: (value) => _("epochs {value}", { value }),
  optimizer: (value) => _("optimizer {optimizer}", { optimizer: value }),
  momentum: (value) => _("momentum {momentum}", { momentum: value }),
  weight_decay: (value) => _("weight decay {decay}", { decay: value }),
  schedule: (value) => _("lr schedule {schedule}", { schedule: value }),
  step_epochs: (value) => _("epochs a stage {value}", { value }),
  step_factor: (value) => _("factor a stage {value}", { value }),
  init: (value) => _("{init} weights", { init: value }),
  depth: (value) => _("depth {depth}", { depth: value }),
  pool: (value) => _("pool {pool}", { pool: value }),
  dropout: (value) => _("dropout {dropout}", { dropout: value }),
  examples: (value) => _("{value} images", { value }),
  drop_last: (value) => _("last short batch {value}", { value }),
  seed: (value) => _("seed {seed}", { seed: value }),
};
const phrase = (setting, value) => PHRASES[setting]?.(value) ?? value;

// Stages change nothing where the rate has none, nor momentum where the optimizer is Adam.
export function isUsed(setting, { schedule, optimizer }) {
  if (setting.startsWith("step_")) return schedule === "step";
  return setting !== "momentum" || optimizer !== "adam";
}

// Of a run, in words, as far as they change something in it.
export const toldOf = ({ settings }, names) => names.filter((name) => isUsed(name, settings)).map((name) => told(name, settings[name]));

// The settings in which not all of these runs are alike, of those that use them.
export function differing(runs) {
  const values = (name) => runs.flatMap(({ settings }) => (isUsed(name, settings) ? JSON.stringify(settings[name]) : []));
  return SETTINGS.filter((name) => new Set(values(name)).size > 1);
}
