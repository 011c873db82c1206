// What a visitor has chosen on Runs: what is searched, in what order, what is ticked, and whether these are compared. It
// stays in the tab.

import { keep, kept, keptList } from "../shared/kept.js";
import { SORTS } from "./listing.js";

const KEY = "runs";
const USUAL = { search: "", status: "", data: "", arm: "", sort: "when", down: true, isComparing: false };
const FILTERS = ["search", "status", "data", "arm"];

export class Choice {
  constructor() {
    const stored = kept(KEY, {}) ?? {};
    for (const [name, usual] of Object.entries(USUAL)) this[name] = typeof stored[name] === typeof usual ? stored[name] : usual;
    if (!SORTS.includes(this.sort)) this.sort = USUAL.sort;
    this.ticks = new Set(keptList("ticks"));
    this.page = 0;
  }

  // A column that is chosen again turns around; numbers begin with the largest, names with A.
  choose(change) {
    const { sort, ticks, ...others } = change;
    if (sort) [this.down, this.sort] = sort === this.sort ? [!this.down, sort] : [!["name", "data", "status"].includes(sort), sort];
    if (ticks) this.ticks = new Set(ticks);
    Object.assign(this, others);
    if (sort || FILTERS.some((name) => name in change)) this.page = 0;
    this.keep();
  }

  tick(ids, isOn) {
    for (const id of ids) if (isOn) this.ticks.add(id); else this.ticks.delete(id);
    this.keep();
  }

  isTicked(id) {
    return this.ticks.has(id);
  }

  // The runs that are ticked, the oldest first: what came later is held against what was before.
  ticked(runs) {
    return runs.filter(({ id }) => this.ticks.has(id)).toSorted((a, b) => a.started - b.started);
  }

  // A filter for what no run is any more would leave an empty list that nobody can explain.
  meet(runs) {
    if (this.data && !runs.some(({ settings }) => settings.data === this.data)) this.data = "";
    if (this.arm && !runs.some(({ settings }) => settings.arms.includes(this.arm))) this.arm = "";
  }

  keep() {
    keep(KEY, Object.fromEntries(Object.keys(USUAL).map((name) => [name, this[name]])));
    keep("ticks", this.ticks);
  }
}
