// The numbers and names around the cells: none lies on another, whatever the tensor, the camera and the picture's size.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { script } from "./script.mjs";

const { speak } = await script("language.js");
const { familiesOf } = await script("families.js");
const { layOut } = await script("layout.js");
const { cubeScene, gridHeight, gridScene, legend } = await script("scenes.js");

async function inChinese(check) {
  globalThis.document = { documentElement: {} };
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  await speak("zh");
  check();
  await speak("en");
}

const look = { dark: false, text: "#000000", background: "#ffffff", font: "sans-serif" };
// Each axis's numbers have a hundred of their own.
const axis = (name, words, size, drawn, step = 1) => ({ name, words, size, ids: Array.from({ length: drawn }, (_, i) => 100 * "NTCDHW".indexOf(name) + step * i) });
const LAYOUTS = {
  sequences: layOut([axis("N", "examples", 64, 4), axis("T", "time steps", 28, 28), axis("D", "features", 32, 16)]),
  rows: layOut([axis("N", "examples", 1024, 32), axis("D", "features", 120, 64)]),
  images: layOut([axis("N", "examples", 256, 4), axis("C", "channels", 6, 6), axis("H", "rows", 24, 4, 6), axis("W", "columns", 24, 4, 6)]),
  channels: layOut([axis("N", "examples", 256, 8), axis("C", "channels", 16, 16), axis("H", "rows", 24, 3, 8), axis("W", "columns", 24, 3, 8)]),
};

const given = (layout, picked, width, height, camera) => ({
  layout, picked, hovered: -1, exists: null, width, height, look, arm: "#0072b2", color: () => "#888888", rough: false, camera,
  panel: { lit: new Uint8Array(layout.count), shade: new Float32Array(layout.count) },
});

// [left, right, top, bottom] of every text, by a ruler for which a digit is 0.55 times as wide as the type is high, and a
// Chinese character as wide as high.
const boxes = (list) => list.filter(({ t }) => t !== undefined).map(({ t, x, y, size, align }) => {
  const wide = [...t].reduce((sum, letter) => sum + (/\p{Script=Han}/u.test(letter) ? 1 : 0.55), 0) * size;
  const left = { left: x, center: x - wide / 2, right: x - wide }[align];
  return { t, left, right: left + wide, top: y - 0.75 * size, bottom: y + 0.1 * size };
});

function touching(list) {
  const numbers = boxes(list).filter(({ t }) => /^[\d–]+$/.test(t));
  return numbers.flatMap((a, i) => numbers.slice(i + 1).filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map((b) => `${a.t} on ${b.t}`));
}

function assertLegendIsClear(words) {
  const panel = { scales: [5.98e9], values: [[NaN, ...Array(127).fill(Infinity), 1]] };
  const map = Array.from({ length: 33 }, () => [0, 0, 0]);
  for (let width = 300; width <= 640; width += 20) {
    const said = boxes(legend(panel, 0, width, 300, look, map));
    assert.ok(said.some(({ t }) => t === words));
    for (const [i, a] of said.entries()) {
      assert.ok(a.left >= 0 && a.right <= width && a.bottom <= 300, `${a.t} is cut at ${width}`);
      for (const b of said.slice(i + 1)) assert.ok(a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top, `${a.t} on ${b.t} at ${width}`);
    }
  }
}

test("how many values are not finite lies on no other word of the legend, however narrow the picture", () => assertLegendIsClear("128 not finite"));

test("in Chinese too, whose characters are wider", async () => {
  await inChinese(() => assertLegendIsClear("128个不是有限值"));
});

test("an axis's name stays inside the picture, in Chinese too", async () => {
  const layout = layOut([axis("N", "样本的很长很长的名字", 64, 4), axis("T", "时间步的很长很长的名字", 28, 28), axis("D", "特征", 32, 16)]);
  for (const yaw of [-0.62, 0.1, 0.8, 2.4, 3.1]) {
    for (const { t, left, right } of boxes(cubeScene(given(layout, 7, 300, 246, { yaw, pitch: 0.44, zoom: 1 })))) {
      if (/\p{Script=Han}/u.test(t)) assert.ok(left >= 0 && right <= 300, `${t} is cut at ${yaw}`);
    }
  }
});

