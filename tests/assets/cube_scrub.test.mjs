// The one time of all pages on the cube's: what it says, what Python is told, and where the slider leads.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

globalThis.location = { search: "" };
globalThis.document = new EventTarget();
const { Scrub, placeAmong, stepIn } = await script("scrub.js");
const { LED } = await script("attending.js");
const { heldAt, hold } = await script("cursor.js");

function part() {
  const found = new EventTarget();
  const classList = { firm: false, toggle: (name, is) => (classList[name] = is) };
  return Object.assign(found, { classList, dataset: {}, told: {}, setAttribute: (name, value) => (found.told[name] = String(value)) });
}

// A scrub, what it has told Python, and whether the picture is of another step.
function made(OfLink = Scrub) {
  tab();
  const parts = Object.fromEntries(["time", "status", "when", "slider", "follow", "instead"].map((name) => [name, part()]));
  const found = { parts, told: [], waits: null };
  found.scrub = new OfLink(parts, { tell: (at) => found.told.push(at), wait: (isOld) => (found.waits = isOld) });
  found.slide = (value) => {
    parts.slider.value = value;
    parts.slider.dispatchEvent(new Event("input"));
  };
  return found;
}

const RUN = { run: "a", status: "running", steps: [0, 10, 20], now: 23, step: null, instead: "" };
const INSTEAD = "these are of step 10";

test("a step that another page holds is told to Python, and the picture waits until its networks have come", () => {
  const found = made();
  const { parts, scrub, told } = found;
  hold("a", 13);
  scrub.hear(RUN);
  assert.deepEqual(told, [{ run: "a", step: 13 }]);
  assert.deepEqual([found.waits, parts.when.textContent, parts.when.classList.firm], [true, "Held at step 13", true]);
  scrub.hear({ ...RUN, step: 13, instead: INSTEAD });
  assert.equal(told.length, 1);
  assert.deepEqual([found.waits, parts.instead.textContent, parts.slider.value], [false, INSTEAD, 1]);
});

test("what is said of the networks in view goes with the step that it is said of", () => {
  const { parts, scrub } = made();
  hold("a", 13);
  scrub.hear({ ...RUN, step: 13, instead: INSTEAD });
  scrub.go(20);
  assert.equal(parts.instead.textContent, "");
});

test("the slider holds all pages at a step that was kept, and its last place follows the run", () => {
  const { parts, scrub, slide, told } = made();
  scrub.hear(RUN);
  assert.deepEqual([parts.slider.max, parts.slider.value, parts.when.textContent], [3, 3, "Live"]);
  slide("1");
  assert.equal(heldAt("a"), 10);
  slide("3");
  assert.equal(heldAt("a"), null);
  assert.deepEqual(told, [{ run: "a", step: 10 }]); // live is what is in view still
});

test("of a run that has ended the last networks are the end, no step to be held at", () => {
  const { parts, scrub, slide } = made();
  scrub.hear({ ...RUN, status: "finished", now: 20 });
  assert.deepEqual([parts.slider.max, parts.slider.value, parts.when.textContent, parts.status.textContent], [2, 2, "At the end", "Finished"]);
  slide("2");
  assert.equal(heldAt("a"), null);
  assert.deepEqual([placeAmong([0, 10], 20, 20), placeAmong([0, 10], 19, 20), placeAmong([], 3, 1)], [2, 1, 0]);
});

test("a run that NormScope comes with is recorded, as on all other pages", () => {
  const { parts, scrub } = made();
  scrub.hear({ ...RUN, status: "finished", now: 20, recorded: true });
  assert.equal(parts.status.textContent, "Recorded");
});

test("another run than the one that is held is live, and the worked example has no time", () => {
  const found = made();
  hold("b", 13);
  found.scrub.hear(RUN);
  assert.deepEqual([found.told, found.parts.when.textContent], [[], "Live"]);
  found.scrub.hear(null);
  assert.deepEqual([found.parts.time.hidden, found.waits], [true, false]);
});

test("where the class's cursor goes, the cube goes, until it is closed, and the worked example stays", () => {
  const { parts, scrub, told } = made();
  const lead = (step) => {
    hold("a", step);
    document.dispatchEvent(new Event(LED));
  };
  lead(10); // nothing is in view yet
  scrub.hear(null);
  lead(5);
  scrub.hear({ ...RUN, step: 5 });
  lead(20);
  assert.deepEqual([told, parts.when.textContent], [[{ run: "a", step: 20 }], "Held at step 20"]);
  scrub.close();
  lead(10);
  assert.equal(told.length, 1);
});

test("the step of the link that a page was opened by is held once, whatever the tab held before", async () => {
  globalThis.location = { search: "?run=a&cube=network%3Abn%2Cstep%3A5%2Ctensor%3Aconv2" };
  const linked = await script("scrub.js", "?linked");
  const { scrub, told } = made(linked.Scrub);
  hold("a", 13);
  scrub.hear({ ...RUN, step: 5 });
  assert.deepEqual([heldAt("a"), told], [5, []]);
  hold("a", 13);
  scrub.hear({ ...RUN, step: 5 });
  assert.deepEqual([heldAt("a"), told], [13, [{ run: "a", step: 13 }]]);
});

test("only a step of the cube's own link is one", () => {
  assert.deepEqual(["?cube=step:0", "?cube=left:gn,step:120,cell:1.2", "?cube=laststep:3", "?step=3", "", "?cube=step:x"].map(stepIn), [0, 120, null, null, null, null]);
});
