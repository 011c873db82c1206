// Whether somebody drags in a chart, where the focus stays in what is written anew, and numbers beside a chart.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { script } from "./script.mjs";

const { speak } = await script("language.js");
const { CONFIG, SMALL, brief, dragging, escape, fill, get, layout, number, percent, scientific } = await script("web.js");

// A panel whose chart is pressed, and a window; `lasting` counts what the window is still asked to tell.
function panel(t, where = ".ns-chart") {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const page = new EventTarget();
  let lasting = 0;
  for (const [method, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
    const original = page[method].bind(page);
    page[method] = (...what) => {
      lasting += change;
      original(...what);
    };
  }
  globalThis.window = page;
  const element = Object.assign(new EventTarget(), { closest: (selector) => selector === where });
  const released = t.mock.fn();
  const isDragging = dragging(element, released);
  const press = () => element.dispatchEvent(new Event("pointerdown"));
  return { isDragging, released: () => released.mock.callCount(), press, end: (how) => page.dispatchEvent(new Event(how)), lasting: () => lasting };
}

// An element whose controls are other ones whenever it is written.
function written(names) {
  const made = () => names.map((name) => ({ name, focus() { document.activeElement = this; } }));
  let controls = made();
  return { querySelectorAll: () => controls, set innerHTML(html) {
    controls = made();
    document.activeElement = null;
  }, controls: () => controls };
}

test("what is written anew has the focus where it was, and nowhere if it was elsewhere", (t) => {
  t.after(() => delete globalThis.document);
  globalThis.document = { activeElement: null };
  const row = written(["tick", "open", "more"]);
  fill(row, "<td>step 1</td>");
  assert.equal(document.activeElement, null);
  const before = row.controls()[2];
  before.focus();
  fill(row, "<td>step 2</td>");
  assert.equal(document.activeElement, row.controls()[2]);
  assert.notEqual(document.activeElement, before);
});

test("what is as before is not written", () => {
  const row = { html: "<td>", querySelectorAll: () => assert.fail(), set innerHTML(html) { assert.fail(html); } };
  fill(row, "<td>");
});

for (const how of ["pointerup", "pointercancel"]) {
  test(`a drag in a chart lasts until ${how}, and a moment later the chart is drawn again`, (t) => {
    const { isDragging, released, press, end } = panel(t);
    assert.equal(isDragging(), false);
    press();
    assert.equal(isDragging(), true);
    end(how);
    assert.equal(isDragging(), false);
    assert.equal(released(), 0);
    t.mock.timers.tick(100);
    assert.equal(released(), 1);
  });
}

test("who presses beside the charts drags nothing", (t) => {
  const { isDragging, released, press, end } = panel(t, ".ns-bar");
  press();
  assert.equal(isDragging(), false);
  end("pointerup");
  t.mock.timers.tick(100);
  assert.equal(released(), 0);
});

test("between drags the window keeps nothing of a panel, which may have left the page", (t) => {
  const { press, end, lasting } = panel(t);
  assert.equal(lasting(), 0);
  press();
  assert.equal(lasting(), 2);
  end("pointerup");
  assert.equal(lasting(), 0);
});

test("a brief number has two digits that matter, and a power of ten where it is very small or large", () => {
  const found = [null, 0, 0.0054, 0.2, -1.4, 320, 9999, 10000, 0.0001, 0.00009, -2.7e-7, 1e32, Infinity].map(brief);
  assert.deepEqual(found, ["–", "0", "0.0054", "0.20", "−1.4", "320", "10000", "1.0·10⁴", "0.00010", "9.0·10⁻⁵", "−2.7·10⁻⁷", "1.0·10³²", "Infinity"]);
});

test("a number in powers of ten has as many decimals as asked for, and what is not finite is named", () => {
  assert.deepEqual([scientific(12345, 2), scientific(-0.00012, 0), scientific(0, 1)], ["1.23·10⁴", "−1·10⁻⁴", "0.0·10⁰"]);
  assert.deepEqual([scientific(-Infinity, 1), scientific(NaN, 1)], ["−Infinity", "NaN"]);
});

test("shares are per cent with one decimal, counts have commas, and what is missing is a dash", () => {
  assert.deepEqual([percent(0.123456), percent(1), percent(0), percent(null), percent(undefined)], ["12.3 %", "100.0 %", "0.0 %", "–", "–"]);
  assert.equal(number(1234567), "1,234,567");
});

test("a text cannot become HTML", () => {
  assert.equal(escape(`<b class="x">'&`), "&#60;b class=&#34;x&#34;&#62;&#39;&#38;");
});

test("an axis writes large numbers in powers of ten, as the words do, and never as 2B", () => {
  const { xaxis, yaxis } = layout({ type: 14 }, { xaxis: { nticks: 6 }, yaxis: { title: { text: "running mean" } } });
  assert.deepEqual([xaxis.exponentformat, yaxis.exponentformat], ["power", "power"]);
});

test("the buttons beside a chart, plotly's own too, have their words in the language that is spoken when it is drawn", async () => {
  const words = ({ locale, locales, modeBarButtons: [[save]] }) => [save.title(), locales[locale].dictionary.Pan];
  assert.deepEqual([CONFIG, SMALL].map(words), [["Save as PNG", "Pan"], ["Save as PNG", "Pan"]]);
  globalThis.document = { documentElement: {} };
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  await speak("zh");
  assert.deepEqual([CONFIG, SMALL].map(words), [["保存为PNG", "平移"], ["保存为PNG", "平移"]]);
  await speak("en");
});

test("what a run has seen is kept by the browser where all of it is asked for, and news are not", async (t) => {
  t.after(() => delete globalThis.document);
  globalThis.document = { baseURI: "http://server/" };
  const how = [];
  t.mock.method(globalThis, "fetch", async (_, options) => {
    how.push(options.cache);
    return { status: 200, json: async () => ({}) };
  });
  for (const asked of ["inside?view=depth&source=fixed&since=0", "inside?view=depth&since=0&layer=conv1", "inside/3"]) await get(`api/runs/a/${asked}`);
  for (const asked of ["inside?view=depth&source=fixed&since=01", "inside?view=depth&since=7", "points?since=0"]) await get(`api/runs/a/${asked}`);
  assert.deepEqual(how, [undefined, undefined, undefined, "no-store", "no-store", "no-store"]);
});
