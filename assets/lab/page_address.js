// The sweep that is open, in the page's address: what is copied from there, or loaded anew, is that sweep.

const OF_A_SWEEP = ["vary", "seeds", "validation", "along", "then"]; // what makes a sweep of an experiment's settings
const OF_A_VISIT = ["lang", "run", "class"];

// The link of the sweep that an address opens; "" where it opens none.
export function sweepIn(params) {
  if (!OF_A_SWEEP.some((name) => params.has(name))) return "";
  const query = new URLSearchParams(params);
  for (const name of OF_A_VISIT) query.delete(name);
  return query.toString();
}

// `params` with what is of the sweep `link`, "" where none is open. The settings in an address are Python's, `written` for
// the run in view or from the form: where they are not those of the sweep, they and its rest would be another sweep.
export function withSweep(params, link, written) {
  const [now, sweep] = [new URLSearchParams(params), new URLSearchParams(link)];
  for (const name of OF_A_SWEEP) now.delete(name);
  if (settingsOf(link) !== settingsOf(written)) return now;
  for (const name of OF_A_SWEEP) if (sweep.has(name)) now.set(name, sweep.get(name));
  return now;
}

function settingsOf(query) {
  const settings = new URLSearchParams(query);
  for (const name of [...OF_A_SWEEP, ...OF_A_VISIT]) settings.delete(name);
  settings.sort();
  return settings.toString();
}
