// The strip below the curves: how the networks stand inside at the cursor. It takes the looks that there are, and asks for
// one more every three seconds at most, while it is in sight.

import { lookAt } from "../shared/cursor.js";
import { _ } from "../shared/language.js";
import { ENDED, sweptSaid } from "../shared/standing.js";
import { get } from "../shared/web.js";

const EVERY_MS = 3000; // the server makes no more looks for it than that, however often it asks
const FIRST_MS = 600; // until the first one is there

export class Strip {
  constructor({ strip, stripGradient, stripSpread, stripSays }) {
    this.element = strip;
    this.charts = { gradient: stripGradient, spread: stripSpread };
    this.says = stripSays;
    this.sight = new IntersectionObserver((changes) => this.seen(changes.at(-1).isIntersecting));
    this.sight.observe(strip);
    this.follow("");
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.sight.disconnect();
  }

  // Of a sweep's run there are no looks, and none come.
  follow(run, isSwept = false) {
    clearTimeout(this.timer);
    this.round = (this.round ?? 0) + 1;
    Object.assign(this, { run, isSwept, looks: [], latest: 0, status: "", step: 0, asked: "", drawn: "" });
    this.element.dataset.step = "";
    this.write();
    if (run) this.ask();
  }

  // What the page hears of the run; the last look comes with its end.
  learn({ status, step }) {
    const hasEnded = ENDED.has(status) && !ENDED.has(this.status);
    Object.assign(this, { status, step });
    this.write();
    if (hasEnded) this.ask();
  }

  seen(isSeen) {
    const comes = isSeen && !this.isSeen;
    this.isSeen = isSeen;
    if (comes && this.run) this.ask();
  }

  get isOver() {
    return this.closed || !this.run || (ENDED.has(this.status) && this.asked === this.now);
  }

  get now() {
    return `${this.status} ${this.step}`; // a paused run has nothing new
  }

  async ask(isMeant = this.isSeen && !document.hidden) {
    clearTimeout(this.timer);
    const { round, now } = this;
    if (isMeant && this.asked !== now) await this.fetch(round, now);
    if (round !== this.round || this.isOver) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), this.looks.length ? EVERY_MS : FIRST_MS);
  }

  async fetch(round, now) {
    this.asked = now;
    const answer = await get(`api/runs/${this.run}/inside?view=depth&source=fixed&since=${this.latest}`).catch(() => null);
    if (round !== this.round || this.closed) return;
    if (!answer?.looks) return void (this.asked = "");
    const known = this.latest;
    this.looks = [...this.looks, ...answer.looks.filter(({ seq }) => seq > known)];
    this.latest = Math.max(known, answer.latest);
    this.write();
    this.came?.();
  }

  write() {
    this.says.hidden = this.looks.length > 0;
    this.says.textContent = this.nothing();
  }

  nothing() {
    if (this.isSwept) return sweptSaid();
    return ENDED.has(this.status) && this.asked === this.now
      ? _("The run ended before the first look.")
      : _("Here: gradient and spread by layer, as soon as the networks have been looked into.");
  }

  // The look at `step`, null for the newest, in both charts.
  async draw(step, arms, hidden, colours) {
    this.wanted = { step, arms, hidden, colours };
    if (this.drawing || !this.drawBoth) return; // which comes with the curves
    this.drawing = true;
    try {
      while (this.wanted && !this.closed) await this.drawWanted();
    } finally {
      this.drawing = false;
    }
  }

  async drawWanted() {
    const { step, arms, hidden, colours } = this.wanted;
    this.wanted = null;
    const look = this.looks[lookAt(this.looks, step)];
    const { clientWidth, clientHeight } = this.element;
    const names = arms.map(({ name }) => name); // which the page may hear of later than of the looks
    const key = look && JSON.stringify([this.run, look.seq, this.looks.length, names, [...hidden], colours, clientWidth, clientHeight]);
    if (!look || !names.length || key === this.drawn) return;
    this.drawn = key;
    await this.drawBoth(window.Plotly, this.charts, look, this.looks, arms, hidden, colours);
    if (key === this.drawn) this.element.dataset.step = look.step; // else another run has come
  }
}
