// A run that several share belongs to nobody. Who pauses or changes it is told so, and gets a run of their own from there.

import { order } from "../shared/orders.js";
import { ENDED } from "../shared/standing.js";

const TAKEN = new Set(["pause", "step", "rate"]);

// Of the run in the panel; who follows a class only watches.
export const isSharedIn = ({ state, data }) => Boolean(state?.shared) && !ENDED.has(state.status) && !data.follows;

export class OwnRun {
  constructor(parts) {
    this.own = parts.own;
    this.rate = parts.rate;
    this.own.addEventListener("click", ({ target }) => this.clicked(target));
    this.own.addEventListener("keydown", ({ key }) => key === "Escape" && this.stay());
  }

  // Whether `what` was pressed on a shared run, and is asked about first.
  asks(what, run, isShared) {
    if (!isShared || !TAKEN.has(what)) return false;
    this.asked = { do: "own", run, with: what, value: this.rate.value };
    this.own.hidden = false;
    this.own.querySelector("[data-own]").focus();
    return true;
  }

  clicked(target) {
    if (target.closest("[data-own]")) order(this.asked);
    if (target.closest("[data-own]")) this.own.hidden = true;
    if (target.closest("[data-stay]")) this.stay();
  }

  // What was asked was of the run before.
  follow() {
    this.stay();
  }

  stay() {
    this.own.hidden = true;
  }
}
