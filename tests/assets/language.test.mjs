import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { afterEach, beforeEach } from "node:test";

import { script } from "./script.mjs";

const { _, ngettext, pgettext, speak, spoken } = await script("language.js");

let asked;

// The server's answer is the file itself; `document` is as much of a page as the script needs.
beforeEach(() => {
  asked = [];
  globalThis.document = { documentElement: { lang: "en" }, baseURI: "http://server/norm/gradients?seed=3", cookie: "" };
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return { json: async () => JSON.parse(readFileSync(url, "utf8")) };
  };
});
afterEach(() => speak("en"));

test("English needs no catalog, and asks for none", async () => {
  await speak("en");
  assert.equal(_("❚❚ Pause"), "❚❚ Pause");
  assert.deepEqual([asked, spoken(), document.documentElement.lang], [[], "en", "en"]);
});

test("a catalog that did not come is asked for again, and until then the page is in English", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("no connection");
  };
  await speak("zh");
  assert.equal(_("❚❚ Pause"), "❚❚ Pause");
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  await speak("zh");
  assert.equal(_("❚❚ Pause"), "❚❚ 暂停");
});

test("a catalog is fetched once", async () => {
  await speak("zh");
  await speak("en");
  await speak("zh");
  assert.ok(asked.length <= 1);
  assert.deepEqual([_("Ready"), spoken()], ["就绪", "zh"]);
});

test("what was chosen last is spoken, also where the catalog of what was chosen before comes later", async () => {
  const fresh = await script("language.js", "?fresh");
  const { fetch } = globalThis;
  let come;
  globalThis.fetch = (url) => new Promise((done) => (come = () => done(fetch(url))));
  const chinese = fresh.speak("zh", true);
  await fresh.speak("en", true);
  come();
  await chinese;
  assert.deepEqual([fresh._("Ready"), fresh.spoken(), document.documentElement.lang], ["Ready", "en", "en"]);
  assert.match(document.cookie, /^normscope_language=en;/);
});

test("the page says in which language it is, so that the browser draws Chinese and not Japanese characters", async () => {
  await speak("zh");
  assert.equal(document.documentElement.lang, "zh-CN");
  await speak("en");
  assert.equal(document.documentElement.lang, "en");
});

test("values are put in by their names, in the order that the language has", async () => {
  assert.equal(_("step {step} of {total}", { step: "7", total: "1,200" }), "step 7 of 1,200");
  await speak("zh");
  assert.equal(_("step {step} of {total}", { step: "7", total: "1,200" }), "第7步，共1,200步");
});

test("a value that is 0 or empty is put in, one that is missing is not", () => {
  assert.equal(_("{a}|{b}|{c}", { a: 0, b: "" }), "0||{c}");
  assert.equal(_("{a}"), "{a}");
});

test("what a value has of signs stays as it is", () => {
  assert.equal(_("{a} of {b}", { a: "$& {b} $1", b: "x" }), "$& {b} $1 of x");
});

test("one and many are told apart in English", () => {
  assert.deepEqual([0, 1, 2].map((n) => ngettext("{n} epoch", "{n} epochs", n)), ["0 epochs", "1 epoch", "2 epochs"]);
});

test("a word is told apart by its context", async () => {
  assert.equal(pgettext("one mini-batch", "▸❘ Step"), "▸❘ Step");
  await speak("zh");
  assert.equal(pgettext("one mini-batch", "▸❘ Step"), "▸❘ 单步");
});

test("what no catalog has is told in English", async () => {
  await speak("zh");
  assert.equal(_("unheard of"), "unheard of");
});

test("only what the visitor has chosen is kept for the next visit, for all pages of this server", async () => {
  await speak("zh", false);
  assert.equal(document.cookie, "");
  await speak("zh", true);
  assert.match(document.cookie, /^normscope_language=zh; path=\/norm\/; max-age=31536000; samesite=lax$/);
});
