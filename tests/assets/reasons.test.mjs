// The reasons below the verdict: written over in place, and followed as the sidebar would.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { fold, follow, showReasons } = await script("reasons.js");
const { heldAt } = await script("cursor.js");

const pressed = [];
const beside = ["/gradients", "/parameters"].map((pathname) => ({ pathname, click: () => pressed.push(pathname) }));
globalThis.location = { search: "?run=a" };
const linked = () => Object.defineProperty({}, "pathname", { get() { return new URL(this.href).pathname; } });
globalThis.document = {
  baseURI: "http://there/",
  createElement: () => ({ children: [{}, linked()], remove() { this.list.children.splice(this.list.children.indexOf(this), 1); } }),
  querySelectorAll: () => beside,
};

// The list, as it is shown with its button.
function listed() {
  tab();
  const told = {};
  const classList = { open: false, toggle: (name, is) => (classList.open = is) };
  const list = { told, classList, children: [], get lastChild() { return this.children.at(-1); } };
  list.appendChild = (item) => {
    list.children.push(Object.assign(item, { list }));
    return item;
  };
  list.show = (reasons) => showReasons({ reasons: list, moreReasons: list.button }, reasons);
  list.button = { told, setAttribute: (name, value) => (told[name] = value) };
  return list;
}

const reason = (said, page = "gradients") => ({ said, place: `${page}: conv1, step 20`, arms: [], page, layer: "conv1", step: 20, source: "fixed", shown: "mean_abs" });
const texts = ({ children }) => children.map(({ children: [said, link] }) => [said.textContent, link.textContent]);

test("what has changed is written over: a link that has the focus is still the same one", () => {
  const list = listed();
  list.show([reason("at 10 %"), reason("b")]);
  const [first] = list.children;
  list.show([reason("at 11 %")]);
  assert.deepEqual(texts(list), [["at 11\u00a0%", "→\u00a0gradients: conv1, step 20"]]);
  assert.equal(list.children[0], first);
  list.show([]);
  assert.deepEqual(texts(list), []);
});

test("a press goes by the sidebar, and the run is held at the step; with a key held, or without a sidebar, the browser goes", () => {
  const list = listed();
  list.show([reason("a"), reason("b", "activations")]);
  const [near, far] = list.children.map(({ children: [, link] }) => link);
  const press = (link, more = {}) => {
    tab();
    const event = { target: { closest: () => link }, button: 0, prevented: false, preventDefault() { this.prevented = true; }, ...more };
    follow(event, "a");
    return [event.prevented, heldAt("a")];
  };
  assert.deepEqual([press(near), press(far), press(near, { ctrlKey: true }), press(null)], [[true, 20], [false, 20], [false, null], [false, null]]);
  assert.deepEqual(pressed, ["/gradients"]);
});

test("a low screen has the first reason, and a button that tells how many more, which opens them in this tab", () => {
  const list = listed();
  list.show([reason("a")]);
  assert.equal(list.button.hidden, true);
  list.show([reason("a"), reason("b")]);
  assert.deepEqual([list.button.hidden, list.button.textContent, list.classList.open], [false, "1 more reason", false]);
  list.show([reason("a"), reason("b"), reason("c")]);
  assert.equal(list.button.textContent, "2 more reasons");
  assert.equal(fold({ x: "step" }), false);
  assert.equal(fold({ reasons: "1" }), true);
  list.show([reason("a"), reason("b"), reason("c")]);
  assert.deepEqual([list.classList.open, list.told["aria-expanded"], list.button.textContent], [true, true, "the first reason only"]);
  fold({ reasons: "1" });
  list.show([reason("a"), reason("b")]);
  assert.equal(list.classList.open, false);
});
