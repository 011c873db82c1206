// A run of a lesson, of which arms may be hidden and revealed while it is followed, and afterwards.

import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate as settled } from "node:timers/promises";

import { script } from "./script.mjs";

const { Followed } = await script("followed.js");

const arm = (name) => ({ name, title: name, norm: name, parameters: 1, norm_parameters: 0, fingerprint: "" });
const started = (...names) => ({ kind: "started", seq: 1, steps_per_epoch: 8, total_steps: 8, test_examples: 9, arms: names.map(arm) });

// The server's answers to the questions for points, one after the other; and what was asked.
function followed(t, ...states) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { baseURI: "http://server/", hidden: false };
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(Number(new URL(url).searchParams.get("since")));
    const [status, hidden, ...arms] = states.length > 1 ? states.shift() : states[0];
    return { json: async () => ({ latest: 1, records: [started(...arms)], state: { status, hidden } }) };
  };
  const run = new Followed("a", {}, { changed() {}, gone() {} });
  t.after(() => {
    run.close();
    for (const name of ["document", "fetch"]) delete globalThis[name];
  });
  return { run, asked };
}

async function wait(t) {
  await settled();
  t.mock.timers.tick(300);
  await settled();
}

test("a run that has ended is asked no more", async (t) => {
  const { run, asked } = followed(t, ["finished", 0, "none", "bn"]);
  for (let i = 0; i < 3; i += 1) await wait(t);
  assert.deepEqual([run.hasEnded, run.unseen, asked.length], [true, 0, 1]);
});

test("with hidden arms it is asked on, and once one is revealed all is asked for again", async (t) => {
  const { run, asked } = followed(t, ["finished", 1, "none"], ["finished", 1, "none"], ["finished", 0, "none", "bn"]);
  await wait(t);
  assert.deepEqual([[...run.series.arms.keys()], run.unseen], [["none"], 1]);
  for (let i = 0; i < 4; i += 1) await wait(t);
  assert.deepEqual([[...run.series.arms.keys()], run.unseen], [["none", "bn"], 0]);
  assert.deepEqual(asked, [0, 1, 1, 0]);
});
