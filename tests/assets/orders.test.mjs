// Orders on their way to Python: numbered, sent again until they are heard, with what the form's fields hold back.

import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { setImmediate } from "node:timers";

import { script } from "./script.mjs";

// A page without fields, whose tab remembers; `fields` are what the form's selectors find.
const kept = new Map();
let fields = {};
globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
globalThis.document = Object.assign(new EventTarget(), {
  activeElement: null,
  baseURI: "http://localhost/normscope/",
  querySelector: () => null,
  querySelectorAll: (selector) => Object.entries(fields).filter(([part]) => selector.includes(part)).flatMap(([, found]) => found),
});
globalThis.window = new EventTarget();
globalThis.location = { href: "http://localhost/normscope/" };

mock.timers.enable({ apis: ["setTimeout"] });

const { areWaiting, mount, order } = await script("orders.js");
const box = (setting, value) => ({ value, closest: () => ({ className: `stElementContainer st-key-${setting}` }) });
const settled = () => new Promise((done) => setImmediate(done));

// What Python says, of one session after the other; `sent` is what came to it.
const sent = [];
const python = (said) => mount({
  data: { visitor: "first", heard: 0, sets: 2, page: "", opened: {}, link: { lr: "0.1" }, form: { lr: "0.1" }, ...said },
  setTriggerValue: (name, message) => sent.push(structuredClone(message)),
});
const numbers = () => sent.at(-1).orders.map(({ number }) => number);
const doings = () => sent.at(-1).orders.map(({ do: what }) => what);

test("an order goes at once, with how much of the form's filling was seen, and is sent until it is heard", async () => {
  python({});
  const heard = order({ do: "start" });
  await settled();
  assert.deepEqual(sent, [{ seen: 2, orders: [{ do: "start", number: 1 }] }]);
  mock.timers.tick(3000);
  assert.deepEqual(sent[1], sent[0]);
  python({ heard: 1 });
  await heard;
  mock.timers.tick(60_000);
  assert.equal(sent.length, 2);
  assert.equal(areWaiting(), false);
});

test("an order that a newer one overtakes goes with it once more", async () => {
  order({ do: "step" });
  order({ do: "step" });
  await settled();
  assert.deepEqual(numbers(), [2, 3]);
  python({ heard: 2 });
  order({ do: "stop" });
  await settled();
  assert.deepEqual(numbers(), [3, 4]);
  python({ heard: 4 });
});

test("what was typed into the list of arms goes with the order, though the press has emptied the field", async () => {
  fields = { stMultiSelect: [box("arms", "gn1 ")] };
  document.dispatchEvent(new Event("pointerdown"));
  fields = {};
  order({ do: "start" });
  await settled();
  assert.deepEqual(sent.at(-1).orders[0].typed, { arms: "gn1" });
  python({ heard: 5 });
  window.dispatchEvent(new Event("click"));
  order({ do: "start" });
  await settled();
  assert.equal(sent.at(-1).orders[0].typed, undefined, "it was for the press before");
  python({ heard: 6 });
});

test("a number that its field refuses goes with the order as it is shown", async () => {
  fields = { "aria-invalid": [box("epochs", "99999999999999999999")] };
  order({ do: "start" });
  await settled();
  assert.deepEqual(sent.at(-1).orders[0].typed, { epochs: "99999999999999999999" });
  fields = {};
  python({ heard: 7 });
});

test("a server started anew hears what the one before has not, after the form is filled as it was", async () => {
  const link = { lr: "0.5", run: "one" };
  python({ heard: 7, link, form: { lr: "0.02" } });
  order({ do: "start" });
  await settled();
  python({ visitor: "second", opened: link, link, form: { lr: "0.5" } });
  mock.timers.tick(1);
  assert.deepEqual(doings(), ["fill", "start"]);
  assert.deepEqual(sent.at(-1).orders[0].form, { lr: "0.02" });
  assert.ok(numbers()[0] < numbers()[1]);
  python({ visitor: "second", heard: numbers()[1], opened: link, link, form: { lr: "0.02" } });
  assert.equal(areWaiting(), false);
});

test("another link opened in the same tab is not filled with what was there before", async () => {
  const before = sent.length;
  const link = { lr: "0.5", run: "two" };
  python({ visitor: "third", opened: link, link, form: { lr: "0.5" } });
  mock.timers.tick(60_000);
  assert.equal(sent.length, before);
});

test("while Streamlit turns to another page no order calls it back: it goes from there", async () => {
  python({ visitor: "third" });
  location.href = "http://localhost/normscope/runs?run=a";
  const before = sent.length;
  order({ do: "pause" });
  await settled();
  assert.equal(sent.length, before);
  python({ visitor: "third" });
  mock.timers.tick(1);
  assert.equal(sent.length, before, "this is still the page before");
  python({ visitor: "third", page: "runs" });
  mock.timers.tick(1);
  assert.deepEqual(doings(), ["pause"]);
  python({ visitor: "third", page: "runs", heard: numbers()[0] });
});

// The list of pages beside the page: what is open there, Streamlit says when the server has heard of the press.
let open = "/normscope/";
const linkTo = (pathname) => ({
  pathname, getAttribute: () => (pathname === open ? "page" : null),
  closest: (selector) => (selector.includes("stSidebarNavLink") ? linkTo(pathname) : null),
});
const pressed = []; // what Streamlit hears of
document.addEventListener("click", (event) => pressed.push(event.composedPath()[0].pathname), true);
const pressLink = (pathname) => {
  const link = { ...linkTo(pathname), click: () => pressLink(pathname) };
  link.closest = (selector) => (selector.includes("stSidebarNavLink") ? link : null);
  document.dispatchEvent(Object.assign(new Event("click", { cancelable: true }), { composedPath: () => [link] }));
};

