// Where somebody points in the curves.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Pointing } = await script("pointing.js");

// A chart of 400 pixels at 100, of steps 0 to 40, with what it hears; and what is told of it.
function pointed() {
  const heard = {};
  const up = [];
  globalThis.document = { createElement: () => ({ style: {}, classList: { toggle: () => {} } }) };
  globalThis.window = { addEventListener: (_type, listener) => up.push(listener) };
  const xaxis = { _offset: 50, _length: 400, p2d: (px) => px / 10, d2p: (step) => 10 * step };
  const chart = {
    _fullLayout: { xaxis, yaxis: { _offset: 20, _length: 200 } }, appendChild: (line) => line, getBoundingClientRect: () => ({ left: 100 }),
    addEventListener: (type, listener) => { heard[type] = listener; },
  };
  const told = [];
  const tell = (what) => (...given) => told.push([what, ...given]);
  const pointing = new Pointing([chart], { hover: tell("hover"), press: tell("press"), undo: tell("undo") });
  const plot = { closest: () => ({}) };
  const event = (clientX, more) => ({ clientX, clientY: 60, target: plot, isPrimary: true, button: 0, buttons: 0, movementX: 3, movementY: 0, ...more });
  const press = (x, detail = 1, to = x) => {
    heard.pointerdown(event(x));
    heard.mousedown({ detail });
    up[0](event(to));
  };
  return { told, heard, event, press, pointing };
}

test("the pointer tells the place on the axis, and that it has left", () => {
  const { told, heard, event } = pointed();
  heard.pointermove(event(270));
  heard.pointerleave();
  heard.pointermove(event(270, { target: { closest: () => null } })); // over the axis' numbers
  assert.deepEqual(told, [["hover", 12], ["hover", null], ["hover", null]]);
});

test("a finger, a drag and a pointer that only rests there lead nothing", () => {
  const { told, heard, event } = pointed();
  for (const more of [{ pointerType: "touch" }, { buttons: 1 }, { movementX: 0 }]) heard.pointermove(event(270, more));
  assert.deepEqual(told, []);
});

test("a press is told where it was, a drag is none, and the second of a double click takes the first back", () => {
  const { told, press } = pointed();
  press(250, 1, 320);
  press(250);
  press(251, 2);
  press(350);
  assert.deepEqual(told, [["press", 10], ["undo"], ["press", 20]]);
});

test("the line stands at the cursor within the plot, firm where it is held, and nowhere outside", () => {
  const { pointing } = pointed();
  const [line] = pointing.lines;
  pointing.place(12, true);
  assert.deepEqual([line.hidden, line.style.left, line.style.top, line.style.height], [false, "170px", "20px", "200px"]);
  for (const outside of [-1, 41, null]) {
    pointing.place(outside, true);
    assert.equal(line.hidden, true, outside);
  }
});
