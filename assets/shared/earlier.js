// The earlier runs that are faint in the charts. Python tells those of its session, which ends with a reload; the tab
// remembers them, and numbers the runs in the order in which they came into view.

import { keep, keptList } from "./kept.js";
import { _, spoken } from "./language.js";

const MOST = 4;

// What the page knows of its runs, from what Python says: [{id, label}], the newest last. Python says each label in every
// language: the tab remembers it for longer than one may be spoken.
export function earlierRuns({ run, ghosts, recorded }) {
  const told = new Set(ghosts.map(({ id }) => id));
  const dropped = keptList("dropped").filter((id) => told.has(id) && id !== run); // Python has not heard of it yet
  const earlier = [...keptList("earlier").filter(({ id }) => !told.has(id)), ...ghosts]
    .filter(({ id }) => id !== run && !dropped.includes(id))
    .slice(-MOST);
  keep("dropped", dropped);
  keep("earlier", earlier);
  for (const { id } of earlier) numberOf(id);
  if (run && !recorded) numberOf(run); // what NormScope comes with is none of theirs
  return earlier.map(({ id, label }) => ({ id, label: _("Run {number}: {label}", { number: numberOf(id), label: label[spoken()] }) }));
}

// What was dropped, or is forgotten by the server, does not come back, whatever Python says until it hears of it.
export function drop(id) {
  keep("dropped", [...keptList("dropped"), id]);
  keep("earlier", keptList("earlier").filter((each) => each.id !== id));
}

// Chosen to be drawn, by whoever dropped it before.
export function takeUp(ids) {
  keep("dropped", keptList("dropped").filter((id) => !ids.includes(id)));
}

export function numberOf(run) {
  const runs = keptList("runs");
  if (!runs.includes(run)) keep("runs", [...runs, run]);
  return keptList("runs").indexOf(run) + 1;
}
