// What a saved picture says around its chart, measured by a ruler for which every letter is half as wide as the type.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

const { headings, keyOf, laidOut, standingAlone } = await script("saved_image.js");
const { wrapped } = await script("wrapped.js");
const { fileName } = await script("origin.js");

const look = { type: 14 };
const widthOf = (text, size) => (text.length * size) / 2;
const WORDS = {
  title: "Loss", about: "Run 3 · Finished", foot: ["built-in digits · lr 0.5", "http://localhost:8501/?data=digits&lr=0.5&run=abc"],
  key: [{ text: "BatchNorm (bn)", color: "blue", symbol: "square" }, { text: "test", dash: "dash" }, { text: "at the right: test" }],
};
const texts = ({ list }) => list.filter(({ text }) => text).map(({ text }) => text);
const ends = (list) => list.map(({ text = "", x, size, dash, color }) => x + (text ? widthOf(text, size) : dash || color ? 26 : 0));

test("above the chart stand its title, the run, the arms and the lines; below it the settings and the link", () => {
  const { above, below } = laidOut(WORDS, 640, look, widthOf);
  assert.deepEqual(texts(above), ["Loss", "Run 3 · Finished", "BatchNorm (bn)", "test", "at the right: test"]);
  assert.deepEqual(texts(below), WORDS.foot);
});

test("an arm has its colour and marker before its name, a line its dashes, and a remark nothing", () => {
  const { list } = laidOut(WORDS, 640, look, widthOf).above;
  const samples = list.filter(({ text }) => !text);
  assert.deepEqual(samples.map(({ color, symbol, dash }) => [color, symbol, dash]), [["blue", "square", undefined], [undefined, undefined, "dash"]]);
  for (const sample of samples) {
    const [name] = list.slice(list.indexOf(sample) + 1);
    assert.ok(name.x > sample.x + 26 && Math.abs(name.y - sample.y) < 13);
  }
});

test("an earlier run's sample is a line in the colours of its arms", () => {
  const key = [{ text: "Run 1: none, bn", colors: ["grey", "blue"], faint: true }];
  const [sample, name] = laidOut({ ...WORDS, key }, 640, look, widthOf).above.list.slice(2);
  assert.deepEqual([sample.colors, sample.faint, name.text], [["grey", "blue"], true, "Run 1: none, bn"]);
  assert.ok(name.x > sample.x + 26);
});

test("whatever the width, nothing is cut, nothing lies beside the paper, and no row lies on another", () => {
  const key = Array.from({ length: 6 }, (_, i) => ({ text: `BatchNorm with a long name ${"x".repeat(9 * i)} (bn${i})`, color: "blue" }));
  const words = { ...WORDS, key, title: "A title that is rather long ".repeat(4).trim(), foot: [`http://localhost/?${"data=digits&".repeat(20)}run=${"a".repeat(150)}`] };
  for (const width of [300, 640, 1000]) {
    const { above, below } = laidOut(words, width, look, widthOf);
    const said = (part) => texts(part).join("").replaceAll(" ", "");
    assert.equal(said(above), [words.title, words.about, ...key.map(({ text }) => text)].join("").replaceAll(" ", ""));
    assert.equal(said(below), words.foot[0]);
    for (const { list, height } of [above, below]) {
      assert.ok(Math.max(...ends(list)) <= width - 16 + 1e-9 && Math.min(...list.map(({ x }) => x)) >= 16, width);
      assert.ok(Math.max(...list.map(({ y }) => y)) < height, "the last row is on the paper");
      const rows = list.filter(({ text }) => text);
      for (const [i, a] of rows.entries()) {
        for (const b of rows.slice(i + 1)) {
          const beside = a.x + widthOf(a.text, a.size) <= b.x || b.x + widthOf(b.text, b.size) <= a.x;
          assert.ok(beside || Math.abs(a.y - b.y) >= Math.min(a.size, b.size), `${a.text} on ${b.text}`);
        }
      }
    }
  }
});

