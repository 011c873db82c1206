// assets/lab: what a sweep has found is put where it belongs, whatever order it comes in.

import { equal, deepEqual, match } from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { Results, rowsOf, allGroups } = await script("results.js");
const { picture: mapOf, measuresOf, usualMeasure } = await script("heat_map.js");
const { picture: bandsOf, isDrawn, lostSaid } = await script("bands.js");
const { steering, whereItIs, cell, table, toolbar, saidList, overStepsSaid, standing, sweepWord, whichPart, described } = await script("lab_body.js");
const { sweepIn, withSweep } = await script("page_address.js");
const { wordsOf } = await script("saved_chart.js");

const ARMS = [{ name: "none", title: "No normalization", norm: "none" }, { name: "bn", title: "BatchNorm", norm: "bn" }];
const LR = { name: "lr", label: "Learning rate", values: ["0.1", "1", "10"], texts: ["0.1", "1", "10"] };
const DEPTH = { name: "depth", label: "Layers with weights", values: ["5", "8"], texts: ["5", "8"] };
const LOOK = { dark: false, text: "#111", background: "#fff", grid: "#ccc", faint: "#999", font: "sans-serif", type: 14, enlarged: 1, arms: { none: "#6b7280", bn: "#0072b2" } };
const BAND = { steps: [1, 2], median: [2, 1], low: [2, 0.5], high: [2, 1.5], n: [3, 3] };

const spread = (median) => ({ n: 3, median, low: median, high: median });
const group = (where, arm, more = {}) => ({
  where, arm, seeds: 3, finished: 3, learned: 3, fate: "learns", validation: spread(0.5), test: spread(0.4), ratio: spread(0.1), band: BAND, runs: [{ seed: 0, run: "r0", status: "finished", validation: 0.5 }], ...more,
});
const told = (groups, more = {}) => ({ generation: 1, latest: groups.length, groups, ...more });

test("a group that comes again replaces itself, and a sweep that was begun again forgets all", () => {
  const results = new Results();
  equal(results.add(told([group(["0.1"], "bn", { seeds: 1 })])), true);
  equal(results.add(told([])), false);
  results.add(told([group(["0.1"], "bn", { seeds: 2 })]));
  equal(results.at(["0.1"], "bn").seeds, 2);
  equal(results.add(told([], { generation: 2 })), true);
  equal(results.groups.size, 0);
});

test("a map has a column for each value of the first setting and rows for the second and the arms", () => {
  const results = new Results();
  results.add(told([group(["10", "8"], "bn"), group(["0.1", "5"], "none")]));
  const rows = rowsOf({ varied: [LR, DEPTH], arms: ARMS }, results);
  deepEqual(rows.map(({ value, arm }) => `${value} ${arm}`), ["5 none", "5 bn", "8 none", "8 bn"]);
  deepEqual(rows.map(({ cells }) => cells.map(({ group: found }) => Boolean(found))), [[true, false, false], [false, false, false], [false, false, false], [false, false, true]]);
  deepEqual(allGroups({ varied: [LR, DEPTH], arms: ARMS }, results).map(({ arm }) => arm), ["none", "bn"]);
});

test("a map names what its rows are where they are more than arms", () => {
  const results = new Results();
  results.add(told([group(["10", "8"], "bn")]));
  const titleOf = (varied) => mapOf({ varied, arms: ARMS }, results, "fate", [], LOOK).layout.title?.text;
  deepEqual([titleOf([LR, DEPTH]), titleOf([LR])], [`${DEPTH.label} · Norm`, undefined]);
});

test("a sweep of seeds alone has one cell for each arm", () => {
  const results = new Results();
  results.add(told([group([], "bn")]));
  const rows = rowsOf({ varied: [], arms: ARMS }, results);
  deepEqual(rows.map(({ cells }) => cells.map(({ group: found }) => Boolean(found))), [[false], [true]]);
});

