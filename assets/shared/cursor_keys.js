// Arrows by a look, Home and End: on every page that shows it they move the cursor, unless a field or a dialog has them.

import { FIELDS, hasDialog, pressedIn } from "./fields.js";

const KEYS = new Set(["ArrowLeft", "ArrowRight", "Home", "End"]);
const OWN_KEYS = `${FIELDS}, [role=radio], [role=tab], .ns-answer`; // where these keys mean something else

// go(key) is called where isMine(key) says that there is something to move. Returns what takes the listener away.
export function cursorKeys(isMine, go) {
  const pressed = (event) => {
    const { key, ctrlKey, altKey, metaKey, shiftKey, defaultPrevented } = event;
    if (!KEYS.has(key) || ctrlKey || altKey || metaKey || shiftKey || defaultPrevented) return;
    if (hasDialog() || pressedIn(event).closest?.(OWN_KEYS) || !isMine(key)) return;
    event.preventDefault();
    go(key);
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
