// What the charts of Train show: the lines, the axes, the arms. The choices stay in the tab.

import { keep, kept, keptList } from "../shared/kept.js";

const KINDS = ["train", "test", "batch"];
const WIDTHS = [1, 9, 31, 101]; // of the smoothing, in points

export class View {
  constructor() {
    this.x = kept("x", "step", ["step", "epoch", "seconds"]);
    this.log = kept("log", true);
    this.smooth = kept("smooth", 9, WIDTHS);
    this.kinds = new Set(keptList("kinds", KINDS).filter((kind) => KINDS.includes(kind)));
    this.hidden = new Set(keptList("hidden"));
  }

  // A button's data; whether it was one of the view's.
  choose({ x, log, smooth, kind, arm }) {
    if (x) keep("x", (this.x = x));
    if (log) keep("log", (this.log = !this.log));
    if (smooth) keep("smooth", (this.smooth = Number(smooth)));
    if (kind) keep("kinds", toggled(this.kinds, kind));
    if (arm) keep("hidden", toggled(this.hidden, arm));
    return Boolean(x || log || smooth || kind || arm);
  }

  // A run has come whose arms may all be hidden since an earlier one: there would be nothing to see of it.
  meet(arms) {
    if (!arms.length || !arms.every(({ name }) => this.hidden.has(name))) return;
    this.hidden.clear();
    keep("hidden", this.hidden);
  }

  // Lights what is chosen; the arms' cards have more to say and are lit where that is written.
  press(element) {
    const light = (name, isLit) => element.querySelectorAll(`button[data-${name}]`)
      .forEach((button) => button.setAttribute("aria-pressed", isLit(button.dataset[name])));
    light("x", (x) => x === this.x);
    light("log", () => this.log);
    light("kind", (kind) => this.kinds.has(kind));
    element.querySelector("[data-part=smooth]").value = this.smooth;
  }
}

function toggled(set, item) {
  if (!set.delete(item)) set.add(item);
  return set;
}
