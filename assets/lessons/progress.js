// How far somebody has come with the lessons: predictions, their runs and what became of them. The browser keeps it.

const KEY = "normscope-lessons";

// { predicted, runs: [ids], stands } of a step; empty before somebody has predicted there.
export const progressOf = (slug, step) => all()[slug]?.[step] ?? {};

export function note(slug, step, more) {
  const found = all();
  const mine = { ...found[slug], [step]: { ...found[slug]?.[step], ...more } };
  localStorage.setItem(KEY, JSON.stringify({ ...found, [slug]: mine }));
}

export function forget(slug, step) {
  const found = all();
  delete found[slug]?.[step];
  localStorage.setItem(KEY, JSON.stringify(found));
}

// How a step stands after a verdict, which a link without answers keeps back: no more is known of it than whether it is one.
export const standOf = ({ stands, decided }) => stands ?? (decided ? "kept" : "undecided");

// How many of a lesson's steps have a verdict.
export const done = (slug) => Object.values(all()[slug] ?? {}).filter(({ stands }) => stands).length;

// Whether another tab has just changed what is kept of a step.
export function isNews({ key, oldValue, newValue }, slug, step) {
  const [before, after] = [oldValue, newValue].map((text) => JSON.stringify(read(text)[slug]?.[step]));
  return key === KEY && before !== after;
}

const all = () => read(localStorage.getItem(KEY));

function read(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // of another version, or somebody else's
  }
}
