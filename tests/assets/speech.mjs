// The language that a test speaks, with the page's own catalog.

import { readFileSync } from "node:fs";

import { script } from "./script.mjs";

const { speak } = await script("language.js");

export const english = () => said("en");
export const inChinese = () => said("zh");

// The server's answer is the file itself; `document` is as much of a page as the script needs.
function said(language) {
  globalThis.document ??= { documentElement: {}, baseURI: "http://server/" };
  document.documentElement ??= {};
  globalThis.fetch = async (url) => ({ json: async () => JSON.parse(readFileSync(url, "utf8")) });
  return speak(language);
}
