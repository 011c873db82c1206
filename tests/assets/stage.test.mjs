// What the keys of the stage do: on Train the press of a button there, elsewhere an order; and when they are not the stage's.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

tab();
const pages = ["", "gradients", "cube", "lessons"].map((path) => ({
  pathname: `/${path}`, clicks: 0, opened: path === "gradients",
  querySelector: () => ({ textContent: path || "train" }),
  getAttribute(name) {
    return name === "aria-current" && this.opened ? "page" : null;
  },
  click() {
    this.clicks += 1;
  },
}));
const buttons = {}; // of Train, by what they do
let heard;
let dialog = null;
let isTrain = false;
const classes = new Set(["ns-projector"]);
const nav = { classList: { toggle() {} }, addEventListener() {}, setAttribute() {}, parentElement: null, querySelector: () => help };
const help = { toggled: 0, togglePopover() {
  this.toggled += 1;
} };
const find = (css) => {
  if (css.startsWith("dialog")) return dialog;
  if (css === ".ns-train") return isTrain ? {} : null;
  const what = css.match(/data-do="(\w+)"/)?.[1];
  return what ? buttons[what] ?? null : null;
};
globalThis.document = {
  body: { style: { setProperty() {} }, classList: { contains: (name) => classes.has(name), toggle: (name) => !classes.delete(name) && classes.add(name) } },
  createElement: () => nav, querySelector: find, querySelectorAll: (css) => (css.includes("stSidebarNavLink") ? pages : []),
  addEventListener: (type, listener) => type === "keydown" && (heard = listener), baseURI: "http://here/",
};
globalThis.window = { dispatchEvent() {} };
globalThis.location = { href: "http://here/" };
for (const observer of ["MutationObserver", "ResizeObserver"]) globalThis[observer] = class {
  observe() {}
};

const { meet } = await script("stage.js");
const orders = [];
const python = (more = {}) => meet({ mine: true, link: { run: "a" }, ...more }, async (what) => orders.push(what));
python();

// The orders that follow a key, and whether it was taken.
async function press(key, more = {}, matches = "") {
  orders.length = 0;
  let taken = false;
  const on = { closest: (css) => (matches && css.split(", ").includes(matches) ? on : null) };
  heard({ key, composedPath: () => [on], preventDefault: () => (taken = true), ...more });
  await new Promise((done) => setTimeout(done)); // what an order waits for
  return [orders.map((order) => order.do), taken];
}
const answers = (status) => (globalThis.fetch = async () => ({ ok: true, status: 200, headers: { get: () => "application/json" }, json: async () => ({ state: { status } }), text: async () => JSON.stringify({ state: { status } }) }));

test("from other pages than Train, keys are orders about the run in view", async () => {
  assert.deepEqual(await press("b"), [["restart"], true]);
  assert.deepEqual(await press("B"), [["restart"], true]);
  assert.deepEqual(await press("."), [["step"], true]);
  assert.deepEqual(await press("v"), [["reveal"], true]);
  assert.equal(orders[0].run, "a");
});

test("Space pauses a run that goes on, and has one that is paused go on", async () => {
  for (const [status, what] of [["running", "pause"], ["paused", "resume"]]) {
    answers(status);
    const [, taken] = await press(" ");
    while (!orders.length) await new Promise((done) => setTimeout(done));
    assert.deepEqual([orders.map((order) => order.do), taken], [[what], true]);
  }
});

test("H hides the arms, of the next runs, too, and once more shows them", async () => {
  assert.deepEqual(await press("h"), [["hide"], true]);
  assert.deepEqual(await press("b"), [["restart"], true]);
  assert.equal(orders[0].hides, true);
  assert.deepEqual(await press("h"), [["show"], true]);
});

test("who watches orders nothing", async () => {
  python({ mine: false });
  for (const key of ["b", ".", "v", "h"]) assert.deepEqual((await press(key))[0], [], key);
  python();
});

test("a number opens the page of that place, and a question mark tells the keys", async () => {
  await press("3");
  assert.deepEqual(pages.map(({ clicks }) => clicks), [0, 0, 1, 0]);
  await press("9");
  await press("?");
  assert.equal(help.toggled, 1);
});

test("on Train a key is the press of the button there, if that can be pressed; Space and full stop are Train's own", async () => {
  isTrain = true;
  const button = (more) => ({ clicks: 0, click() {
    this.clicks += 1;
  }, ...more });
  buttons.restart = button();
  buttons.reveal = button({ hidden: true });
  assert.deepEqual(await press("b"), [[], true]);
  assert.deepEqual(await press("v"), [[], true]);
  assert.deepEqual([buttons.restart.clicks, buttons.reveal.clicks], [1, 0]);
  assert.deepEqual(await press(" "), [[], false]);
  assert.deepEqual(await press("."), [[], false]);
  for (const what of Object.keys(buttons)) delete buttons[what];
  isTrain = false;
});

test("keys that are held with others, repeated, typed or pressed on a button are not the stage's", async () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { repeat: true }, { isComposing: true }, { defaultPrevented: true }]) {
    assert.deepEqual(await press("b", more), [[], false], JSON.stringify(more));
  }
  assert.deepEqual(await press("b", {}, "input"), [[], false]);
  assert.deepEqual(await press(" ", {}, "button"), [[], false]);
});

test("nothing happens behind a dialog, nor where the page is not projected", async () => {
  dialog = {};
  assert.deepEqual(await press("b"), [[], false]);
  dialog = null;
  await press("p");
  assert.deepEqual(await press("b"), [[], false]);
  classes.add("ns-projector");
  assert.deepEqual(await press("b"), [["restart"], true]);
});

test("only a page that shows the cursor promises keys for it", () => {
  assert.match(nav.made, /<kbd>←<\/kbd>/);
  for (const page of pages) page.opened = page.pathname === "/lessons";
  python();
  assert.doesNotMatch(nav.made, /<kbd>←<\/kbd>/);
});
