// The strip below the curves: when it is in sight, and what it forgets with a run.

import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate as settled } from "node:timers/promises";

import { script } from "./script.mjs";

let see;
globalThis.IntersectionObserver = class {
  constructor(tell) {
    see = tell;
  }
  observe() {}
  disconnect() {}
};
globalThis.window = new EventTarget();
const { Strip } = await script("strip.js");

// A strip, and what it asks for: each question waits for its answer.
function made(t) {
  globalThis.document = { baseURI: "http://server/", hidden: false };
  const questions = [];
  globalThis.fetch = (url) => new Promise((answer) => {
    const { pathname, searchParams } = new URL(url);
    const since = Number(searchParams.get("since"));
    questions.push({ run: pathname.split("/")[3], since, answer: (...seqs) => answer({ json: async () => ({ looks: seqs.map((seq) => ({ seq })), latest: Math.max(since, ...seqs) }) }) });
  });
  const strip = new Strip({ strip: { dataset: {} }, stripSays: {} });
  t.after(() => {
    strip.close();
    for (const name of ["document", "fetch"]) delete globalThis[name];
  });
  return { strip, questions };
}

test("of a sweep's run it says that there are no looks, and of another one that they come", (t) => {
  const { strip } = made(t);
  strip.follow("a", true);
  strip.learn({ status: "finished", step: 5 });
  assert.match(strip.says.textContent, /run of a sweep, which keeps its curves, and not its looks/);
  strip.follow("b", false);
  assert.match(strip.says.textContent, /as soon as the networks have been looked into/);
});

test("it is in sight where the newest of what the browser tells says so", (t) => {
  const { strip } = made(t);
  see([{ isIntersecting: false }, { isIntersecting: true }]);
  assert.equal(strip.isSeen, true);
  see([{ isIntersecting: true }, { isIntersecting: false }]);
  assert.equal(strip.isSeen, false);
});

test("a run that is followed anew is asked for from the first, and an answer that is older is not taken", async (t) => {
  const { strip, questions } = made(t);
  see([{ isIntersecting: true }]);
  strip.follow("a");
  questions[0].answer(1, 2);
  await settled();
  strip.learn({ status: "running", step: 5 });
  strip.ask();
  strip.follow("a");
  assert.deepEqual(questions.map(({ since }) => since), [0, 2, 0]);
  questions[1].answer(9);
  await settled();
  questions[2].answer(1, 2, 3);
  await settled();
  assert.deepEqual(strip.looks.map(({ seq }) => seq), [1, 2, 3]);
});

test("a look that comes before the page knows the run's arms is drawn when it does", async (t) => {
  const { strip, questions } = made(t);
  strip.element = { dataset: {}, clientWidth: 700, clientHeight: 160 };
  const drawn = [];
  strip.drawBoth = async (_plotly, _charts, look, _looks, arms) => drawn.push([look.seq, ...arms.map(({ name }) => name)]);
  see([{ isIntersecting: true }]);
  strip.follow("a");
  questions[0].answer(1);
  await settled();
  await strip.draw(null, [], new Set(), {});
  await strip.draw(null, [{ name: "bn" }], new Set(), {});
  await strip.draw(null, [{ name: "bn" }], new Set(), {});
  assert.deepEqual(drawn, [[1, "bn"]]);
});

const SECOND = 1000;

// At which times, in seconds, a strip asks while the run goes on and each answer brings what `looks` gives.
async function asksOf(t, seconds, looks) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { strip, questions } = made(t);
  const times = [];
  see([{ isIntersecting: true }]);
  strip.follow("a");
  for (let at = 0; at < 10 * seconds; at += 1) {
    for (const [i] of questions.slice(times.length).entries()) {
      times.push(at / 10);
      questions[times.length - 1 - i].answer(...looks(times.length));
    }
    await settled();
    strip.learn({ status: "running", step: at }); // there is always something new to ask for
    t.mock.timers.tick(SECOND / 10);
    await settled();
  }
  return times;
}

test("once it has a look it asks for at most one every three seconds", async (t) => {
  const times = await asksOf(t, 20, (n) => [n]);
  assert.deepEqual(times.slice(0, 5), [0, 3, 6, 9, 12]);
  assert.ok(times.every((time, i) => i === 0 || time - times[i - 1] >= 3), times);
});

test("until the first look is there it asks more often, but never twice at once", async (t) => {
  const times = await asksOf(t, 4, () => []);
  assert.deepEqual(times, [0, 0.6, 1.2, 1.8, 2.4, 3, 3.6]);
});
