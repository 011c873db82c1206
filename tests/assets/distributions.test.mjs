// Histograms, bands of percentiles, and colours of pixels.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { BINS, VIRIDIS, bands, coarse, extent, grey, median, padded, paint, rebinned, steps, viridis } = await script("distributions.js");

const sum = (values) => values.reduce((a, b) => a + b, 0);
const near = (found, expected, within = 1e-9) => {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(found[i] - value) <= within, `${found} is not ${expected}`);
};

test("the extent goes from the smallest low end to the largest high end", () => {
  assert.deepEqual(extent([{ low: -2, high: 1 }, { low: 0, high: 7 }]), [-2, 7]);
});

test("parts without a finite value have no ends, and change nothing", () => {
  assert.deepEqual(extent([{ low: null, high: null }, { low: -2, high: 1 }]), [-2, 1]);
  assert.deepEqual(extent([{ low: null, high: null }]), [0, 1]);
  assert.deepEqual(extent([]), [0, 1]);
});

test("a constant gets one unit of width around it", () => {
  assert.deepEqual(extent([{ low: 3, high: 3 }]), [2.5, 3.5]);
});

test("air is three hundredths of the width on both sides", () => {
  assert.deepEqual(padded([100, 200]), [97, 203]);
});

test("the median is the middle value, of an even number the upper one, and leaves the values where they are", () => {
  const values = [10, 1, 9, 30, 2];
  assert.equal(median(values), 9);
  assert.deepEqual(values, [10, 1, 9, 30, 2]);
  assert.equal(median([4, 1, 3, 2]), 3);
  assert.equal(median([5]), 5);
  assert.equal(median([]), null);
});

test("a bin's count is spread evenly over the new bins that it lies in", () => {
  near(rebinned({ low: 0, high: 4, counts: [8, 0, 0, 4] }, [0, 4], 2).counts, [8, 4]);
  near(rebinned({ low: 0, high: 4, counts: [8, 0, 0, 4] }, [0, 4], 8).counts, [4, 4, 0, 0, 0, 0, 2, 2]);
  near(rebinned({ low: 0, high: 3, counts: [3, 6, 9] }, [0, 3], 2).counts, [6, 12]);
  near(rebinned({ low: 1, high: 2, counts: [5] }, [0, 4], 4).counts, [0, 5, 0, 0]);
});

test("the new histogram names the ends that were asked for", () => {
  const { low, high } = rebinned({ low: 0, high: 1, counts: [1] }, [-3, 5], 4);
  assert.deepEqual([low, high], [-3, 5]);
});

test("a constant layer is in one bin, at either end of the axis too", () => {
  const constant = (value) => ({ low: value, high: value, counts: [7, 0, 0] });
  assert.deepEqual(rebinned(constant(0), [0, 4], 4).counts, [7, 0, 0, 0]);
  assert.deepEqual(rebinned(constant(2.5), [0, 4], 4).counts, [0, 0, 7, 0]);
  assert.deepEqual(rebinned(constant(4), [0, 4], 4).counts, [0, 0, 0, 7]);
});

test("whatever the bins, each has what many small pieces of the old ones have in it, and none is lost", () => {
  const PIECES = 1000;
  for (let seed = 1; seed <= 40; seed++) {
    const counts = Array.from({ length: 5 + (seed % 4) }, (_, i) => (seed * 31 + i * 17) % 13);
    const [low, high, bins] = [-1 - seed / 10, 2 + seed / 7, 3 + (seed % 9)];
    const [from, to] = [low - (seed % 3), high + (seed % 5)];
    const expected = Array(bins).fill(0);
    const width = (high - low) / counts.length;
    counts.forEach((count, i) => {
      for (let piece = 0; piece < PIECES; piece++) {
        const value = low + (i + (piece + 0.5) / PIECES) * width;
        expected[Math.floor(((value - from) / (to - from)) * bins)] += count / PIECES;
      }
    });
    const found = rebinned({ low, high, counts }, [from, to], bins).counts;
    near(found, expected, 0.05);
    assert.ok(Math.abs(sum(found) - sum(counts)) < 1e-9);
  }
});

test("what lies beyond the axis is in no bin, and takes nothing away from one", () => {
  near(rebinned({ low: -2, high: 2, counts: [4, 4, 4, 4] }, [0, 4], 4).counts, [4, 4, 0, 0]);
  near(rebinned({ low: 0, high: 8, counts: [4, 4] }, [0, 4], 2).counts, [2, 2]);
});

