// The numbers of log axes from one look to the next.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { keptTicks, ticksFollow } = await script("log_axis.js");

const NUMBERS = { tickvals: [1, 10, 100], ticktext: ["1", "10", "100"] };

function chart(axes) {
  const acts = [];
  return { _fullLayout: axes, acts, on: (event, act) => acts.push(act), emit: () => acts.forEach((act) => act()) };
}

test("the numbers of the last drawing are kept, as copies that plotly may change", () => {
  const element = chart({ yaxis: { type: "log", ...NUMBERS } });
  const kept = keptTicks(element);
  assert.deepEqual(kept, NUMBERS);
  assert.notEqual(kept.tickvals, element._fullLayout.yaxis.tickvals);
  assert.notEqual(kept.ticktext, element._fullLayout.yaxis.ticktext);
});

test("each axis keeps its own", () => {
  const element = chart({ xaxis: { type: "log", ...NUMBERS }, yaxis: { type: "log", tickvals: [7], ticktext: ["7"] } });
  assert.deepEqual(keptTicks(element, "xaxis"), NUMBERS);
  assert.deepEqual(keptTicks(element, "yaxis"), { tickvals: [7], ticktext: ["7"] });
});

test("there is nothing to keep before the first drawing, on a linear axis, or without numbers", () => {
  assert.deepEqual(keptTicks({}), {});
  assert.deepEqual(keptTicks(chart({})), {});
  assert.deepEqual(keptTicks(chart({ yaxis: { type: "linear", ...NUMBERS } })), {});
  assert.deepEqual(keptTicks(chart({ yaxis: { type: "log" } })), {});
});

test("all axes that are named of a chart that has been drawn get their numbers at once, and are followed once only", () => {
  const changes = [];
  const Plotly = { relayout: (_, change) => changes.push(Object.keys(change).filter((key) => key.endsWith("tickvals"))) };
  const element = chart({ yaxis: { type: "log", range: [0, 3] }, yaxis2: { type: "log", range: [-2, 0] } });
  ticksFollow(Plotly, element, "yaxis", "yaxis2");
  ticksFollow(Plotly, element, "yaxis", "yaxis2");
  assert.deepEqual(changes, [["yaxis.tickvals", "yaxis2.tickvals"]], "one drawing for both");
  element.emit();
  assert.equal(changes.length, 2);
});

test("an upright axis that comes later, with another row of panels, gets its numbers, too; a flat one that is not named does not", () => {
  const changes = [];
  const Plotly = { relayout: (_, change) => changes.push(Object.keys(change).filter((key) => key.endsWith("tickvals"))) };
  const element = chart({ xaxis: { type: "log", range: [0, 3] }, yaxis: { type: "log", range: [0, 3], tickvals: [1, 10, 100, 1000] } });
  ticksFollow(Plotly, element, "yaxis");
  assert.deepEqual(changes, []);
  element._fullLayout.yaxis12 = { type: "log", range: [0, 3] };
  element.emit();
  assert.deepEqual(changes, [["yaxis12.tickvals"]]);
});
