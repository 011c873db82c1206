// The records of one run, as columns ready to be drawn. Knows nothing of the page.

import { _ } from "../shared/language.js";

const column = () => ({ step: [], epoch: [], seconds: [], loss: [], accuracy: [], examples: [] });

export class Series {
  constructor() {
    this.latest = 0;
    this.arms = new Map(); // name -> {name, norm, title, ..., train, test, batch, diverged}
    this.started = null;
    this.replaced = null;
    this.arriving = null;
    this.message = "";
    this.next = ""; // the run that was begun in its place
    this.status = "";
    this.hides = true; // arms, until the server has told
    this.rates = []; // learning-rate changes by hand
    this.falls = []; // and by a schedule, {step, old, new}: all, whenever they are told
  }

  add(records, falls = this.falls, hidden = Number(this.hides)) {
    this.falls = falls;
    this.hides = hidden > 0;
    for (const record of records) {
      if (record.seq <= this.latest) continue; // told twice
      this.latest = record.seq;
      this[TAKE[record.kind]]?.(record);
    }
  }

  takeStarted(record) {
    this.started = record;
    this.arriving = null;
    for (const arm of record.arms) {
      this.arms.set(arm.name, { ...arm, train: column(), test: column(), batch: column(), diverged: null });
    }
  }

  takeTrain(record) {
    for (const [name, loss] of Object.entries(record.loss)) {
      const arm = this.arms.get(name);
      push(arm.train, record, name, loss, record.accuracy[name], record.examples[name]);
      arm.averaged = record.steps; // so many mini-batches are in the newest point
    }
  }

  takeTest(record) {
    for (const [name, loss] of Object.entries(record.loss)) {
      const arm = this.arms.get(name);
      push(arm.test, record, name, loss, record.accuracy[name], record.examples);
      if (name in record.batch_loss) {
        push(arm.batch, record, name, record.batch_loss[name], record.batch_accuracy[name], record.examples);
      }
    }
  }

  takeDiverged(record) {
    this.arms.get(record.arm).diverged = record;
  }

  takeFailed(record) {
    this.arms.get(record.arm).diverged = record; // it ends its lines as a divergence does, under another word
  }

  takeRate(record) {
    this.rates.push({ ...record, ...this.whereIs(record.step) });
  }

  takeStatus(record) {
    this.message = record.message;
    this.status = record.status;
  }

  takeNext(record) {
    this.next = record.next;
  }

  takeData(record) {
    this.arriving = record;
  }

  takeReplaced(record) {
    this.replaced = record;
  }

  // Where the learning rate was another one from then on, by a schedule and by hand.
  get turns() {
    return [...this.falls.map((fall) => ({ ...fall, ...this.whereWas(fall.step) })), ...this.rates];
  }

  // Whether a mini-batch has been trained on.
  get hasPoint() {
    return [...this.arms.values()].some(({ train }) => train.step.length > 0);
  }

  // A step in the other units of the x-axis.
  whereIs(step) {
    const first = this.arms.values().next().value;
    return { epoch: step / this.started.steps_per_epoch, seconds: first ? last(first.train.seconds) ?? 0 : 0 };
  }

  // The same of a step that was passed some time ago.
  whereWas(step) {
    const { train } = this.arms.values().next().value;
    return { ...this.whereIs(step), seconds: train.seconds[train.step.findIndex((other) => other >= step)] ?? last(train.seconds) ?? 0 };
  }
}

const TAKE = {
  started: "takeStarted",
  train: "takeTrain",
  test: "takeTest",
  diverged: "takeDiverged",
  "arm-failed": "takeFailed",
  lr: "takeRate",
  status: "takeStatus",
  data: "takeData",
  "data-replaced": "takeReplaced",
  "replaced-by": "takeNext",
};

function push(into, record, name, loss, accuracy, examples) {
  into.step.push(record.step);
  into.epoch.push(record.epoch);
  into.seconds.push(record.seconds[name]);
  into.loss.push(loss);
  into.accuracy.push(accuracy);
  into.examples.push(examples);
}

export const last = (values) => values.at(-1);

// How the lines of an arm that is lost ended.
export const hasFailed = ({ diverged }) => diverged.kind === "arm-failed";

// In place of a lost arm's numbers.
export const fate = (arm) => (hasFailed(arm) ? _("failed") : _("diverged"));

// The mean of each value and of those before it, `width` in all: a line begins where it was measured first, and no
// value that comes later moves what is drawn. What is not finite stays a gap and counts nowhere. Each window is summed
// anew: differences of running sums lose all that is small beside one 1e32.
export function smooth(values, width) {
  if (width <= 1) return values;
  return values.map((value, i) => {
    if (!Number.isFinite(value)) return null;
    let [sum, count] = [0, 0];
    for (let j = Math.max(0, i - width + 1); j <= i; j += 1) {
      if (!Number.isFinite(values[j])) continue;
      sum += values[j];
      count += 1;
    }
    return sum / count;
  });
}

// An arm's line as it is drawn, of the run in view and of an earlier one alike; a test is one measurement, and stays it.
export function lineOf(arm, kind, value, view) {
  const points = arm[kind];
  return { x: points[view.x], y: kind === "train" ? smooth(points[value], view.smooth) : points[value] };
}
