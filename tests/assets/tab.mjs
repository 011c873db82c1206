// A browser's tab for the scripts that keep something in it: tab() opens a new one, and gives what is in it.

export function tab() {
  const stored = new Map();
  const value = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, String(text)) };
  Object.defineProperty(globalThis, "sessionStorage", { value, configurable: true });
  return stored;
}
