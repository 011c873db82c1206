// The Code panel: which program is lit, and how it is written.

import assert from "node:assert/strict";
import test from "node:test";

import { script } from "./script.mjs";

globalThis.document ??= { documentElement: {}, baseURI: "http://server/" };
const { Code, painted } = await script("code.js");

const part = () => ({ addEventListener: () => {}, querySelectorAll: () => [], open: false });
function panel(shown, whose) {
  const names = ["code", "codeCopy", "codeScript", "codeNotebook", "codeChapter", "codeText", "codeSays"];
  const code = new Code(Object.fromEntries(names.map((name) => [name, part()])));
  if (whose) code.whose = whose;
  code.show({ run: "", form: "", chapter: "https://d2l.ai/", stamp: "", ...shown });
  return code;
}

test("the run in view is lit as long as nobody asks for the sidebar’s settings, which are before there is a run", () => {
  assert.equal(panel({ run: "abc", form: "lr=1" }).lit, "run");
  assert.equal(panel({ run: "abc", form: "lr=1" }, "form").lit, "form");
  assert.equal(panel({ form: "lr=1" }).lit, "form");
  assert.equal(panel({ run: "abc" }, "form").lit, "run"); // the sidebar’s cannot be run
});

test("the files are those of what is lit, and there are none where there is no experiment", () => {
  const of = (shown, whose) => panel(shown, whose).parts;
  assert.equal(of({ run: "abc", form: "lr=1" }).codeScript.href, "http://server/api/runs/abc/experiment.py");
  assert.equal(of({ run: "abc", form: "lr=1" }, "form").codeNotebook.href, "http://server/api/experiment.ipynb?lr=1");
  assert.deepEqual([of({}).codeScript.hidden, of({}).codeCopy.hidden, of({ form: "lr=1" }).codeCopy.hidden], [true, true, false]);
});

test("comments are softer than code, and nothing of either becomes HTML", () => {
  assert.equal(painted("# a < b"), "<i># a &#60; b</i>");
  assert.equal(painted("    x = 1  # one & only"), "    x = 1<i>  # one &#38; only</i>");
  assert.equal(painted(`print("# <b>")`), "print(&#34;# &#60;b&#62;&#34;)");
});
