// The runs that this browser has had in view: their ids, the newest last. Who knows a run's id may watch it, so these are
// listed on Runs beside those that the browser has started.

const KEY = "normscope-known-runs";
const MOST = 200;

export function known() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
  } catch {
    return []; // of another version, or the browser keeps nothing
  }
}

export function know(id) {
  write([...known().filter((each) => each !== id), id].slice(-MOST));
}

export function forget(id) {
  write(known().filter((each) => each !== id));
}

function write(ids) {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // the browser keeps nothing: a run is known as long as it is in view
  }
}
