// Which keys move the cursor, and when they are somebody else's.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

let listener;
let dialog = null;
globalThis.document = {
  querySelector: () => dialog,
  addEventListener: (_type, heard) => (listener = heard),
  removeEventListener: (_type, heard) => (listener = listener === heard ? null : listener),
};

const { cursorKeys } = await script("cursor_keys.js");

// What is moved by `key`, pressed on something that `matches` a selector or nothing.
function press(key, { more = {}, matches = null, isMine = () => true } = {}) {
  const gone = [];
  const unlisten = cursorKeys(isMine, (each) => gone.push(each));
  let prevented = 0;
  const on = { closest: (css) => (matches && css.split(", ").includes(matches) ? on : null) };
  listener({ key, composedPath: () => [on], preventDefault: () => (prevented += 1), ...more });
  unlisten();
  assert.equal(listener, null);
  assert.equal(prevented, gone.length); // the page scrolls by the others
  return gone;
}

test("arrows, Home and End move the cursor, other keys do not", () => {
  for (const key of ["ArrowLeft", "ArrowRight", "Home", "End"]) assert.deepEqual(press(key), [key]);
  for (const key of ["ArrowUp", "PageDown", " ", "a"]) assert.deepEqual(press(key), []);
});

test("with another key held down, or heard by somebody else, they are not the cursor's", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey", "shiftKey", "defaultPrevented"]) {
    assert.deepEqual(press("ArrowLeft", { more: { [held]: true } }), [], held);
  }
});

test("a field, a choice and an answer keep theirs, and where there is nothing to move nothing is taken", () => {
  for (const matches of ["input", "[role=slider]", "[role=radio]", ".ns-answer"]) assert.deepEqual(press("Home", { matches }), [], matches);
  assert.deepEqual(press("Home", { isMine: () => false }), []);
});

test("nothing moves behind a dialog", () => {
  dialog = {};
  assert.deepEqual(press("ArrowRight"), []);
  dialog = null;
  assert.deepEqual(press("ArrowRight"), ["ArrowRight"]);
});
