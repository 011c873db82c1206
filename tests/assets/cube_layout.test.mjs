// Where the cells of a tensor are, which way the keys lead, and which cells share their statistics.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { MOVES, layOut, shares } = await script("layout.js");

const axis = (size, ids = [...Array(size).keys()]) => ({ size, ids });
// Two of 256 examples, three channels, rows 2 and 8 and 14, columns 0 and 6: as of a large tensor's drawn cells.
const CUBE = layOut([axis(256, [0, 5]), axis(6, [0, 2, 4]), axis(24, [2, 8, 14]), axis(24, [0, 6])]);
const SEQUENCE = layOut([axis(2), axis(3), axis(4)]);
const MATRIX = layOut([axis(2), axis(5)]);
const cells = ({ count }) => [...Array(count).keys()];
const BACK = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft", ArrowUp: "ArrowDown", ArrowDown: "ArrowUp", PageUp: "PageDown", PageDown: "PageUp" };

test("a cube is as deep as there are examples, as wide as channels, as tall as positions", () => {
  assert.deepEqual([CUBE.depth, CUBE.across, CUBE.up, CUBE.inner, CUBE.count], [2, 3, 6, 2, 36]);
  assert.deepEqual([SEQUENCE.depth, SEQUENCE.across, SEQUENCE.up, SEQUENCE.inner, SEQUENCE.count], [2, 3, 4, 1, 24]);
  assert.deepEqual([MATRIX.depth, MATRIX.across, MATRIX.up, MATRIX.inner, MATRIX.count], [2, 5, 1, 1, 10]);
});

test("cells are numbered as PyTorch lays them out, the last axis fastest", () => {
  const places = [0, 1].flatMap((n) => [0, 1, 2].flatMap((c) => [0, 1, 2].flatMap((h) => [0, 1].map((w) => [n, c, h, w]))));
  assert.deepEqual(cells(CUBE).map(CUBE.split), places);
  assert.deepEqual(places.map(CUBE.join), cells(CUBE));
  assert.deepEqual(CUBE.split(7 + 18), [1, 1, 0, 1]);
});

test("a cell is called by its place in the whole tensor, of which only some is drawn", () => {
  assert.deepEqual(CUBE.cellAt(0), [0, 0, 2, 0]);
  assert.deepEqual(CUBE.cellAt(35), [5, 4, 14, 6]);
  for (const layout of [CUBE, SEQUENCE, MATRIX]) assert.deepEqual(cells(layout).map((i) => layout.indexOf(layout.cellAt(i))), cells(layout));
});

test("a cell that is not drawn, or that has another number of axes, is none", () => {
  assert.equal(CUBE.indexOf([0, 1, 2, 0]), -1);
  assert.equal(CUBE.indexOf([0, 0, 2]), -1);
  assert.equal(MATRIX.indexOf([0, 5]), -1);
});

test("the keys lead across the channels, up and down the positions, and from example to example", () => {
  const from = CUBE.indexOf([0, 2, 8, 6]);
  const to = (key) => CUBE.cellAt(CUBE.step(from, key, false));
  assert.deepEqual(to("ArrowLeft"), [0, 0, 8, 6]);
  assert.deepEqual(to("ArrowRight"), [0, 4, 8, 6]);
  assert.deepEqual(to("ArrowUp"), [0, 2, 8, 0]);
  assert.deepEqual(to("ArrowDown"), [0, 2, 14, 0]); // the next position: in the next row
  assert.deepEqual(to("PageUp"), [5, 2, 8, 6]);
  assert.equal(CUBE.step(from, "PageDown", false), -1);
});

test("on the sheet the arrows go where they point, from map to map, and the page keys by whole maps", () => {
  const from = CUBE.indexOf([0, 2, 8, 6]);
  const to = (key) => CUBE.cellAt(CUBE.step(from, key, true));
  assert.deepEqual(to("ArrowLeft"), [0, 2, 8, 0]);
  assert.deepEqual(to("ArrowRight"), [0, 4, 8, 0]); // over the map's edge
  assert.deepEqual(to("ArrowUp"), [0, 2, 2, 6]);
  assert.deepEqual(to("ArrowDown"), [0, 2, 14, 6]);
  assert.deepEqual(to("PageDown"), [5, 2, 8, 6]);
  assert.equal(CUBE.step(from, "PageUp", true), -1);
});

