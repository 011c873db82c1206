// Space pauses and resumes, a full stop does one step: wherever no text is typed, and whatever was clicked before.

import { FIELDS, hasDialog, pressedIn } from "../shared/fields.js";
import { areWaiting } from "../shared/orders.js";

const PRESSED_BY_SPACE = "button, summary, [role=button], [role=radio], [role=checkbox], [role=switch], [role=tab], [role=menuitem]";
const FIRST = new Set(["pointerdown", "focusin"]); // whatever others do with them

export class Keys {
  // buttons: {" ": the button that Space presses, ...}; a disabled one leaves its key alone.
  constructor(buttons) {
    this.buttons = buttons;
    this.byTab = false; // how the focus came where it is
    this.listeners = {
      pointerdown: () => (this.byTab = false),
      focusin: ({ target }) => (this.byTab = target.matches(":focus-visible")),
      keydown: (event) => this.pressed(event),
      keyup: (event) => this.released(event),
    };
    for (const [type, listener] of Object.entries(this.listeners)) document.addEventListener(type, listener, FIRST.has(type));
  }

  close() {
    for (const [type, listener] of Object.entries(this.listeners)) document.removeEventListener(type, listener, FIRST.has(type));
  }

  pressed(event) {
    const button = this.buttons[event.key];
    this.taken = Boolean(button) && !button.disabled && !this.belongsTo(event);
    if (!this.taken) return;
    event.preventDefault();
    if (!event.repeat || (event.key === "." && !areWaiting())) button.click(); // a key held down steps on, and is one pause
  }

  // Where a click left the focus on a button, the end of the key would press that one.
  released(event) {
    if (this.taken && this.buttons[event.key]) event.preventDefault();
  }

  // A field keeps its keys, a dialog all of them, and so does a button, for Space, that somebody reached by Tab: it must be there to be pressed.
  belongsTo(event) {
    const { key, ctrlKey, altKey, metaKey, isComposing, defaultPrevented } = event;
    if (ctrlKey || altKey || metaKey || isComposing || defaultPrevented || hasDialog()) return true;
    const target = pressedIn(event);
    return Boolean(target.closest?.(FIELDS) || (key === " " && this.byTab && target.closest?.(PRESSED_BY_SPACE)));
  }
}
