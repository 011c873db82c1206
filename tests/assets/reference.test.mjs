// The page Reference when its texts do not come.

import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate as settled } from "node:timers/promises";

import { script } from "./script.mjs";
import { english } from "./speech.mjs";

globalThis.history = {}; // of which address_bar.js watches the calls
globalThis.location = { search: "" };
const { mount } = await script("reference.js");
await english();

for (const [what, answer] of [["a refusal", async () => ({ json: async () => ({ error: "no" }) })], ["no connection", async () => { throw new TypeError("cut"); }]]) {
  test(`after ${what} one can ask again`, async (t) => {
    t.after(() => delete globalThis.document);
    const element = new EventTarget();
    globalThis.document = { baseURI: "http://server/", createElement: () => element };
    globalThis.fetch = answer;
    mount({ parentElement: { append() {} } });
    assert.match(element.innerHTML, /Fetching/);
    await settled();
    assert.match(element.innerHTML, /did not come.*Ask again/);
  });
}
