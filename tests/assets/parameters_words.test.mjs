// What the parameters page says of an arm, in both languages.

import assert from "node:assert/strict";
import test, { afterEach } from "node:test";

import { english, inChinese } from "./speech.mjs";
import { script } from "./script.mjs";

const { aboutNoise, gain, lack, ranges, unbiased } = await script("parameters_words.js");

afterEach(english);

test("an arm that has nothing to show says why, and that it failed before that it diverged", async () => {
  assert.equal(lack("BN", "bn", "fc1", { failed: 9, diverged: 7 }), "BN failed at step 9.");
  assert.equal(lack("BN", "bn", "fc1", { diverged: 0 }), "BN has diverged at step 0.");
  assert.equal(lack("None", "none", "fc1", {}), "None has no norm layers: nothing to scale, shift or remember.");
  assert.equal(lack("BN", "bn", "fc1", {}), "BN has no norm behind fc1.");
  await inChinese();
  assert.equal(lack("BN", "bn", "fc1", { diverged: 7 }), "BN在第7步发散。");
});

test("the ends of γ and β are told, and what has no β or no number", async () => {
  assert.equal(ranges("BN", { gamma: [0.98, 1.07], beta: [-0.1, 0.02] }), "BN γ from 0.98 to 1.07, β from −0.10 to 0.02");
  assert.equal(ranges("RMS", { gamma: [null], beta: [] }), "RMS γ is not finite; it has no β");
  await inChinese();
  assert.equal(ranges("BN", { gamma: [0.98, 1.07], beta: [-0.1, 0.02] }), "BN γ从0.98到1.07，β从−0.10到0.02");
});

test("what recalibration gains is told in points, and compared with batch statistics only where it is close to them", async () => {
  assert.equal(gain("BN", { running: 0.5, recalibrated: 0.505, batch: 0.9 }), "BN: less than one point.");
  assert.equal(gain("BN", { running: 0.5, recalibrated: 0.7, batch: 0.9 }), "BN: +20.0 points with the same weights.");
  assert.equal(gain("BN", { running: 0.7, recalibrated: 0.5, batch: 0.51 }), "BN: −20.0 points with the same weights, about what batch statistics give.");
  assert.equal(gain("BN", { running: 0.5, recalibrated: 0.7, batch: NaN }), "BN: +20.0 points with the same weights.");
  await inChinese();
  assert.equal(gain("BN", { running: 0.5, recalibrated: 0.7, batch: 0.7 }), "BN：权重不变，精度变化+20.0个百分点，与用小批量统计量的结果相近。");
});

test("whose variance it is, is told only where it is known", () => {
  const what = "= n/(n − 1), unbiased over biased variance at n = 256 values per channel in a training batch";
  assert.deepEqual([unbiased("256", ""), unbiased("256", "the book’s")], [what, `${what}. Here: the book’s`]);
});

test("the noise of a mean over positions is told otherwise than that of one value an image", () => {
  assert.match(aboutNoise("conv1", 1024), /^One image has 1,024 positions per channel at conv1; /);
  assert.match(aboutNoise("fc1", 1), /^Each image gives one value per unit/);
});