test("of a question that is two sweeps each part has its own cells, and it is said which is drawn", () => {
  const results = new Results();
  results.add(told([group(["0.1"], "bn", { part: 0 })]));
  equal(results.has(1), false);
  results.add(told([group([], "bn:lr=0.1", { part: 1, seeds: 5 })]));
  equal(results.has(1), true);
  const second = { part: 1, varied: [], arms: [{ name: "bn:lr=0.1", norm: "bn" }], seeds: 5 };
  deepEqual(allGroups(second, results).map(({ seeds }) => seeds), [5]);
  deepEqual(allGroups({ varied: [LR], arms: ARMS }, results).map(({ seeds }) => seeds), [3]);
  equal(whichPart(null, 0), "");
  deepEqual([...whichPart(second, 1).matchAll(/aria-pressed="(\w+)">([^<]+)/g)].map(([, pressed, words]) => [pressed, words]), [["false", "the rates"], ["true", "5 other seeds with each one’s own best rate"]]);
  equal(described({ varied: [LR], arms: ARMS, seeds: 1, after: 5 }), "Learning rate: 0.1, 1, 10 · Norms: none, bn · 1 seed · 5 other seeds with each one’s own best rate");
});

test("what has not come is no colour, and each measure writes what it shows", () => {
  const plan = { varied: [LR], arms: ARMS };
  const results = new Results();
  results.add(told([group(["0.1"], "none"), group(["1"], "none", { fate: "fails", finished: 1, learned: 0, validation: null, ratio: null })]));
  const drawn = (measure) => mapOf(plan, results, measure, [], LOOK).traces[0];
  deepEqual(drawn("fate").z, [[2, 0, null], [null, null, null]]);
  deepEqual(drawn("fate").text[0], ["✓ 3/3", "✕ 2/3", ""]);
  const survivors = new Results();
  survivors.add(told([group(["0.1"], "none", { fate: "survives", finished: 3, learned: 1 })]));
  deepEqual(mapOf(plan, survivors, "fate", [], LOOK).traces[0].text[0], ["○ 2/3", "", ""]);
  deepEqual(drawn("validation").text[0], ["50.0 %", "", ""]);
  deepEqual(drawn("ratio").z[0], [-1, null, null]);
  deepEqual([usualMeasure(plan), usualMeasure({ varied: [DEPTH] })], ["fate", "validation"]);
});

test("a sweep along the gradient has its own measures, and others do not", () => {
  const plan = { varied: [LR], arms: ARMS, along: true };
  deepEqual(Object.keys(measuresOf(plan)), ["fate", "validation", "cosine", "range", "ratio"]);
  deepEqual([Object.keys(measuresOf({})), usualMeasure(plan)], [["fate", "validation", "ratio"], "cosine"]);
  const results = new Results();
  results.add(told([group(["0.1"], "none", { cosine: spread(-0.5), range: spread(0.1) }), group(["1"], "none", { cosine: spread(0.612), range: spread(0) })]));
  const drawn = (measure) => mapOf(plan, results, measure, [], LOOK).traces[0];
  deepEqual(drawn("cosine").text[0], ["−0.50", "+0.61", ""]);
  deepEqual([drawn("cosine").zmin, drawn("cosine").zmax], [-1, 1]);
  deepEqual([drawn("range").z[0], drawn("range").text[0]], [[-1, null, null], ["0.10", "", ""]]);
  const html = table(plan, [group(["0.1"], "bn", { cosine: spread(0.6), change: spread(0.8), range: spread(0.1), steepness: spread(5) })], new Map());
  match(html, /Gradient after a step: cosine.*its change.*Loss along it: range, nats.*Steepness \(β\)/);
  match(html, /<td>\+0.60 \(\+0.60 to \+0.60\)<\/td><td>0.80/);
});

test("a cell that was pressed has a frame", () => {
  const { layout } = mapOf({ varied: [LR], arms: ARMS }, new Results(), "fate", [[1, 0]], LOOK);
  deepEqual([layout.shapes[0].x0, layout.shapes[0].x1, layout.shapes[0].y0], [0.5, 1.5, -0.5]);
});

test("a band is behind its median, and one seed has none", () => {
  const { traces } = bandsOf({ varied: [], arms: ARMS }, [group([], "bn"), group([], "none", { seeds: 1 })], LOOK);
  deepEqual(traces.map(({ fill, name }) => fill ?? name ?? "edge"), ["edge", "tonexty", "bn", "none"]);
  const two = bandsOf({ varied: [LR], arms: ARMS }, [group(["0.1"], "bn"), group(["1"], "bn")], LOOK).traces.filter(({ name }) => name);
  deepEqual(two.map(({ name, line }) => [name, line.dash]), [["0.1 · bn", "solid"], ["1 · bn", "dash"]]);
});

