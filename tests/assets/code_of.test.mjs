// Whose code the Runs page shows below its list.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document = Object.assign(new EventTarget(), { documentElement: {}, baseURI: "http://server/" });
globalThis.window = new EventTarget();
const { CodeOf } = await script("code_of.js");

const part = () => ({ addEventListener() {}, querySelectorAll: () => [], querySelector: () => ({ focus() {} }), scrollIntoView() {}, hidden: false, open: false });
globalThis.fetch = async () => ({ ok: true, text: async () => "" });
const names = ["code", "codeCopy", "codeScript", "codeNotebook", "codeChapter", "codeText", "codeSays", "codeWhose", "codeOf"];
const run = (id) => ({ id, name: `run <${id}>`, status: "finished", settings: {} });
const RUNS = ["a", "b", "c"].map(run);
const shown = (ticked, inView, opened) => {
  const parts = Object.fromEntries(names.map((name) => [name, part()]));
  const panel = new CodeOf(parts);
  const show = () => panel.show(RUNS, RUNS.filter(({ id }) => ticked.includes(id)), inView, "https://d2l.ai/");
  if (opened) panel.open(opened, show);
  else show();
  return parts;
};
const of = (...how) => shown(...how).codeScript.href.match(/runs\/(\w+)\//)[1];

test("it is the run’s whose code was asked for, else the only one’s that is ticked, else the one’s in view", () => {
  assert.equal(of(["b"], "c"), "b");
  assert.equal(of(["a", "b"], "c"), "c");
  assert.equal(of([], "c"), "c");
  assert.equal(of(["b"], "c", "a"), "a");
});

test("it says of which run it is, whose name is text", () => {
  assert.equal(shown(["b"], "").codeOf.innerHTML, "of <bdi>run &#60;b&#62;</bdi>");
});

test("there is none where no run is chosen, nor one of the sidebar’s settings, which have theirs on Train", () => {
  assert.equal(shown([], "").code.hidden, true);
  assert.equal(shown([], "elsewhere").code.hidden, true);
  assert.equal(shown(["a"], "").codeWhose.hidden, true);
});