test("a sheet of a sequence has features down and time across, one below the other the examples", () => {
  const { tileRows, tileColumns, rows, columns, place } = SEQUENCE.sheet;
  assert.deepEqual([tileRows, tileColumns, rows, columns], [2, 1, 4, 3]);
  assert.deepEqual(place([1, 2, 3]), [1, 0, 3, 2]);
  assert.deepEqual(MATRIX.sheet.place([1, 4]), [0, 0, 1, 4]);
  assert.deepEqual(SEQUENCE.cellAt(SEQUENCE.step(SEQUENCE.indexOf([0, 1, 2]), "ArrowRight", true)), [0, 2, 2]);
  assert.deepEqual(SEQUENCE.cellAt(SEQUENCE.step(SEQUENCE.indexOf([0, 1, 3]), "ArrowDown", true)), [1, 1, 0]);
});

test("every cell has a place of its own on the sheet, and the place leads back to it", () => {
  for (const { sheet, split, join, count, ...layout } of [CUBE, SEQUENCE, MATRIX]) {
    const places = cells({ count }).map((i) => sheet.place(split(i)));
    assert.equal(new Set(places.map(String)).size, count);
    assert.equal(sheet.tileRows * sheet.tileColumns * sheet.rows * sheet.columns, count);
    assert.deepEqual(places.map((place) => join(sheet.back(...place))), cells({ count }), layout.axes.length);
  }
});

test("from every cell a key leads to another cell or nowhere, and the opposite key leads back", () => {
  for (const layout of [CUBE, SEQUENCE, MATRIX]) {
    for (const flat of [false, true]) {
      for (const key of Object.keys(MOVES)) {
        const reached = cells(layout).map((i) => layout.step(i, key, flat));
        for (const [i, to] of reached.entries()) assert.ok(to === -1 || (to !== i && layout.step(to, BACK[key], flat) === i));
      }
    }
  }
});

test("with the four arrows and the page keys every cell can be reached", () => {
  for (const layout of [CUBE, SEQUENCE, MATRIX]) {
    for (const flat of [false, true]) {
      const seen = new Set([0]);
      for (const i of seen) for (const key of Object.keys(MOVES)) seen.add(layout.step(i, key, flat));
      assert.equal(seen.size - seen.has(-1), layout.count);
    }
  }
});

const WHOLE = layOut([axis(4), axis(6), axis(2), axis(3)]);
const NORMS = {
  BatchNorm: { over: [true, false, true, true], groups: 1 },
  LayerNorm: { over: [false, true, true, true], groups: 1 },
  InstanceNorm: { over: [false, false, true, true], groups: 1 },
  "GroupNorm of 2": { over: [false, true, true, true], groups: 2 },
  "GroupNorm of 3": { over: [false, true, true, true], groups: 3 },
  "no norm": { over: [false, false, false, false], groups: 1 },
};
const family = (norm, cell) => cells(WHOLE).map(WHOLE.cellAt).filter((other) => shares({ ...NORMS[norm], feature: 1 }, WHOLE, cell, other));

test("as many cells share a mean as one divides by: 4·2·3 in BatchNorm, 6·2·3 in LayerNorm, a half of that in two groups", () => {
  const expected = { BatchNorm: 24, LayerNorm: 36, InstanceNorm: 6, "GroupNorm of 2": 18, "GroupNorm of 3": 12, "no norm": 1 };
  for (const [norm, count] of Object.entries(expected)) assert.equal(family(norm, [1, 4, 0, 2]).length, count, norm);
});

test("a channel's group is the channels beside it, not every other one", () => {
  assert.deepEqual([...new Set(family("GroupNorm of 2", [1, 4, 0, 2]).map(([, c]) => c))], [3, 4, 5]);
  assert.deepEqual([...new Set(family("GroupNorm of 3", [1, 4, 0, 2]).map(([, c]) => c))], [4, 5]);
});

test("a group is one of the whole tensor's channels, also where only some of them are drawn", () => {
  const some = layOut([axis(1), axis(120, [0, 39, 40, 119]), axis(1), axis(1)]);
  const inGroup = (c) => some.axes[1].ids.filter((other) => shares({ over: [false, true, true, true], groups: 3, feature: 1 }, some, [0, c, 0, 0], [0, other, 0, 0]));
  assert.deepEqual(inGroup(0), [0, 39]);
  assert.deepEqual(inGroup(40), [40]);
});

test("cells share with themselves, with each other both ways, and whoever shares with one of them shares with all", () => {
  for (const norm of Object.keys(NORMS)) {
    const seen = new Map();
    for (const cell of cells(WHOLE).map(WHOLE.cellAt)) {
      const found = family(norm, cell).map(String);
      assert.ok(found.includes(String(cell)), norm);
      for (const other of found) assert.deepEqual(seen.get(other) ?? found, found, norm);
      for (const other of found) seen.set(other, found);
    }
  }
});