test("a chart's title is told without its marks, and what stands beside it apart", () => {
  const of = (text) => headings({ layout: text === undefined ? {} : { title: { text } } });
  assert.deepEqual(of('Loss<span style="font-size:.72em">   at the right: test</span>'), { title: "Loss", notes: [{ text: "at the right: test" }] });
  const lines = "Loss<br><span style='x'>at the</span><br><span style='x'>right: test</span>";
  assert.deepEqual(of(lines), { title: "Loss", notes: [{ text: "at the right: test" }] });
  assert.deepEqual(of("损失（交<br>叉熵）<span>右侧：</span><br><span>测试</span>"), { title: "损失（交叉熵）", notes: [{ text: "右侧：测试" }] });
  assert.deepEqual(of("γ per channel"), { title: "γ per channel", notes: [] });
  assert.deepEqual(of(), { title: undefined, notes: [] });
});

test("an arm is told by its title and its name, in its colour", () => {
  const key = keyOf([{ name: "bn", title: "BatchNorm" }], new Map([["bn", "blue"]]), ({ name }) => `the marker of ${name}`);
  assert.deepEqual(key, [{ text: "BatchNorm (bn)", color: "blue", symbol: "the marker of bn" }]);
});

test("a file's name says what is drawn and of which run, in letters that every system takes", () => {
  assert.equal(fileName(["loss"], 3), "normscope-loss-run3.png");
  assert.equal(fileName(["activations", "bands", "bn:book/none:lr=0.5"], 12), "normscope-activations-bands-bn-book-none-lr-0.5-run12.png");
});

test("a text is broken at its spaces, a link behind its joints, and what has neither anywhere", () => {
  const rows = (text, letters) => wrapped(text, letters, (part) => part.length);
  assert.deepEqual(rows("one two three", 7), ["one two", "three"]);
  assert.deepEqual(rows("one two three", 99), ["one two three"]);
  assert.deepEqual(rows("a=1&b=2&c=3", 8), ["a=1&b=2&", "c=3"]);
  assert.deepEqual(rows("abcdefgh", 3), ["abc", "def", "gh"]);
  assert.deepEqual(rows("", 3), [""]);
  assert.deepEqual(rows("每批128幅，学习率 0.1，最大汇聚", 9), ["每批128幅，学习", "率 0.1，最大汇", "聚"]);
});

const end = (y, text = "<b>bn:book</b><br><b>:dropout=0.5</b><br>2.30") => ({ xref: "paper", yref: "paper", x: 1, y, yanchor: "middle", text, font: { size: 13 } });
const chart = (annotations, more = {}) => ({
  layout: { margin: { t: 49, b: 8 }, font: { size: 20 }, annotations, ...more }, clientWidth: 599, clientHeight: 240, _fullLayout: { _size: { b: 63 } },
});

test("a picture is as high as the names beside the plot need, however low the chart is on the page", () => {
  const annotations = [-1.6, -1.1, -0.5, 0, 0.5, 1.3].map((y) => end(y));
  const { height, margin } = standingAlone(chart(annotations));
  const plot = height - margin.t - margin.b;
  assert.ok(height > 300);
  for (const { y } of annotations) {
    const [top, foot] = [1, -1].map((side) => margin.t + (1 - y) * plot - side * 0.5 * 3 * 1.3 * 13);
    assert.ok(top >= 0 && foot <= height, `${y}: ${top} to ${foot} of ${height}`);
  }
});

test("where the names have room a picture is as large as the chart, or as its words need", () => {
  assert.equal(standingAlone(chart([end(0.5)])).height, 300);
  assert.deepEqual(standingAlone(chart([])).margin, { t: 49, b: 63 });
  const title = { text: "Loss", font: { size: 23 } };
  assert.equal(standingAlone(chart([end(0.5)], { title, margin: { t: 34, b: 8 }, font: { size: 14 } })).margin.t, 14);
});

test("words in the middle of an empty panel, anchored to nothing, change no size", () => {
  const nothing = { text: "no norm here:<br>the same as before the norm", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false, font: { size: 14 } };
  assert.deepEqual([standingAlone(chart([nothing])).height, standingAlone(chart([nothing])).margin.b], [300, 63]);
});
