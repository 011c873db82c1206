// Which runs are listed on Runs, and in what order.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { english, inChinese } from "./speech.mjs";

const { PAGE, arranged, canBeDeleted, foreseen, groupOf, paged, whole } = await script("listing.js");

const USUAL = { data: "fashion-mnist", arms: ["none", "bn", "ln"], learning_rate: 0.1, batch_size: 256, epochs: 3, optimizer: "sgd", momentum: 0,
  activation: "sigmoid", init: "xavier", depth: 5, pool: "max", dropout: 0, examples: 20000, drop_last: true, seed: 0 };
const ANY = { search: "", status: "", data: "", arm: "", sort: "when", down: true };

let count = 0;
const run = (id, more = {}, settings = {}) => ({
  id, name: "", pinned: false, started: (count += 1), status: "finished", accuracies: {}, ended: [], seconds: 1, settings: { ...USUAL, ...settings }, ...more,
});
const ids = (runs, choice = {}) => arranged(runs, { ...ANY, ...choice }).map(({ id }) => id);

test("the newest is first, and the pinned are before all others", () => {
  const runs = [run("a"), run("b", { pinned: true }), run("c")];
  assert.deepEqual(ids(runs), ["b", "c", "a"]);
  assert.deepEqual(ids(runs, { down: false }), ["b", "a", "c"]);
});

test("each column sorts both ways", () => {
  const runs = [
    run("a", { name: "Zebra", accuracies: { bn: 0.9 }, seconds: 5, status: "failed" }, { data: "mnist" }),
    run("b", { name: "apple", accuracies: { bn: 0.2, ln: 0.95 }, seconds: 9, status: "running" }, { data: "digits" }),
    run("c", { accuracies: {}, seconds: 2, status: "interrupted" }),
  ];
  assert.deepEqual(ids(runs, { sort: "name", down: false }), ["b", "a", "c"], "unnamed ones last");
  assert.deepEqual(ids(runs, { sort: "accuracy" }), ["b", "a", "c"]);
  assert.deepEqual(ids(runs, { sort: "duration" }), ["b", "a", "c"]);
  assert.deepEqual(ids(runs, { sort: "duration", down: false }), ["c", "a", "b"]);
  assert.deepEqual(ids(runs, { sort: "status", down: false }), ["b", "c", "a"]);
  assert.deepEqual(ids(runs, { sort: "data", down: false }), ["b", "c", "a"]);
});

test("of runs that are alike in a column the newer is first, whichever way it is sorted", () => {
  const runs = [run("a"), run("b"), run("c", { seconds: 9 })];
  assert.deepEqual(ids(runs, { sort: "duration" }), ["c", "b", "a"]);
  assert.deepEqual(ids(runs, { sort: "duration", down: false }), ["b", "a", "c"]);
});

test("filters join: status, images, arm", () => {
  const runs = [run("a", { status: "paused" }), run("b", {}, { data: "digits" }), run("c", {}, { data: "digits", arms: ["gn"] }), run("d", { status: "interrupted" })];
  assert.deepEqual(ids(runs, { status: "active" }), ["a"]);
  assert.deepEqual(ids(runs, { status: "stopped" }), ["d"]);
  assert.deepEqual(ids(runs, { data: "digits" }), ["c", "b"]);
  assert.deepEqual(ids(runs, { data: "digits", arm: "bn" }), ["b"]);
  assert.equal(groupOf({ status: "stopped" }), "stopped");
});

test("a search finds words of the name and of the settings, in any order and case, in the language that is spoken", async () => {
  const runs = [run("a", { name: "Äpfel 🍏" }), run("b", {}, { learning_rate: 0.5, batch_size: 64 }), run("c", { name: "تجربة" })];
  assert.deepEqual(ids(runs, { search: "äPFEL" }), ["a"]);
  assert.deepEqual(ids(runs, { search: "🍏" }), ["a"]);
  assert.deepEqual(ids(runs, { search: "تجربة" }), ["c"]);
  assert.deepEqual(ids(runs, { search: " 64  lr 0.5 " }), ["b"]);
  assert.deepEqual(ids(runs, { search: "lr 0.7" }), []);
  await inChinese();
  assert.deepEqual(ids(runs, { search: "学习率 0.5" }), ["b"]);
  await english();
});

test("a thousand runs are twenty pages, and a page that is no more becomes the last one", () => {
  const rows = Array.from({ length: 1000 }, (_, i) => i);
  assert.deepEqual([paged(rows, 0).pages, paged(rows, 0).rows.length], [1000 / PAGE, PAGE]);
  assert.deepEqual(paged(rows, 999).rows.at(-1), 999);
  assert.deepEqual(paged(rows.slice(0, 3), 7), { now: 0, pages: 1, from: 0, rows: [0, 1, 2] });
  assert.deepEqual(paged([], 3), { now: 0, pages: 1, from: 0, rows: [] });
});

test("what is ordered is shown before the server has done it, and nothing else changes", () => {
  const runs = [run("a"), run("b", { name: "before" }), run("c")];
  const found = foreseen(runs, new Map([["a", { isDeleted: true }], ["b", { name: "after" }]]));
  assert.deepEqual(found.map(({ id, name }) => [id, name]), [["b", "after"], ["c", ""]]);
  assert.equal(runs[1].name, "before");
});

test("one deletes one's own runs that are kept and have ended, and no others", () => {
  const own = run("a", { mine: true, kept: true });
  assert.deepEqual([own, { ...own, mine: false }, { ...own, kept: false }, { ...own, status: "paused" }].map(canBeDeleted), [true, false, false, false]);
});

test("what the server leaves out of a run's settings is as usual", () => {
  const [found] = whole({ usual: USUAL, runs: [{ id: "a", settings: { seed: 3 } }] });
  assert.deepEqual(found.settings, { ...USUAL, seed: 3 });
});

test("a number is found with and without its comma, and however wide it is typed", () => {
  const runs = [run("a", {}, { examples: 3000 }), run("b", {}, { examples: 60000 })];
  for (const search of ["3,000", "3000", "３０００", "３，０００", "3000　ＭＮＩＳＴ"]) assert.deepEqual(ids(runs, { search }), ["a"], search);
  assert.deepEqual(ids([run("c", { name: "学习率（０．５）" })], { search: "0.5" }), ["c"]);
});