test("a band of fewer seeds than there are says so in its name, and one seed is no seeds", () => {
  const named = (more) => bandsOf({ varied: [], arms: ARMS }, [group([], "bn", more)], LOOK).traces.at(-1);
  equal(named({ finished: 1, band: { ...BAND, n: [1, 1] } }).name, "bn (1 of 3 seeds)");
  equal(named({ finished: 1, band: { ...BAND, n: [1, 1] } }).customdata[1], "0.500 to 1.500, 1 seed");
  equal(named({}).name, "bn");
});

test("the training loss has a log axis, on which a ladder's losses all have a place, and what is 0 or not finite has none", () => {
  const ladder = [group(["0.1"], "bn"), group(["10"], "none", { band: { ...BAND, median: [2, 4e16], low: [0, 3e16], high: [2.5, 5e16] } })];
  const { traces, layout } = bandsOf({ varied: [LR], arms: ARMS }, ladder, LOOK);
  deepEqual([layout.yaxis.type, layout.yaxis.ticktext.includes("1"), layout.yaxis.ticktext.at(-1)], ["log", true, "10¹⁵"]);
  deepEqual(traces.slice(3).map(({ y }) => y), [[null, 3e16], [null, 5e16], [2, 4e16]]);
  deepEqual(traces.at(-1).customdata, ["0.000 to 2.500, 3 seeds", "3·10¹⁶ to 5·10¹⁶, 3 seeds"]);
  const never = bandsOf({ varied: [], arms: ARMS }, [group([], "bn", { band: { ...BAND, median: [null, 0], low: [null, 0], high: [null, 0] } })], LOOK);
  deepEqual([never.traces.at(-1).y, never.traces.at(-1).text], [[null, null], ["–", "0.000"]]);
});

test("what was measured along the gradient is drawn over the steps, with its own axis and its own numbers", () => {
  const plan = { varied: [LR], arms: ARMS, along: true };
  const along = (cosines, ranges) => ({ along: { cosine: { ...BAND, median: cosines, low: cosines, high: cosines, lost: 1 }, range: { ...BAND, median: ranges, low: ranges, high: ranges, lost: 0 } } });
  const shown = [group(["0.1"], "bn", along([0.5, -0.25], [0.01, 20])), group(["0.1"], "none", { ...along([0.99, 0.97], [0.1, 0.2]), learned: 1 })];
  const cosine = bandsOf(plan, shown, LOOK, "cosine");
  const lines = cosine.traces.filter(({ name }) => name);
  deepEqual(lines.map(({ name }) => name), ["bn", "none (did not learn)"]);
  deepEqual([lines[0].y, lines[0].text, lines[0].customdata[1]], [[0.5, -0.25], ["+0.50", "−0.25"], "−0.25 to −0.25, 3 seeds"]);
  deepEqual([cosine.layout.yaxis.range, cosine.layout.yaxis.title.text], [[-1.05, 1.05], "cosine"]);
  const range = bandsOf(plan, shown, LOOK, "range").layout.yaxis;
  deepEqual([range.type, range.ticktext.includes("0.1")], ["log", true]);
  const zero = [group(["0.1"], "bn", along([1, 1], [0, 1]))];
  deepEqual(bandsOf(plan, zero, LOOK, "range").layout.yaxis.type, undefined);
  deepEqual([lostSaid(shown, "cosine"), lostSaid(shown, "range")], ["2 of its numbers are not finite, and not drawn", ""]);
  match(overStepsSaid("cosine", lostSaid(shown, "cosine")), /before and after one step.* · 2 of its numbers are not finite/);
  equal(overStepsSaid("bands", ""), "");
});

test("a sweep that does not measure along the gradient has no such chart", () => {
  const shown = [group([], "bn")];
  deepEqual(["bands", "cosine", "range"].map((name) => isDrawn(shown, name)), [true, false, false]);
  deepEqual(bandsOf({ varied: [], arms: ARMS }, shown, LOOK, "cosine").traces, []);
});

