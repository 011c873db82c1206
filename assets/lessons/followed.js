// The runs of a lesson's step, followed from their first point to their last: curves always, looks where the chart wants
// them.

import { Series } from "../train/series.js";
import { ENDED } from "../shared/standing.js";
import { get } from "../shared/web.js";

const PERIOD_MS = 300;
const VIEWS = { gradient: "gradients", unit_spread: "activations", gamma: "parameters", running_variance: "parameters",
  drift: "activations", drift_after_norm: "activations" };

export class Followed {
  // `changed` hears of everything that is new; `gone` that the server does not know the run any more.
  constructor(id, chart, { changed, gone }) {
    Object.assign(this, { id, view: VIEWS[chart.shows], changed, gone });
    this.begin();
    this.poll();
  }

  begin() {
    Object.assign(this, { series: new Series(), looks: [], latestLook: 0, state: null });
  }

  // Of how many arms nobody is told: they may be revealed after the run's end, too.
  get unseen() {
    return this.state?.hidden ?? 0;
  }

  get hasEnded() {
    return ENDED.has(this.state?.status);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  async poll() {
    try {
      const answer = await get(`api/runs/${this.id}/points?since=${this.series.latest}`);
      if (this.closed) return;
      if (answer.gone) return this.gone(this);
      if (!answer.error && this.state && answer.state.hidden !== this.unseen) { // all that was told is of other arms
        this.begin();
        return this.poll();
      }
      if (!answer.error) {
        this.series.add(answer.records);
        if (this.view) await this.look();
        if (this.closed) return;
        this.state = answer.state;
        this.lost = false;
      }
    } catch {
      this.lost = true; // asked again below
    }
    if (this.closed) return;
    this.changed();
    if (!this.hasEnded || this.lost || this.unseen) this.timer = setTimeout(() => this.poll(), document.hidden ? 2000 : PERIOD_MS);
  }

  async look() {
    const answer = await get(`api/runs/${this.id}/inside?view=${this.view}&source=fixed&since=${this.latestLook}`);
    if (this.closed || answer.error) return;
    this.looks.push(...answer.looks);
    this.latestLook = answer.looks.at(-1)?.seq ?? this.latestLook;
  }

  // The look after so many steps, or the newest one.
  lookAt(step) {
    return step == null ? this.looks.at(-1) : this.looks.find(({ steps: [first, last] }) => first <= step && step <= last);
  }
}
