// What draws the charts: fetched once, asked for again until it comes, evaluated after what was pressed is shown.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { setImmediate as settled } from "node:timers/promises";

import { script } from "./script.mjs";

const { speak } = await script("language.js");

let visits = 0;

// A page that is opened; `asked` says what it has asked the server for, as what, and `answer` lets the last of it come.
async function page(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const late = [{ textContent: "" }, { textContent: "" }];
  globalThis.window = new EventTarget();
  globalThis.document = {
    baseURI: "http://host/norm/gradients",
    createElement: (kind) => Object.assign(new EventTarget(), { kind, remove() { this.gone = true; } }),
    head: { append: (element) => asked.push(element) },
    querySelectorAll: (selector) => (selector === ".ns-late" ? late : []),
  };
  const library = await script("plotly.js", `?${(visits += 1)}`);
  return {
    ...library,
    asked: () => asked.map(({ kind, href, src }) => `${kind} ${href ?? src}`.replace("http://host/norm/vendor/", "")),
    late: () => late.map(({ textContent }) => textContent),
    html: library.late,
    async answer(event, Plotly) {
      if (Plotly) window.Plotly = Plotly;
      asked.at(-1).dispatchEvent(new Event(event));
      await settled();
    },
    async pass(ms) {
      t.mock.timers.tick(ms);
      await settled();
    },
  };
}

// Here the script lies in assets/shared; a server has its version between the two.
const ONCE = ["link plotly.min.js?v=shared", "script plotly.min.js?v=shared"];

test("whoever asks for it, it is fetched once, and then evaluated", async (t) => {
  const { plotly, asked, answer, late } = await page(t);
  const [first, second] = [plotly(), plotly()];
  assert.deepEqual(asked(), ONCE.slice(0, 1));
  await answer("load");
  assert.deepEqual(asked(), ONCE);
  await answer("load", "the library");
  assert.deepEqual(await Promise.all([first, second, plotly()]), Array(3).fill("the library"));
  assert.deepEqual(asked(), ONCE);
  assert.deepEqual(late(), ["", ""]);
});

test("a page that has it already asks for nothing", async (t) => {
  const { plotly, asked } = await page(t);
  window.Plotly = "there";
  assert.equal(await plotly(), "there");
  assert.deepEqual(asked(), []);
});

test("fetched ahead, it is evaluated once nobody has moved or typed for a moment, or at once where it is wanted", async (t) => {
  const { plotly, fetchAhead, asked, answer, pass } = await page(t);
  fetchAhead();
  await answer("load");
  await pass(200);
  window.dispatchEvent(new Event("pointermove"));
  await pass(100);
  assert.deepEqual(asked(), ONCE.slice(0, 1));
  await pass(299);
  assert.deepEqual(asked(), ONCE.slice(0, 1));
  plotly();
  await settled();
  assert.deepEqual(asked(), ONCE);
});

test("a page that is left alone has it evaluated", async (t) => {
  const { fetchAhead, asked, answer, pass } = await page(t);
  fetchAhead();
  await answer("load");
  await pass(300);
  assert.deepEqual(asked(), ONCE);
});

test("it is evaluated once what was pressed is shown", async (t) => {
  const { plotly, evaluateAfter, asked, answer } = await page(t);
  let show;
  plotly();
  evaluateAfter(new Promise((done) => (show = done)));
  await answer("load");
  assert.deepEqual(asked(), ONCE.slice(0, 1));
  show();
  await settled();
  assert.deepEqual(asked(), ONCE);
});

test("what was pressed and shows nothing keeps it waiting for some seconds at most", async (t) => {
  const { plotly, evaluateAfter, asked, answer, pass } = await page(t);
  plotly();
  evaluateAfter(new Promise(() => {}));
  await answer("load");
  await pass(3999);
  assert.deepEqual(asked(), ONCE.slice(0, 1));
  await pass(1);
  assert.deepEqual(asked(), ONCE);
});

test("that it takes long is said where the charts will be, and no more once they can be drawn", async (t) => {
  const { plotly, late, html, pass, answer } = await page(t);
  plotly();
  await pass(499);
  assert.deepEqual(late(), ["", ""]);
  await pass(1);
  assert.deepEqual(late(), Array(2).fill("The charts are still loading."));
  assert.match(html(), />The charts are still loading\.</); // on a page that is opened meanwhile
  await answer("load");
  await answer("load", "the library");
  assert.deepEqual(late(), ["", ""]);
});

for (const [how, ...answers] of [
  ["that cannot be fetched", "error"],
  ["that is fetched and cannot be read", "load", "error"],
  ["that is something else", "load", "load"],
]) {
  test(`a library ${how} is said to be missing, and is asked for again`, async (t) => {
    const { plotly, asked, late, answer, pass } = await page(t);
    const found = plotly();
    for (const each of answers) await answer(each);
    assert.match(late()[0], /^No charts yet: .* asks again\.$/);
    await pass(500);
    assert.match(late()[0], /^No charts yet/); // not merely late
    await pass(1500);
    assert.deepEqual(asked(), [...ONCE.slice(0, answers.length), `${ONCE[0]}&again=1`]); // or the browser would not ask
    await answer("load");
    await answer("load", "the library");
    assert.equal(await found, "the library");
    assert.deepEqual(late(), ["", ""]);
  });
}

test("where the charts will be, and why they are not there, is said in the language spoken when that is written", async (t) => {
  const { plotly, late, html, pass } = await page(t);
  plotly();
  await pass(500);
  assert.equal(late()[0], "The charts are still loading.");
  globalThis.document.documentElement = {};
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  await speak("zh");
  assert.match(html(), />图表还在加载。</);
  await speak("en");
  assert.match(html(), />The charts are still loading.</);
});
