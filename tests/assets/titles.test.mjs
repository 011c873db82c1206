// Titles of charts in lines, by a ruler for which every letter is half as wide as the type is high.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { inLines, titled, upright } = await script("titles.js");

const widthOf = (text, size) => (text.length * size) / 2;
const lines = (text, room) => inLines(text, room, widthOf, 16); // 8 pixels a letter

test("a title that has room stays as it is", () => {
  assert.deepEqual(lines("its gradient now", 17 * 8), ["its gradient now"]);
});

test("a title that has none goes on in the next line, at a space", () => {
  assert.deepEqual(lines("mean of all by layer", 13 * 8), ["mean of all", "by layer"]);
  assert.deepEqual(lines("unbreakably long", 3 * 8), ["unbreakably", "long"]);
});

test("no line is wider than the room unless it is a single word", () => {
  const text = "∂L/∂W of conv1: share of weights by sign and magnitude";
  for (let room = 40; room < 600; room += 17) {
    const found = lines(text, room);
    assert.equal(found.join(" "), text);
    for (const line of found) assert.ok(line.length * 8 <= room || !line.includes(" "), `${line} in ${room}`);
  }
});

test("a Chinese title is broken between any two characters, no line begins with a mark, and none gains a space", () => {
  const [chinese, small] = ["第3步conv1的梯度（按符号和大小），每一层：占权重的比例", '<span style="font-size:1em">右侧：测试</span>'];
  for (let room = 40; room < 600; room += 17) {
    const found = inLines(`${chinese} ${small}`, room, widthOf, 16);
    for (const line of found) assert.ok(!/^[，。：；）、]/.test(line.replaceAll(/<[^>]*>/g, "")) && !line.endsWith("（"), line);
    assert.equal(found.join("").replaceAll(/<[^>]*>| /g, ""), "第3步conv1的梯度（按符号和大小），每一层：占权重的比例右侧：测试");
  }
  assert.deepEqual(lines("损失（交叉熵）", 5 * 8), ["损失（交叉", "熵）"]);
  assert.deepEqual(lines("使用BatchNorm 的网络", 12 * 8), ["使用BatchNorm", "的网络"]);
});

test("what is written smaller stays so on every line, and is measured so", () => {
  const small = (text) => `<span style="font-size:.5em">${text}</span>`;
  assert.deepEqual(lines(`test ${small("one two three")}`, 12 * 8), [`test ${small("one two three")}`]);
  assert.deepEqual(lines(`test ${small("one two three")}`, 8 * 8), [`test ${small("one")}`, small("two three")]);
});

test("the title of an upright axis loses all but its first word where it would stick out above the plot", () => {
  assert.equal(upright("share of images", 144, widthOf, 16), "share of images"); // 15 letters of 9.6 pixels
  assert.equal(upright("share of images", 143, widthOf, 16), "share");
});

test("a title that something stands before begins after it, in as many more lines as that takes", () => {
  globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: text.length * 8 }) }) }) };
  const given = { font: { family: "x" }, margin: { t: 30 }, title: { text: "mean of all by layer", font: { size: 16 } } };
  const alone = titled(given, 20 * 8 + 24, {});
  const after = titled(given, 20 * 8 + 24, {}, 28);
  assert.equal(alone.title.text, "mean of all by layer");
  assert.equal(alone.title.pad.l, 0);
  assert.equal(after.title.text, "mean of all by<br>layer");
  assert.equal(after.title.pad.l, 28);
  assert.ok(after.margin.t > alone.margin.t);
});