const PICKS = [0, 1, 7, 100];

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`on the grid of ${name} no number touches another, at any width`, () => {
    for (const width of [300, 420, 512, 700]) {
      for (const picked of PICKS) assert.deepEqual(touching(gridScene(given(layout, picked, width, gridHeight(layout.sheet, width) - 34))), [], `${width}, ${picked}`);
    }
  });

  test(`on the cube of ${name} no number of an axis touches another, from anywhere`, () => {
    for (const yaw of [-0.62, 0.1, 0.8, 2.4, 3.1]) {
      for (const pitch of [0.06, 0.44, 1.45]) {
        for (const width of [300, 512]) {
          const list = cubeScene(given(layout, 7, width, 0.82 * width, { yaw, pitch, zoom: 1 }));
          const axes = Object.values(Object.groupBy(list.filter(({ t }) => /^\d+$/.test(t ?? "")), ({ t }) => Math.floor(t / 100)));
          assert.equal(axes.length, Math.min(3, layout.axes.length));
          for (const each of axes) assert.deepEqual(touching(each), [], `${yaw} ${pitch} ${width}`);
        }
      }
    }
  });
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`with all families of ${name} lit no number touches another either, in groups too`, () => {
    const feature = layout.axes.length === 3 ? 2 : 1;
    for (const groups of [1, 2]) {
      const panel = { over: layout.axes.map(({ name: letter }) => letter !== "N"), groups, feature, lit: new Uint8Array(layout.count), shade: new Float32Array(layout.count) };
      const families = familiesOf(panel, layout);
      for (const width of [300, 512]) {
        const of = (height, camera) => ({ ...given(layout, 7, width, height, camera), panel, families });
        assert.deepEqual(touching(gridScene(of(gridHeight(layout.sheet, width) - 34))), [], `grid ${groups} ${width}`);
        const list = cubeScene(of(0.82 * width, { yaw: -0.62, pitch: 0.44, zoom: 1 }));
        const numbers = list.filter(({ t }) => /^[\d–]+$/.test(t ?? ""));
        for (const each of Object.values(Object.groupBy(numbers, ({ t }) => Math.floor(parseInt(t, 10) / 100)))) {
          assert.deepEqual(touching(each), [], `cube ${groups} ${width}`);
        }
      }
    }
  });
}

test("the number of the picked cell is always there, bold", () => {
  const { sequences } = LAYOUTS;
  for (let t = 0; t < 28; t++) {
    const list = gridScene(given(sequences, sequences.join([2, t, 5]), 420, 400));
    assert.deepEqual(list.filter(({ weight }) => weight === 700).map(({ t: text }) => text), [String(100 + t), "2"]);
  }
});

test("in groups the number that is lit is of the group that the picked cell is in", () => {
  const plain = (name, size) => ({ name, words: "", size, ids: Array.from({ length: size }, (_, i) => i) });
  const layout = layOut([plain("N", 4), plain("C", 6), plain("H", 2), plain("W", 2)]);
  const panel = { over: [false, true, true, true], groups: 2, feature: 1, lit: new Uint8Array(layout.count), shade: new Float32Array(layout.count) };
  for (const [channel, group] of [[0, "0–2"], [2, "0–2"], [3, "3–5"], [5, "3–5"]]) {
    const asked = { ...given(layout, layout.join([1, channel, 0, 1]), 512, 420, { yaw: -0.62, pitch: 0.44, zoom: 1 }), panel, families: familiesOf(panel, layout) };
    for (const list of [cubeScene(asked), gridScene(asked)]) {
      assert.deepEqual(list.filter(({ t, fill }) => /–/.test(t ?? "") && fill === asked.arm).map(({ t }) => t), [group]);
    }
  }
});
