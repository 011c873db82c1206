// An order that is given while the page still stands up, before Python has said a word.

import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { setImmediate } from "node:timers";

import { script } from "./script.mjs";

const nothing = { activeElement: null, baseURI: "http://localhost/", querySelector: () => null, querySelectorAll: () => [] };
globalThis.sessionStorage = { getItem: () => null, setItem() {} };
globalThis.document = Object.assign(new EventTarget(), nothing);
globalThis.window = new EventTarget();
globalThis.location = { href: "http://localhost/" };
mock.timers.enable({ apis: ["setTimeout"] });

const { mount, order } = await script("orders.js");
const { GONE } = await script("web.js");
const settled = () => new Promise((done) => setImmediate(done));

test("an order before Python has said anything goes as soon as it has, once", async () => {
  order({ do: "start" });
  document.dispatchEvent(new Event(GONE)); // a chart hears that its run is gone
  await settled();
  mock.timers.tick(10_000);
  const sent = [];
  const data = { visitor: "first", heard: 0, sets: 2, page: "", opened: {}, link: {}, form: {} };
  mount({ data, setTriggerValue: (_, message) => sent.push(structuredClone(message)) });
  mock.timers.tick(0);
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0].orders.map(({ do: what }) => what), ["start", "look"]);
});