test("the table has every number that the map can show: the gradient ratio too, where there is one", () => {
  const plan = { varied: [LR], arms: ARMS };
  const ranged = group(["0.1"], "bn", { ratio: { n: 3, median: 0.1, low: 0.02, high: 3 } });
  const html = table(plan, [ranged, group(["1"], "bn", { ratio: null })], new Map());
  match(html, /<th scope="col">Gradient, first layer to last<\/th><\/tr>/);
  deepEqual([...html.matchAll(/<td>([^<]*)<\/td><\/tr>/g)].map(([, text]) => text), ["0.10 (0.020 to 3.0)", "–"]);
  equal(table(plan, [group(["1"], "bn", { ratio: null })], new Map()).includes("Gradient"), false);
});

test("the table has what a step costs beside the accuracies, with its unit, where it was measured", () => {
  const plan = { varied: [LR], arms: ARMS };
  const html = table(plan, [group(["0.1"], "bn", { ratio: null, cost: { n: 3, median: 12.34, low: 11.9, high: 13.2 } }), group(["1"], "bn", { ratio: null })], new Map());
  match(html, /<th scope="col">Processor time a step, ms<\/th><\/tr>/);
  match(html, /<caption>.*one mini-batch with one thread.*<\/caption>/);
  deepEqual([...html.matchAll(/<td>([^<]*)<\/td><\/tr>/g)].map(([, text]) => text), ["12 (12 to 13)", "–"]);
  equal(table(plan, [group(["1"], "bn")], new Map()).includes("Processor"), false);
});

test("who did not begin a sweep cannot steer it, and what is missing can be resumed", () => {
  const state = { status: "running", asked: "", done: 1, total: 4, failed: 0, mine: true, pinned: false };
  const buttons = (more) => [...steering({ ...state, ...more }, {}, "x").matchAll(/data-do="([\w-]+)"/g)].map(([, what]) => what);
  deepEqual(buttons({}), ["sweep-pause", "sweep-cancel"]);
  deepEqual(buttons({ asked: "pause" }), ["sweep-resume", "sweep-cancel"]);
  deepEqual(buttons({ mine: false }), []);
  deepEqual(buttons({ status: "cancelled" }), ["sweep"]);
  match(steering({ ...state, status: "cancelled" }, {}, "x"), /Resume: 3 missing/);
  deepEqual(buttons({ status: "finished", done: 4 }), []);
  deepEqual(buttons({ status: "stopped", spent: true }), []); // each press would end at once
});

test("where a sweep is says what it waits for and about how long it takes", () => {
  const state = { status: "running", asked: "", done: 1, failed: 0, total: 4, seconds_left: 30 };
  equal(whereItIs(state, {}), "1 of 4 runs · about 30 s left");
  equal(whereItIs({ ...state, status: "waiting" }, {}), "1 of 4 runs · a live run has the right of way");
  equal(whereItIs({ ...state, asked: "pause" }, {}), "1 of 4 runs · pausing after those under way");
  equal(whereItIs({ ...state, status: "", seconds_left: 0 }, { missing: 3, seconds: 120 }), "1 of 4 runs are there · about 2 min for the rest");
});

test("a sweep that was interrupted says so until all of it is there, whoever has computed the rest", () => {
  const word = (status, done) => sweepWord(standing({ status, done, total: 4 }));
  deepEqual([word("interrupted", 2), word("interrupted", 4), word("", 0), word("", 4), word("running", 4)], ["Interrupted", "Finished", "Not begun", "Finished", "Running"]);
  equal(whereItIs({ status: "interrupted", done: 2, failed: 0, total: 4 }, { missing: 2, seconds: 120 }), "2 of 4 runs are there · about 2 min for the rest");
});

