// The one time of all pages on the cube's: how the run stands, at which step the tab holds it, and the way to other steps.
// Python is told of the cursor, and answers with the networks that were kept there.

import { LED } from "../shared/attending.js";
import { followLive, heldAt, hold, lookAt, moved, when } from "../shared/cursor.js";
import { _ } from "../shared/language.js";
import { STANDING, statusWord } from "../shared/standing.js";
import { number } from "../shared/web.js";

export const SCRUB = `${STANDING}<span class="when" data-part="when"></span>
  <input type="range" min="0" step="1" data-part="slider"><button data-part="follow"></button><p data-part="instead" role="status"></p>`;

export const scrubWords = () => ({
  "[data-part=slider]": { "aria-label": _("Step of the run") },
  "[data-part=follow]": { text: _("follow live") },
});

// The step of the link that the page was opened by: it is held, as it is in view. Nothing is left of it afterwards.
let linked = stepIn(location.search);

export function stepIn(search) {
  const found = /(?:^|,)step:(\d+)(?:,|$)/.exec(new URLSearchParams(search).get("cube") ?? "");
  return found ? Number(found[1]) : null;
}

export class Scrub {
  // `parts` has time and what is in it; tell(at) is heard by Python, and wait(isOld) by the picture.
  constructor(parts, { tell, wait }) {
    Object.assign(this, { parts, tell, wait });
    parts.slider.addEventListener("input", () => this.go(this.earlier[parts.slider.value] ?? null));
    parts.follow.addEventListener("click", () => this.go(null));
    this.told = null;
    this.led = () => this.moved();
    document.addEventListener(LED, this.led);
  }

  close() {
    document.removeEventListener(LED, this.led);
  }

  get cursor() {
    return heldAt(this.told.run);
  }

  // The steps that the slider leads to before now.
  get earlier() {
    return this.told.steps.filter((step) => step < this.told.now);
  }

  // What Python says: {run, status, steps, now, step, instead}, the last two of what is in view; null without a run's networks.
  hear(told) {
    this.told = told;
    this.parts.time.hidden = !told;
    if (told && linked !== null) hold(told.run, linked);
    linked = null;
    if (!told) return void this.wait(false);
    this.moved();
  }

  // Arrow keys, Home and End, among the steps of which networks are kept.
  key(key) {
    this.go(moved([...this.earlier, this.told.now].map((step) => ({ step })), this.cursor, key));
  }

  // To a step that all pages show from now on; null follows the run live.
  go(step) {
    if (step === null) followLive(this.told.run);
    else hold(this.told.run, step);
    this.moved();
  }

  // The cursor may be another: by a hand here, by Python's answer, or by the teacher of the class.
  moved() {
    if (!this.told) return;
    this.show();
    this.ask();
  }

  ask() {
    const { run, step } = this.told;
    const isOld = step !== this.cursor;
    this.wait(isOld);
    if (isOld) this.tell({ run, step: this.cursor });
  }

  show() {
    const { parts, cursor, earlier } = this;
    const { run, status, now, step, instead } = this.told;
    parts.time.dataset.status = status;
    parts.status.textContent = this.told.recorded ? _("Recorded") : statusWord(status) ?? "";
    parts.when.textContent = when(run, status);
    parts.when.classList.toggle("firm", cursor !== null);
    parts.slider.max = earlier.length; // the last place is now
    parts.slider.value = placeAmong(earlier, cursor, now);
    parts.slider.disabled = !earlier.length;
    parts.slider.setAttribute("aria-valuetext", cursor === null ? parts.when.textContent : _("step {step}", { step: number(cursor) }));
    parts.follow.setAttribute("aria-pressed", cursor === null);
    parts.instead.textContent = step === cursor ? instead : "";
  }
}

// Where the slider stands: at the networks that are shown, or behind all earlier ones.
export const placeAmong = (earlier, cursor, now) =>
  cursor === null || cursor >= now ? earlier.length : Math.max(0, lookAt(earlier.map((step) => ({ step })), cursor));

export const SCRUB_STYLE = `
  .time { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; margin-bottom: 8px; font-size: calc(17px * var(--enlarged)); }
  .time[hidden], .time p:empty { display: none; }
  .time i { display: inline-block; width: 11px; height: 11px; margin-right: 9px; border-radius: 50%; background: color-mix(in srgb, currentColor 60%, transparent); }
  .time[data-status="running"] i { background: #00a06d; }
  .time[data-status="paused"] i { background: #e69f00; border-radius: 2px; }
  .time[data-status="failed"] i { background: #d6322c; border-radius: 2px; transform: rotate(45deg); }
  .time[data-status="finished"] i { background: var(--st-primary-color); }
  .time .when { padding: 0 10px; border: 1px solid var(--st-border-color, #8884); border-radius: 99px; font-size: calc(15px * var(--enlarged)); white-space: nowrap; opacity: .75; }
  .time .firm { opacity: 1; font-weight: 600; border-color: var(--st-primary-color); background: color-mix(in srgb, var(--st-primary-color) 14%, transparent); }
  .time input { flex: 1; min-width: 140px; accent-color: var(--st-primary-color); }
  .time p { flex-basis: 100%; margin: 0; font-size: calc(15px * var(--enlarged)); }
  .cube[data-waiting] .panels { opacity: .3; } /* they are of another step than the one that is held */`;
