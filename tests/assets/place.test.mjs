// A place inside the networks: a link to it, and what a page shows that is opened by one.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";
import { tab } from "./tab.mjs";

const { arrive, linkTo, turnTo } = await script("place.js");
const { heldAt } = await script("cursor.js");
const { keep, kept, keptList } = await script("kept.js");

const place = { page: "gradients", layer: "conv1", step: 20, source: "fixed", shown: "update_ratio" };

// The page at this address; what it has been replaced by is returned by `now`.
function visit(path) {
  tab();
  const at = { href: `http://there/norm/${path}`, get search() { return new URL(this.href).search; } };
  globalThis.location = at;
  globalThis.document = { baseURI: "http://there/norm/" };
  globalThis.history = { state: null, replaceState: (state, unused, url) => (at.href = String(url)) };
  return () => at.href;
}

test("a link leads to the page, with the run in view, and opened it shows the layer, step, images and quantity, of any page", () => {
  for (const [page, choice] of [["gradients", "metric"], ["activations", "stage"], ["parameters", ""]]) {
    visit("?lr=0.1&run=a");
    const link = linkTo({ ...place, page, source: "batch" });
    assert.ok(link.startsWith(`http://there/norm/${page}?lr=0.1&run=a&look=`));
    const now = visit(link.slice("http://there/norm/".length));
    arrive();
    assert.deepEqual([heldAt("a"), kept(`${page} layer`, ""), kept("source", "")], [20, "conv1", "batch"]);
    if (choice) assert.equal(kept(choice, ""), "update_ratio");
    assert.equal(now(), `http://there/norm/${page}?lr=0.1&run=a`); // a reload leaves the visitor where they went from there
  }
});

test("a link without a place, or with one that nobody can read, holds nothing", () => {
  for (const look of ["", "look=", "look=x,conv1", "look=-3,conv1", "look=20", "look=1e3,conv1"]) {
    visit(`gradients?run=a&${look}`);
    arrive();
    assert.deepEqual([heldAt("a"), kept("gradients layer", "usual")], [null, "usual"]);
  }
  visit("gradients?look=20,conv1"); // of which run?
  arrive();
  assert.equal(kept("gradients layer", "usual"), "usual");
});

test("an arm of which a reason speaks is not hidden where it leads, and the others stay as they are", () => {
  tab();
  keep("hidden", ["none", "ln"]);
  turnTo("a", { ...place, arms: ["none"] });
  assert.deepEqual(keptList("hidden"), ["ln"]);
  assert.equal(heldAt("a"), 20);
});

test("a link may lead to another run than the one in view, in the same language, and takes nothing else along", () => {
  visit("lessons?lang=zh&lesson=a&step=2&answers=off&lr=0.1&run=a");
  assert.equal(linkTo(place, "b"), "http://there/norm/gradients?lang=zh&run=b&look=20%2Cconv1%2Cfixed%2Cupdate_ratio");
  visit("lessons?run=a");
  assert.equal(linkTo({ ...place, page: "cube" }, "b"), "http://there/norm/cube?run=b"); // which has no layer and step in its link
});
