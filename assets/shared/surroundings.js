// What a panel draws depends on the page's colours, on the size of its type and of its window, and these change without a
// word to it. So each part is compared with what it was drawn with, however soon after its drawing they have changed.

import { theme } from "./look.js";

const PERIOD_MS = 700;

export class Surroundings {
  constructor(element) {
    this.element = element;
    this.parts = new Map(); // name -> what it was last drawn with, and what draws it again
    this.timer = setInterval(() => this.compare(), PERIOD_MS);
  }

  close() {
    clearInterval(this.timer);
  }

  // The theme, for a part that is being drawn with it; `again` draws the part once more.
  look(part, again) {
    const look = theme(this.element);
    this.parts.set(part, { drawnWith: this.describe(look), again });
    return look;
  }

  // A part that is not on the page any more is not drawn again.
  forget(part) {
    this.parts.delete(part);
  }

  compare() {
    const now = this.describe(theme(this.element));
    for (const { drawnWith, again } of this.parts.values()) if (drawnWith !== now) again();
  }

  describe(look) {
    return JSON.stringify([look, this.element.clientWidth, window.innerHeight]);
  }
}
