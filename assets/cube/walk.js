// The guided walk: step by step from one cell to its normalized value, in all pictures at once. The camera moves, cells
// light one after the other, the sum runs; every sentence stands at its picture. Its words come from Python.

import { element } from "./frame.js";
import { clamp } from "./pens.js";
import { FIELDS } from "../shared/fields.js";
import { _ } from "../shared/language.js";
import { keep, kept } from "../shared/kept.js";

const STEP_MS = 5200; // to read a sentence or two, at the usual speed
const SHOW_MS = 3000; // of it, until all cells are lit
const FLIGHT_MS = 900;
const CAMERAS = {
  cell: { yaw: -0.62, pitch: 0.5, zoom: 1.7, toward: 1 },
  family: { yaw: -0.62, pitch: 0.66, zoom: 1, toward: 0 },
  sum: { yaw: -0.86, pitch: 0.5, zoom: 1.05, toward: 0 },
  mean: { yaw: -0.5, pitch: 0.4, zoom: 1, toward: 0 },
  variance: { yaw: -0.4, pitch: 0.34, zoom: 1, toward: 0 },
  normalized: { yaw: -0.62, pitch: 0.44, zoom: 1.3, toward: 0.5 },
  after: { yaw: -0.62, pitch: 0.44, zoom: 1, toward: 0 },
};
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Walk {
  constructor(view) {
    this.view = view;
    this.speed = kept("cubeWalkSpeed", 1);
    this.build(view.parts.guide);
  }

  get step() {
    return this.view.local.walk ?? "off";
  }

  get isOn() {
    return this.step !== "off";
  }

  // -- going ------------------------------------------------------------------------------------------------------

  start() {
    this.before = { ...this.view.camera };
    this.isPlaying = !isStill(); // where motion is unwelcome, each still waits for a key
    this.go(Object.keys(this.view.data.steps)[0]);
    this.parts.play.focus({ preventScroll: true });
  }

  end() {
    if (!this.isOn) return;
    this.isPlaying = false;
    this.wait();
    this.view.tell("walk", "off");
    if (this.before) this.fly(this.before);
    this.show();
  }

  by(steps) {
    const names = Object.keys(this.view.data.steps);
    this.go(names[clamp(names.indexOf(this.step) + steps, 0, names.length - 1)]);
  }

  go(step) {
    this.view.tell("walk", step);
    this.view.setStage(this.view.data.steps[step]);
    this.begun = isStill() ? -Infinity : performance.now();
    this.fly(CAMERAS[step]);
    this.wait();
    this.show();
  }

  play(isPlaying) {
    const names = Object.keys(this.view.data.steps);
    this.isPlaying = isPlaying;
    if (isPlaying && this.step === names.at(-1)) this.go(names[0]);
    else if (isPlaying) this.by(0);
    this.wait();
    this.show();
  }

  fly(to) {
    this.flight = { from: { toward: 0, ...this.view.camera }, to, begun: isStill() ? -Infinity : performance.now() };
  }

  // The share of the step's cells that are lit, 0 to 1.
  get share() {
    return clamp(((performance.now() - (this.begun ?? -Infinity)) * this.speed) / SHOW_MS, 0, 1);
  }

  // At every frame of the picture: whether there is to be another one.
  tick() {
    if (this.flight) this.move();
    if (!this.isOn) return Boolean(this.flight);
    const isShowing = this.share < 1;
    if (isShowing || !this.isLit) this.light();
    this.isLit = !isShowing;
    return Boolean(this.flight) || isShowing;
  }

  // The next step comes by itself, as long as it is played.
  wait() {
    clearTimeout(this.waiting);
    if (!this.isPlaying) return;
    const isLast = this.step === Object.keys(this.view.data.steps).at(-1);
    this.waiting = setTimeout(() => (isLast ? this.play(false) : this.by(1)), STEP_MS / this.speed);
  }

  move() {
    const { from, to, begun } = this.flight;
    const t = clamp(((performance.now() - begun) * this.speed) / FLIGHT_MS, 0, 1);
    const eased = t * t * (3 - 2 * t);
    if (t >= 1) this.flight = null;
    this.view.turn(() => Object.keys(to).forEach((name) => (this.view.camera[name] = from[name] + (to[name] - from[name]) * eased)));
  }

  // -- what it lights and says ------------------------------------------------------------------------------------

  // Of a picture's family: the first cells at first, all of them in the end.
  lit({ members }) {
    if (this.step === "cell") return [this.view.picked];
    if (this.step !== "family" && this.step !== "sum") return members;
    return members.slice(0, Math.ceil(this.share * members.length));
  }

  light() {
    const { view } = this;
    for (const panel of view.panels) {
      panel.lit.fill(0);
      for (const i of this.lit(panel)) panel.lit[i] = 1;
      const lit = this.step === "sum" ? Math.max(1, Math.ceil(this.share * panel.members.length)) : 0;
      const told = lit && (panel.sums?.find(([n]) => n >= lit) ?? panel.sums?.at(-1))?.[1];
      panel.figure.querySelector(".sum").textContent = told || "";
    }
  }

  // The words of the step, or none; they are there once Python has answered.
  show() {
    const { view, parts } = this;
    const names = Object.keys(view.data.steps);
    view.root.toggleAttribute("data-walking", this.isOn);
    view.parts.guide.hidden = !this.isOn;
    view.parts.walk.setAttribute("aria-pressed", this.isOn);
    parts.at.textContent = _("Step {n} of {all}", { n: names.indexOf(this.step) + 1, all: names.length });
    parts.play.textContent = this.isPlaying ? "❚❚" : "▶";
    parts.play.setAttribute("aria-label", this.isPlaying ? _("Pause the walk") : _("Go on with the walk"));
    parts.back.disabled = this.step === names[0];
    parts.next.disabled = this.step === names.at(-1);
    for (const panel of view.panels) {
      const said = this.isOn ? ((view.isAnswered() && panel.guide?.[this.step]) || "…") : "";
      if (panel.said !== said) tellInWords(panel.figure.querySelector(".guide"), said);
      panel.said = said;
    }
    this.isLit = false;
    view.light();
  }

  words() {
    return this.view.panels.map(({ figure }) => figure.querySelector(".guide").textContent);
  }

  // -- hands ------------------------------------------------------------------------------------------------------

  build(bar) {
    bar.innerHTML =
      '<button data-go="back">◀</button><button data-go="play"></button><button data-go="next">▶▏</button><span data-go="at"></span>' +
      '<label><span data-go="name"></span><input data-go="speed" type="range" min="0.5" max="3" step="0.5"></label><button data-go="end"></button>';
    const parts = (this.parts = Object.fromEntries([...bar.children].flatMap((e) => [e, ...e.children]).map((e) => [e.dataset.go, e])));
    this.say();
    parts.speed.value = this.speed;
    parts.back.addEventListener("click", () => this.step !== "off" && this.by(-1));
    parts.next.addEventListener("click", () => this.by(1));
    parts.play.addEventListener("click", () => this.play(!this.isPlaying));
    parts.end.addEventListener("click", () => this.end());
    parts.speed.addEventListener("input", () => this.hurry(Number(parts.speed.value)));
    this.view.root.addEventListener("keydown", (event) => this.key(event));
  }

  hurry(speed) {
    this.speed = speed;
    keep("cubeWalkSpeed", speed);
    this.wait();
  }

  say() {
    const { parts } = this;
    this.view.parts.guide.setAttribute("aria-label", _("The walk; arrow keys go a step back and on, Escape ends it"));
    parts.back.setAttribute("aria-label", _("A step back"));
    parts.next.setAttribute("aria-label", _("A step on"));
    parts.name.textContent = _("Speed");
    parts.end.textContent = _("End the walk");
  }

  // What is pointed at in a picture lights its words.
  point(name) {
    for (const word of this.view.root.querySelectorAll(".word")) word.classList.toggle("pointed", word.dataset.names === name);
  }

  close() {
    clearTimeout(this.waiting);
  }

  takes(event) {
    return this.isOn && !event.shiftKey && ["ArrowLeft", "ArrowRight", "Escape"].includes(event.key);
  }

  // Also on the pictures, whose other arrows pick a cell as ever.
  key(event) {
    if (!this.takes(event) || (event.key !== "Escape" && event.target.closest(FIELDS))) return; // a slider keeps its arrows
    if (event.key === "ArrowLeft") this.by(-1);
    else if (event.key === "ArrowRight") this.by(1);
    else this.end();
    event.preventDefault();
    event.stopPropagation();
  }
}

// <name>word</name> in a sentence becomes a word that lights what it names.
export function tellInWords(where, sentence) {
  where.replaceChildren();
  for (const part of sentence.split(/(<(\w+)>.*?<\/\2>)/).filter((each, i) => i % 3 !== 2)) {
    const [, name, word] = part.match(/^<(\w+)>(.*)<\/\1>$/) ?? [];
    if (!name) where.append(part);
    else Object.assign(element("span", "word", where), { textContent: word, tabIndex: 0 }).dataset.names = name;
  }
}

// A word that is pointed at or focused lights in the pictures what it names.
export function listenToWords(root, light) {
  const nameOf = (event) => event.target.closest?.("[data-names]")?.dataset.names ?? null;
  for (const kind of ["pointerover", "focusin"]) root.addEventListener(kind, (event) => nameOf(event) && light(nameOf(event)));
  for (const kind of ["pointerout", "focusout"]) root.addEventListener(kind, (event) => nameOf(event) && light(null));
}