test("from the press on a page's link on no order calls Streamlit back, though nothing shows the turn yet", async () => {
  fields = { stSidebarNavLink: [linkTo("/normscope/"), linkTo("/normscope/runs")] };
  location.href = "http://localhost/normscope/";
  python({ visitor: "third" });
  mock.timers.tick(1);
  const before = sent.length;
  pressLink("/normscope/runs");
  order({ do: "look" });
  await settled();
  mock.timers.tick(3000);
  python({ visitor: "third" }); // a part of the page before, drawn late
  mock.timers.tick(1);
  assert.equal(sent.length, before);
  open = "/normscope/runs";
  location.href = "http://localhost/normscope/runs";
  python({ visitor: "third", page: "runs" });
  mock.timers.tick(1);
  assert.deepEqual(doings(), ["look"]);
  python({ visitor: "third", page: "runs", heard: numbers()[0] });
});

test("a press on a page's link waits for what Streamlit was handed just before, and has not sent", async () => {
  pressed.length = 0;
  order({ do: "look" });
  await settled();
  assert.deepEqual(doings(), ["look"]);
  pressLink("/normscope/");
  pressLink("/normscope/lab");
  assert.deepEqual(pressed, []);
  mock.timers.tick(1);
  assert.deepEqual(pressed, ["/normscope/lab"], "the last one, once");
  open = "/normscope/lab";
  location.href = "http://localhost/normscope/lab";
  fields.stSidebarNavLink.push(linkTo("/normscope/lab"));
  python({ visitor: "third", page: "lab", heard: numbers()[0] });
  mock.timers.tick(1);
  pressLink("/normscope/runs");
  assert.deepEqual(pressed, ["/normscope/lab", "/normscope/runs"], "there is nothing to wait for");
  [open, location.href] = ["/normscope/runs", "http://localhost/normscope/runs"];
  python({ visitor: "third", page: "runs" });
  mock.timers.tick(1);
});

test("a press on the link of the page that is open holds nothing up", async () => {
  pressLink("/normscope/runs");
  order({ do: "pause" });
  await settled();
  assert.deepEqual(doings(), ["pause"]);
  python({ visitor: "third", page: "runs", heard: numbers()[0] });
  mock.timers.tick(1);
});

test("an order goes in the end where a press on a link was lost", async () => {
  let now = 0;
  mock.method(performance, "now", () => now);
  const before = sent.length;
  pressLink("/normscope/");
  order({ do: "stop" });
  await settled();
  mock.timers.tick(3000);
  assert.equal(sent.length, before);
  now = 10_001;
  mock.timers.tick(6000);
  assert.deepEqual(doings(), ["stop"]);
  fields = {};
  location.href = "http://localhost/normscope/";
  python({ visitor: "third", heard: numbers()[0] });
  mock.timers.tick(1);
});

test("an order is not kept for ever where the address is never that of a page", async () => {
  location.href = "http://localhost/normscope/elsewhere";
  const before = sent.length;
  order({ do: "pause" });
  await settled();
  assert.equal(sent.length, before);
  mock.timers.tick(3000);
  assert.deepEqual(doings(), ["pause"]);
  location.href = "http://localhost/normscope/";
  python({ visitor: "third", heard: numbers()[0] });
});

test("Python is asked once to look when the server does not know a run", async () => {
  document.dispatchEvent(new Event("normscope-gone"));
  document.dispatchEvent(new Event("normscope-gone"));
  await settled();
  assert.deepEqual(doings(), ["look"]);
});

test("the browser remembers which runs it has had in view", () => {
  const stored = new Map();
  globalThis.localStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text) };
  python({ link: { run: "a" } });
  python({ link: { lr: "0.1" } });
  python({ link: { run: "b" } });
  assert.deepEqual([...stored.values()], [`["a","b"]`]);
});

test("a server started anew that is told of no run, as by who changed the page meanwhile, is told the one in view", async () => {
  const link = { lr: "0.1", run: "a" };
  python({ heard: 1000 });
  python({ visitor: "before", heard: 0, link, form: { lr: "0.3" } });
  mock.timers.tick(0);
  const before = sent.length;
  python({ visitor: "anew", opened: {}, link: { lr: "0.1" }, form: { lr: "0.1" } });
  mock.timers.tick(0);
  assert.deepEqual(sent.slice(before).map(({ orders }) => orders.map(({ do: what, id, form }) => [what, id ?? form])), [[["open", "a"], ["fill", { lr: "0.3" }]]]);
  python({ visitor: "anew", heard: numbers().at(-1), opened: {}, link, form: { lr: "0.3" } });
  python({ visitor: "third of them", opened: link, link, form: { lr: "0.3" } });
  mock.timers.tick(0);
  assert.equal(sent.length, before + 1, "whose link has the run needs no order");
  assert.equal(areWaiting(), false);
});

test("the run in view is known from then on, and not one that NormScope comes with", () => {
  const stored = new Map();
  globalThis.localStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text) };
  python({ link: { run: "mine" } });
  python({ link: { run: "recorded-first-look" }, recorded: true });
  assert.deepEqual(JSON.parse([...stored.values()][0]), ["mine"]);
});
