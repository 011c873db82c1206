// The cursor of Train: the pointer leads it while it is over the curves, a press holds it, the arrow keys move it by a look.
// Where it is held, all pages are.

import { Strip } from "./strip.js";
import { lastStep, placeOf, stepAt } from "./timeline.js";
import { LED } from "../shared/attending.js";
import { followLive, heldAt, hold, moved, when } from "../shared/cursor.js";
import { cursorKeys } from "../shared/cursor_keys.js";

export class Time {
  // `panel` has the run's series, the view and what is drawn in which colours.
  constructor(panel) {
    this.panel = panel;
    this.strip = new Strip(panel.parts);
    this.strip.came = () => this.draw();
    this.hovered = null;
    this.unlisten = cursorKeys(() => this.panel.series.hasPoint, (key) => this.key(key));
    this.led = () => this.moved();
    document.addEventListener(LED, this.led);
    panel.parts.live.addEventListener("click", () => this.go(null));
  }

  close() {
    this.unlisten();
    document.removeEventListener(LED, this.led);
    this.pointing?.close();
    this.strip.close();
  }

  get run() {
    return this.panel.data.run || this.panel.gone;
  }

  get step() {
    return this.hovered ?? heldAt(this.run);
  }

  follow(run) {
    this.hovered = null;
    this.strip.follow(run, this.panel.data.swept);
  }

  learn(state) {
    this.strip.learn(state);
  }

  listen({ charts }, Pointing, drawBoth) {
    this.strip.drawBoth = drawBoth;
    const told = { hover: (x) => this.hover(x), press: (x) => this.press(x), undo: () => this.go(this.before) };
    this.pointing = new Pointing(charts.map(({ element }) => element), told);
    for (const { element } of charts) element.on("plotly_afterplot", () => this.place());
  }

  hover(x) {
    const { series } = this.panel;
    const at = x === null || !series.hasPoint ? null : this.stepAt(x);
    const step = at === lastStep(series) ? null : at; // there is the newest look, and soon a newer one
    if (step === this.hovered) return;
    this.hovered = step;
    this.draw();
  }

  press(x) {
    const { series } = this.panel;
    if (!series.hasPoint) return;
    this.before = heldAt(this.run);
    const step = this.stepAt(x);
    this.go(step < lastStep(series) ? step : null);
  }

  stepAt(x) {
    return stepAt(x, this.panel.series, this.panel.view.x);
  }

  // Where the strip is out of sight, what it has missed is fetched first.
  async key(key) {
    if (!this.strip.isSeen) await this.strip.ask(true);
    const { looks } = this.strip;
    if (looks.length) this.go(moved(looks, heldAt(this.run), key));
  }

  // To a step that all pages show from now on; null follows the run live.
  go(step) {
    if (step === null || step === undefined) followLive(this.run);
    else hold(this.run, step);
    this.moved();
  }

  moved() {
    this.hovered = null;
    this.show(this.status);
    this.draw();
  }

  show(status) {
    this.status = status;
    const { when: said, live } = this.panel.parts;
    said.textContent = this.run ? when(this.run, status) : "";
    const isHeld = heldAt(this.run) !== null;
    said.classList.toggle("ns-firm", isHeld);
    live.hidden = !this.run || !isHeld;
  }

  draw() {
    this.place();
    const { panel } = this;
    const look = panel.surroundings.look("strip", () => this.draw());
    this.strip.draw(this.step, [...panel.series.arms.values()], panel.view.hidden, look);
  }

  place() {
    const { series, view } = this.panel;
    const isThere = this.step !== null && series.hasPoint;
    this.pointing?.place(isThere ? placeOf(this.step, series, view.x) : null, this.hovered === null);
  }
}