test("a cell leads to each of its runs, unless none was kept", () => {
  const plan = { varied: [LR], arms: ARMS };
  match(cell({ where: ["0.1"], arm: "bn", group: group(["0.1"], "bn") }, plan, "#000"), /data-run="r0"/);
  const unkept = group(["0.1"], "bn", { runs: [{ seed: 0, run: null, status: "failed", validation: null }] });
  equal(cell({ where: ["0.1"], arm: "bn", group: unkept }, plan, "#000").includes("data-run"), false);
  match(cell({ where: ["0.1"], arm: "<b>", group: null }, plan, "#000"), /&#60;b&#62;.*not computed yet/);
});

test("the map's signs are explained with all that they stand for", () => {
  match(toolbar({ fate: { name: () => "fate" } }, "fate"), /✕ fails: diverges, or has no result/);
});

test("each chart and what is concluded has a question mark of its own, and the map can be saved", () => {
  const asked = (html) => [...html.matchAll(/data-term="([\w-]+)"/g)].map(([, slug]) => slug);
  const measures = Object.fromEntries(["fate", "validation", "ratio"].map((name) => [name, { name: () => name }]));
  deepEqual(Object.keys(measures).map((name) => asked(toolbar(measures, name))), [["learns-survives-fails"], ["held-out-accuracy"], ["gradient-magnitude"]]);
  match(toolbar(measures, "fate"), /data-save="map"/);
  const state = { said: [["bn: best"]], why: [], few: [false] };
  deepEqual([asked(saidList(state, { arms: ARMS }, 0)), asked(saidList({ ...state, said: [] }, { arms: ARMS }, 0)), asked(saidList(state, { arms: ARMS.slice(1) }, 0))], [["surely-better"], [], []]);
});

test("of a question that is two sweeps only what the part in view says is shown", () => {
  const state = { said: [["bn: best with 0.1"], ["bn is better than none"]], why: ["killed"], few: [true, false] };
  const said = (part) => [...saidList(state, { arms: ARMS }, part).matchAll(/<li>([^<]*)/g)].map(([, text]) => text);
  match(saidList(state, { arms: ARMS }, 0), /is said from 5 seeds on/);
  match(saidList(state, { arms: ARMS }, 1), /are compared seed by seed/);
  deepEqual([said(0), said(1)], [["bn: best with 0.1", "A run has failed: killed"], ["bn is better than none", "A run has failed: killed"]]);
  deepEqual(said(2), ["A run has failed: killed"]);
});

test("the address of a sweep's page stays that sweep, unless its settings are those of something else", () => {
  const [settings, ofIt] = ["data=digits&lr=0.1&arms=none,bn", "vary=lr=0.03,0.1&seeds=3&validation=0.1"];
  const after = (address, link, written) => withSweep(new URLSearchParams(address), link, written).toString();
  equal(sweepIn(new URLSearchParams(after(settings, `${settings}&${ofIt}`, settings))), new URLSearchParams(`${settings}&${ofIt}`).toString());
  equal(sweepIn(new URLSearchParams(after(`${settings}&run=a&lang=zh`, `${settings}&${ofIt}`, `${settings}&run=a`))), new URLSearchParams(`${settings}&${ofIt}`).toString());
  for (const link of ["", `${settings.replace("0.1", "0.5")}&${ofIt}`, `${settings}&epochs=3&${ofIt}`]) equal(sweepIn(new URLSearchParams(after(`${settings}&${ofIt}`, link, settings))), "");
  equal(sweepIn(new URLSearchParams(settings)), "");
});

test("a saved picture says what was asked, what is drawn, and where the sweep is", () => {
  globalThis.document = { baseURI: "http://localhost/norm/" };
  const lab = { plan: { id: "abc", varied: [LR], arms: ARMS, seeds: 3, data: "digits", base: ["epochs 1"], share: "10" }, measure: "fate", link: "vary=lr=0.1" };
  const map = wordsOf(lab, "map");
  deepEqual([map.title, map.about, map.name], ["fails, survives, learns", "Learning rate: 0.1, 1, 10 · Norms: none, bn · 3 seeds", "normscope-lab-fate-abc.png"]);
  deepEqual([map.foot[0], map.foot[2]], ["built-in digits · epochs 1", "http://localhost/norm/lab?vary=lr=0.1"]);
  match(map.key[0].text, /✕ fails/);
  deepEqual([wordsOf(lab, "bands").title, wordsOf(lab, "bands").name], ["Training loss", "normscope-lab-loss-abc.png"]);
  const cosine = wordsOf(lab, "cosine");
  deepEqual([cosine.title, cosine.name], ["gradient after a step: cosine", "normscope-lab-cosine-by-step-abc.png"]);
  match(cosine.key[1].text, /before and after one step/);
});
