// What a visitor has chosen to see stays in the tab over a change of page and a reload; another tab has its own choices.

const KEY = "normscope-view";

// The value that was kept under `name`, if it is one of `choices`, or without them of the same type; else the usual one.
export function kept(name, usual, choices) {
  const found = all()[name];
  return (choices ? choices.includes(found) : typeof found === typeof usual) ? found : usual;
}

export function keptList(name, usual = []) {
  const found = all()[name];
  return Array.isArray(found) ? found : usual;
}

export function keep(name, value) {
  sessionStorage.setItem(KEY, JSON.stringify({ ...all(), [name]: value instanceof Set ? [...value] : value }));
}

function all() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // of another version, or somebody else's
  }
}
