// The “?” of a panel: where its answer stands, how its text is fetched, and where it leads.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { asks, besideTitle, buttonIn, inReference, placed, short, term } = await script("terms.js");
const { explained } = await script("explained.js");
const { contents, isMeant, sought } = await script("contents.js");

const VIEW = { width: 1000, height: 800 };
const at = (left, top) => ({ left, top, bottom: top + 20 });

test("the answer stands below its button, and above it where there is more room", () => {
  assert.deepEqual(placed(at(100, 50), { width: 400, height: 300 }, VIEW), { left: 100, top: 78, high: 300 });
  assert.deepEqual(placed(at(100, 700), { width: 400, height: 300 }, VIEW), { left: 100, top: 392, high: 300 });
});

test("whatever the button's place, the answer lies within the window and beside the button", () => {
  for (const width of [320, 390, 1000]) {
    for (let top = 0; top <= 780; top += 30) {
      for (let left = 0; left < width; left += 45) {
        const size = { width: Math.min(440, width - 16), height: 500 };
        const found = placed(at(left, top), size, { ...VIEW, width });
        assert.ok(found.left >= 8 && found.left + size.width <= width - 8, `${left} of ${width}`);
        assert.ok(found.top >= 8 && found.top + found.high <= 792, `${top}`);
        assert.ok(found.top >= top + 20 || found.top + found.high <= top, `covered at ${top}`);
      }
    }
  }
});

// A page at `place`, and a server that answers in turn; `asked` are the addresses.
function visit(place, ...answers) {
  globalThis.document = { baseURI: new URL(place, "http://server").href };
  globalThis.location = new URL(document.baseURI);
  const asked = [];
  globalThis.fetch = async (url, how) => {
    asked.push([url, how]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return { json: async () => answer };
  };
  return asked;
}

const SAID = {
  slug: "a-term", title: "A & B", short: "<p>short</p>",
  sections: ["from", "how", "what", "not"].map((title) => ({ title, html: `<p>${title} html</p>` })),
};

test("a text is fetched when it is asked for, once, and anew where it did not come", async () => {
  const asked = visit("/gradients", new TypeError("lost"), SAID);
  await assert.rejects(term("a-term"));
  assert.equal((await term("a-term")).title, "A & B");
  assert.equal((await term("a-term")).title, "A & B");
  assert.deepEqual(asked.map(([url]) => url), ["http://server/api/terms/a-term", "http://server/api/terms/a-term"]);
  assert.notEqual(asked[0][1].cache, "no-store"); // the browser may keep it
});

test("what the server refuses is no text", async () => {
  visit("/gradients", { error: "There is no term." });
  await assert.rejects(term("nothing"), /no term/);
});

test("the answer is the short one and how it is computed, and leads to the term", () => {
  visit("/gradients");
  const html = short(SAID);
  assert.match(html, /<h2>A &#38; B<\/h2><p>short<\/p>\s*<h3>how<\/h3><p>how html<\/p>/);
  assert.doesNotMatch(html, /from html|not html/);
  assert.match(html, /href="http:\/\/server\/reference\?term=a-term"/);
});

test("the way to Reference keeps the run in view and the language, below any base path", () => {
  visit("/norm/gradients?run=abc&lang=zh&term=old");
  assert.equal(inReference("a-term"), "http://server/norm/reference?run=abc&lang=zh&term=a-term");
  visit("/norm/?run=abc");
  assert.equal(inReference("a-term"), "http://server/norm/reference?run=abc&term=a-term");
});

test("a button says what it is for, and of what where several stand together", () => {
  assert.match(asks("drift"), /data-term="drift" aria-label="What is this\?" /);
  assert.match(asks("drift", 'a "b"'), /aria-label="What is this\? a &#34;b&#34;"/);
});

test("the button is what is asked; a row or an article of a term is not", () => {
  const made = (classes, slug) => ({ dataset: { term: slug }, classList: { contains: (name) => classes.includes(name) } });
  const pressed = (...path) => buttonIn({ composedPath: () => [...path, {}] }); // outermost the window, without a class
  const button = made(["ns-what"], "drift");
  const article = made([], "drift");
  assert.equal(pressed(made([]), button, article), button);
  assert.equal(pressed(made([]), article), undefined);
});

test("a chart's title makes room for the button in its corner alone", () => {
  const chart = (found) => ({ querySelector: (selector) => (selector === ":scope > .ns-what" ? found : null) });
  assert.equal(besideTitle(chart({ offsetWidth: 20 })), 28);
  assert.equal(besideTitle(chart(null)), 0);
});

test("what is told at the foot of a page is named there, not sent with it", () => {
  const html = explained("How?", ["drift", "percentiles"], "<p>more</p>");
  assert.match(html, /<details data-terms="drift percentiles"><summary>How\?<\/summary>.*<p>more<\/p><\/details>/s);
});

test("a term is found by parts of its name in either language, in any order and case", () => {
  const words = "batch-norm batch normalization 批量规范化 批量归一化";
  for (const text of ["", "norm batch", "Batch", "归一", "规范化 batch"]) assert.ok(isMeant(words, text), text);
  for (const text of ["layer", "batch layer", "层"]) assert.ok(!isMeant(words, text), text);
});

test("what is the name of no term is looked for in their texts", () => {
  const terms = [
    { slug: "batch-norm", words: "batch normalization 批量规范化", text: "批量规范化 …… 内部协变量偏移" },
    { slug: "drift", words: "drift 漂移", text: "漂移 …… 批量规范化 …… 内部协变量偏移" },
    { slug: "loss", words: "loss 损失", text: "损失" },
  ];
  assert.deepEqual([...sought(terms, "批量规范化").slugs], ["batch-norm"]); // and not all that speak of it
  assert.deepEqual(sought(terms, "协变量"), { slugs: new Set(["batch-norm", "drift"]), byName: false });
  assert.deepEqual(sought(terms, "精度"), { slugs: new Set(), byName: false });
  assert.deepEqual(sought(terms, ""), { slugs: new Set(["batch-norm", "drift", "loss"]), byName: true });
});

test("the glossary has both languages side by side, and every term a place to go to", () => {
  visit("/reference");
  const one = { ...SAID, titles: { en: "A & B", zh: "甲" }, also: "乙", place: "Discussion" };
  const html = contents({ about: { ...SAID, slug: "about" }, topics: [{ title: "T", terms: [one] }] });
  assert.match(html, /<th scope="row" lang="en"><a [^>]*>A &#38; B<\/a><\/th><td lang="zh-CN"><a [^>]*>甲<\/a><\/td>\s*<td lang="zh-CN">乙<\/td><td>Discussion<\/td>/);
  assert.match(html, /<article id="a-term" /);
  assert.match(html, /<article id="about" /);
  for (const part of SAID.sections) assert.equal(html.split(part.html).length, 3); // of the article, and of the term
});

test("the verdict of Train and the counts of what is not finite have a “?” of their own", async () => {
  const nothing = () => {};
  Object.assign(globalThis, { window: { addEventListener: nothing }, addEventListener: nothing, history: {}, sessionStorage: { getItem: () => null, setItem: nothing },
    document: { ...globalThis.document, addEventListener: nothing, body: { classList: { add: nothing, contains: () => false } } }, IntersectionObserver: class {} });
  const { skeleton } = await script("live_body.js");
  const { Activations } = await script("activations.js");
  const of = (html) => [...html.matchAll(/data-term="([^"]+)"/g)].map(([, slug]) => slug);
  assert.ok(of(skeleton()).includes("verdict"));
  assert.ok(of(Object.create(Activations.prototype).body).includes("non-finite"));
});