test("the fixed histograms are drawn in bins of an eighth, and those of sigmoid and tanh, whose axes are short, in as many", () => {
  assert.equal(coarse({ low: -5, high: 5, counts: Array(400).fill(1) }).counts.length, 80);
  assert.equal(coarse({ low: 0, high: 5, counts: Array(400).fill(1) }).counts.length, 40);
  near(coarse({ low: 0, high: 5, counts: Array(400).fill(1) }).counts, Array(40).fill(10));
  assert.equal(coarse({ low: 0, high: 1, counts: Array(160).fill(1) }).counts.length, 80);
  assert.equal(coarse({ low: -1, high: 1, counts: Array(160).fill(1) }).counts.length, 80);
  assert.equal(BINS, 80);
});

test("a step histogram stands on the floor at both ends, and its steps are shares of all values", () => {
  const { x, y, fill, opacity } = steps({ low: 4, high: 6, counts: [3, 5] }, 16, "#0072b2", "bn", false);
  assert.deepEqual(x, [4, 4, 5, 6, 6]);
  assert.deepEqual(y, [0, 3 / 16, 5 / 16, 5 / 16, 0]);
  assert.deepEqual([fill, opacity], ["tozeroy", 1]);
});

test("an earlier run's histogram is faint and has nothing below it", () => {
  const { fill, opacity, hoverinfo } = steps({ low: 0, high: 2, counts: [3, 5] }, 16, "#0072b2", "bn", true);
  assert.deepEqual([fill, opacity, hoverinfo], [undefined, 0.4, "skip"]);
});

const SEEN = [
  { step: 0, low: -9, high: 9, percentiles: [-3, -2, -1, 0, 1, 2, 3] },
  { step: 5, low: null, high: null, percentiles: Array(7).fill(null) },
  { step: 6 },
  { step: 10, low: -8, high: 8, percentiles: [-6, -5, -4, 0.5, 4, 5, 6] },
];

test("bands lie one in the other, 1–99 %, 5–95 %, 25–75 %, with the median last and the extremes thin", () => {
  assert.deepEqual(bands(SEEN, "#0072b2").map(({ y }) => y), [
    [-3, -6], [3, 6], [-2, -5], [2, 5], [-1, -4], [1, 4], [-9, -8], [9, 8], [0, 0.5],
  ]);
});

test("a look without a finite value, or without the layer, has no place in the bands", () => {
  for (const { x } of bands(SEEN, "#0072b2")) assert.deepEqual(x, [0, 10]);
  for (const { x, y } of bands([], "#0072b2")) assert.deepEqual([x, y], [[], []]);
});

test("the inner band is the strongest, all in the arm's colour", () => {
  const fills = bands(SEEN, "#0072b2").filter(({ fill }) => fill === "tonexty").map(({ fillcolor }) => fillcolor);
  assert.deepEqual(fills, ["rgba(0,114,178,0.14)", "rgba(0,114,178,0.2)", "rgba(0,114,178,0.3)"]);
});

test("the colour scale goes from violet to yellow and stops at both ends", () => {
  near(viridis(0), [0x44, 0x01, 0x54]);
  near(viridis(1), [0xfd, 0xe7, 0x25], 0.3);
  assert.deepEqual(viridis(-3), viridis(0));
  assert.deepEqual(viridis(7), viridis(1));
});

test("between two colours of the scale it is their mixture", () => {
  const parts = (hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const half = parts(VIRIDIS[4]).map((value, i) => (value + parts(VIRIDIS[5])[i]) / 2);
  near(viridis(0.5), half);
  near(viridis(3 / 9), parts(VIRIDIS[3]));
});

// As much of a canvas as painting needs.
function canvas() {
  const painted = {};
  const context = {
    createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: ({ data }) => (painted.pixels = [...data]),
  };
  return Object.assign(painted, { getContext: () => context });
}

test("every value is a pixel, from black at the low end to white at the high one, and pink where it is not finite", () => {
  const element = canvas();
  paint(element, [[20, 30], [25, null]], [20, 30], grey);
  assert.deepEqual([element.width, element.height, element.className], [2, 2, ""]);
  assert.deepEqual(element.pixels, [0, 0, 0, 255, 255, 255, 255, 255, 128, 128, 128, 255, 230, 0, 90, 255]);
});

test("one row is a strip, and values that are all the same are painted too", () => {
  const element = canvas();
  paint(element, [[3, 3, 3]], [3, 3], grey);
  assert.deepEqual([element.width, element.height, element.className], [3, 1, "ns-strip"]);
  assert.deepEqual(element.pixels.slice(0, 4), [0, 0, 0, 255]);
});
