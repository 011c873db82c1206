// One test image through all networks as they are now, or as far as they are known: a question to them, asked anew for
// another image, layer or stage.

import { SCALE, extent, grey, paint, viridis } from "./distributions.js";
import { armColors } from "../shared/look.js";
import { _ } from "../shared/language.js";
import { brief, escape, get, number, percent } from "../shared/web.js";

export class Maps {
  constructor(page) {
    this.page = page;
    this.parts = page.parts;
    this.parts.mapsStage.value = "activated";
    this.parts.maps.addEventListener("toggle", () => this.ask()); // does not bubble
    page.element.addEventListener("change", ({ target }) => this.choices.includes(target) && this.ask());
  }

  get choices() {
    return [this.parts.image, this.parts.mapsLayer, this.parts.mapsStage];
  }

  // What was answered before is of another run, image, layer or stage, and goes; so does what is still under way.
  drop() {
    this.page.surroundings.forget("maps");
    this.answer = null;
    this.parts.mapsAnswer.innerHTML = this.parts.mapsState.textContent = "";
    return (this.asked = {});
  }

  async ask() {
    const asked = this.drop();
    const { run } = this.page.data;
    if (!this.parts.maps.open || !run) return;
    this.parts.image.value = Math.floor(Number(this.parts.image.value)) || 0; // what is asked is what is read
    const [image, layer, stage] = this.choices.map(({ value }) => value);
    this.parts.mapsState.textContent = _("asking the networks …");
    const lost = { error: _("The connection to the server is lost; press refresh.") };
    const query = new URLSearchParams({ layer: layer || "conv1", stage, image });
    const answer = await get(`api/runs/${run}/ask/maps?${query}`).catch(() => lost);
    if (asked !== this.asked || this.page.closed) return;
    this.parts.mapsState.textContent = answer.error ?? whose(answer);
    if (answer.error) return;
    this.answer = answer;
    this.draw();
  }

  draw() {
    if (!this.answer) return;
    const { image, label, range, arms } = this.answer;
    const { page } = this;
    const colors = armColors(page.arms, page.surroundings.look("maps", () => this.draw()));
    const known = page.arms.filter((arm) => arms[arm.name] && !page.hidden.has(arm.name));
    this.parts.mapsAnswer.innerHTML = `<div class="ns-maprow"><div><b>${_("the image")}</b><span>${_("truly: {label}", { label: escape(label) })}</span>
      <span class="ns-small ns-scale">${brief(range[0])} <i style="background:linear-gradient(90deg,${SCALE})"></i> ${brief(range[1])}</span></div><div><canvas></canvas></div></div>` +
      known.map((arm) => row(arm, arms[arm.name], label, colors.get(arm.name))).join("");
    const [first, ...rows] = this.parts.mapsAnswer.children;
    paint(first.querySelector("canvas"), image, extent([{ low: Math.min(...image.flat()), high: Math.max(...image.flat()) }]), grey);
    known.forEach((arm, i) => [...rows[i].querySelectorAll("canvas")].forEach((canvas, channel) => paint(canvas, arms[arm.name].maps[channel], range, viridis)));
  }
}

// A run of another process is known by its checkpoints alone.
export function whose({ of, step }) {
  const values = { step: number(step) };
  if (of === "checkpoint") return _("the networks of the last checkpoint, step {step}: not of the cursor above", values);
  if (of === "end") return _("the networks of the end, step {step}: not of the cursor above", values);
  return _("the networks of now, step {step}: not of the cursor above", values);
}

function row({ name, title }, { prediction, probability, channels, maps }, label, color) {
  const answer = probability == null ? _("no answer") : `${prediction === label ? "✓" : "✗"} ${escape(prediction)}`;
  const sure = probability == null ? _("its output is NaN") : _("{percent} sure", { percent: percent(probability) });
  const some = channels > maps.length && maps.length > 1 ? ` · ${_("{some} of {all} channels", { some: maps.length, all: channels })}` : "";
  return `<div class="ns-maprow" style="--arm:${color}" data-maps="${escape(name)}">
    <div><b>${escape(title)}</b><span>${answer}</span><span class="ns-small">${sure}${some}</span></div><div>${maps.map(() => "<canvas></canvas>").join("")}</div></div>`;
}
