// Where the panels of a chart stand, one a layer.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { domainsOf, rowsOf } = await script("panels.js");

test("four layers stand side by side on a desk, and eleven on a telephone in rows that leave each its numbers", () => {
  assert.deepEqual(rowsOf(4, 1000, 14), { rows: 1, columns: 4 });
  const { rows, columns } = rowsOf(11, 290, 14);
  assert.deepEqual([rows, columns], [6, 2]);
  assert.ok(290 / columns >= 2 * "20,000".length * 0.6 * 14);
});

test("however many layers and however narrow, each has a panel as wide as its numbers", () => {
  for (const count of [1, 2, 4, 7, 11]) {
    for (const width of [60, 290, 700, 1090]) {
      const { rows, columns } = rowsOf(count, width, 14);
      assert.ok(rows * columns >= count && (rows - 1) * columns < count);
      assert.ok(columns === 1 || width / columns >= 7 * 14);
    }
  }
});

test("no panel lies on another, and between two rows there is room for steps, their title and names", () => {
  for (const [count, width, height] of [[4, 1000, 340], [11, 290, 1850], [11, 700, 650]]) {
    const grid = rowsOf(count, width, 14);
    const found = Array.from({ length: count }, (_, i) => domainsOf(i, grid, height, 14));
    for (const [i, { row, x, upper, lower }] of found.entries()) {
      assert.ok(0 <= x[0] && x[0] < x[1] && x[1] <= 1 && 0 <= lower[0] && lower[0] < lower[1] && lower[1] < upper[0] && upper[0] < upper[1] && upper[1] <= 1);
      for (const other of found.slice(i + 1)) {
        if (other.row === row) assert.ok(x[1] < other.x[0]);
        else assert.ok((lower[0] - other.upper[1]) * (height - 7 * 14) >= 5 * 14 - 1e-6);
      }
    }
  }
});

test("one row of panels takes the whole height", () => {
  const { upper, lower } = domainsOf(2, { rows: 1, columns: 4 }, 340, 14);
  assert.deepEqual([upper, lower], [[0.54, 1], [0, 0.46]]);
});
