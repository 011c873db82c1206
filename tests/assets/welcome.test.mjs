// What a first visitor meets: when and where the run was recorded, and three ways in.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { english, inChinese } from "./speech.mjs";

globalThis.document = Object.assign(new EventTarget(), { documentElement: {}, baseURI: "http://server/norm/" });
globalThis.window = new EventTarget();
globalThis.sessionStorage ??= { getItem: () => null, setItem: () => {} };
const { mark, ways } = await script("welcome.js");

const RECORDED = { recorded: { when: Date.UTC(2026, 10, 26, 23, 59) / 1000, processor: "A <b>CPU</b>", torch: "2.15.0" }, formats: ["csv", "bundle"] };

test("when, where and with what are told, by one clock for all, and that it is not running here", () => {
  const words = mark(RECORDED);
  assert.match(words, /recorded on 26 Nov 2026, on A &#60;b&#62;CPU&#60;\/b&#62; with PyTorch 2\.15\.0\. It is not running here\./);
  assert.equal(words.match(/data-do="restart"/g).length, 1);
});

test("it is said in Chinese", async () => {
  await inChinese();
  assert.match(mark(RECORDED), /2026年11月26日/);
  await english();
});

test("every format can be saved", () => {
  assert.deepEqual([...mark(RECORDED).matchAll(/data-format="(\w+)"/g)].map(([, form]) => form), ["csv", "bundle"]);
});

test("of the three ways, the one that is taken is marked, and the others lead below the page’s own address", () => {
  const words = ways({ learn: "lessons?lang=zh" });
  assert.equal(words.match(/<li/g).length, 3);
  assert.equal(words.match(/aria-current/g).length, 1);
  assert.match(words, /href="http:\/\/server\/norm\/lessons\?lang=zh"/);
  assert.match(words, /<button data-do="compare">/);
});
