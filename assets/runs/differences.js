// What is said of the difference between runs: their settings, their last test, and what one seed does not tell.

import { _ } from "../shared/language.js";
import { enumerated, parted } from "../shared/lists.js";
import { number } from "../shared/web.js";
import { changed, differing, toldOf } from "./settings.js";

// A short name for each run by what sets it apart: {id: text}. `letters` come first where charts have room for no more.
export function namesOf(runs) {
  const settings = differing(runs).filter((setting) => setting !== "arms");
  const texts = runs.map((run) => run.name || enumerated(toldOf(run, settings).slice(0, 3)));
  return new Map(runs.map((run, i) => [run.id, texts[i] || _("same settings")]));
}

export const letterOf = (index) => String.fromCodePoint(65 + index);

// An arm's last test in a run: {accuracy, step, isWhole, fate}, or null where it has none.
export function lastTest(series, name) {
  const arm = series.arms.get(name);
  if (!arm) return null;
  const at = arm.test.step.length - 1;
  const fate = arm.diverged && { kind: arm.diverged.kind, step: arm.diverged.step };
  if (at < 0) return { accuracy: null, fate };
  return { accuracy: arm.test.accuracy[at], step: arm.test.step[at], isWhole: arm.test.examples[at] === series.started.test_examples, fate };
}

export const armsOf = (all) => [...new Set(all.flatMap((series) => [...series.arms.keys()]))];

// In points of a hundred, or null where one of the two has nothing to compare.
export function points(base, other) {
  if (!base || !other || base.fate || other.fate || base.accuracy == null || other.accuracy == null) return null;
  return Math.round(1000 * (other.accuracy - base.accuracy)) / 10 || 0;
}

export const signed = (value) => (value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1).replace("-", "−"));

// Whether two runs are tested on the same images.
export const areAlike = (base, other) => base.settings.data === other.settings.data;

// What is otherwise in `other` than in `base`: settings, and rates that were changed by hand on the way.
export function changes(base, other, { letters, seriesOf }) {
  const settings = differing([base, other]).filter((setting) => setting !== "arms");
  const found = settings.map((setting) => changed(setting, base.settings[setting], other.settings[setting]));
  const byHand = [base, other].flatMap(({ id }) => (seriesOf(id)?.rates ?? []).map((rate) => ordered(rate, letters.get(id))));
  return [...found, ...byHand];
}

const ordered = ({ new: rate, step }, run) => _("lr {rate} in {run} from step {step}", { rate: String(rate).replaceAll("-", "−"), run, step: number(step) });

// One sentence for a pair of runs: "B, against A: bn +1.9 points; ln −0.3 points. Changed: lr 0.5 → 0.05."
export function verdict(base, other, { letters, seriesOf }) {
  const values = { run: letters.get(other.id), base: letters.get(base.id) };
  const [one, two] = [seriesOf(base.id), seriesOf(other.id)];
  if (!one?.started || !two?.started) return "";
  if (!areAlike(base, other)) return _("{run} and {base} are tested on other images: their accuracies do not compare.", values);
  const found = armsOf([one, two]).flatMap((name) => said({ ...values, arm: name }, lastTest(one, name), lastTest(two, name)));
  if (!found.length) return _("{run} and {base} have no arm in common that both have tested.", values);
  const what = changes(base, other, { letters, seriesOf });
  if (!what.length) return _("{run}, against {base}: {arms}. Their settings are the same.", { ...values, arms: parted(found) });
  if (isChance(base, other, what)) return _("{run}, against {base}: {arms}. Only the seed differs: differences of this size are chance.", { ...values, arms: parted(found) });
  return _("{run}, against {base}: {arms}. Changed: {changes}.", { ...values, arms: parted(found), changes: parted(what) });
}

function said({ arm, run, base: before }, base, other) {
  if (!base || !other) return [];
  const difference = points(base, other);
  if (difference !== null) return [_("{arm} {points} points", { arm, points: signed(difference) })];
  if (base.fate && other.fate) return [_("{arm} was lost in both", { arm })];
  return base.fate || other.fate ? [_("{arm} was lost in {run} only", { arm, run: other.fate ? run : before })] : [];
}

const isChance = (base, other, what) => what.length === 1 && base.settings.seed !== other.settings.seed;

// What must be known of the numbers before anybody concludes from them.
export function caution(runs, seriesOf) {
  const isEarly = runs.some(({ id, total }) => {
    const series = seriesOf(id);
    return series?.started && armsOf([series]).some((name) => (lastTest(series, name)?.step ?? 0) < total && !series.arms.get(name).diverged);
  });
  return [
    isEarly && _("Not all have been trained to their end: what is compared is each arm’s last test, with its step."),
    _("Each run is one seed; only runs with other seeds tell whether a difference is more than chance."),
  ];
}
