// What a visitor has chosen on Runs stays in the tab.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { Choice } = await script("choice.js");

const run = (id, started, settings = {}) => ({ id, started, settings: { data: "digits", arms: ["bn"], ...settings } });

test("after a reload all is as it was chosen; another tab has its own", () => {
  tab();
  const before = new Choice();
  before.choose({ search: "lr 0.5", sort: "accuracy" });
  before.tick(["a", "b"], true);
  const after = new Choice();
  assert.deepEqual([after.search, after.sort, after.down, after.isTicked("a"), after.isTicked("c")], ["lr 0.5", "accuracy", true, true, false]);
  tab();
  assert.deepEqual([new Choice().search, new Choice().isTicked("a")], ["", false]);
});

test("a column chosen again turns around; names begin with A, numbers with the largest", () => {
  tab();
  const choice = new Choice();
  const chosen = (sort) => {
    choice.choose({ sort });
    return [choice.sort, choice.down];
  };
  assert.deepEqual([chosen("name"), chosen("name"), chosen("duration"), chosen("duration")],
    [["name", false], ["name", true], ["duration", true], ["duration", false]]);
});

test("another order or filter begins at the first page", () => {
  tab();
  const choice = new Choice();
  for (const change of [{ sort: "name" }, { search: "x" }, { arm: "bn" }]) {
    choice.choose({ page: 3 });
    choice.choose(change);
    assert.equal(choice.page, 0);
  }
});

test("a filter for what no run is any more is taken back", () => {
  tab();
  const choice = new Choice();
  choice.choose({ data: "mnist", arm: "gn" });
  choice.meet([run("a", 1)]);
  assert.deepEqual([choice.data, choice.arm], ["", ""]);
});

test("those ticked are the oldest first, and only those that are there", () => {
  tab();
  const choice = new Choice();
  choice.tick(["b", "a", "gone"], true);
  assert.deepEqual(choice.ticked([run("b", 2), run("a", 1), run("c", 0)]).map(({ id }) => id), ["a", "b"]);
});

test("what lies in the tab of another version is no obstacle", () => {
  const stored = tab();
  stored.set("normscope-view", JSON.stringify({ runs: { sort: "colour", down: 7, search: null }, ticks: "a" }));
  const choice = new Choice();
  assert.deepEqual([choice.sort, choice.down, choice.search, choice.isTicked("a")], ["when", true, "", false]);
});
