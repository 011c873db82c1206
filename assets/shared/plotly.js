// plotly.js, which draws the charts: fetched once for all who ask, and asked for again until it comes. Nothing else on a
// page waits for it, and it waits for what is being pressed: to evaluate it takes all of the browser most of a second.

import { rememberArrays } from "./array_attributes.js";
import { _ } from "./language.js";
import { address } from "./web.js";

const PATIENCE_MS = 500; // sooner it is not worth a word
const RETRY_MS = 2000;
const LONGEST_MS = 4000; // that what was pressed keeps it waiting: a slow machine takes seconds to the first point
const ALONE_MS = 300; // a hand that is about to press has moved since
const TOUCHES = ["pointermove", "pointerdown", "keydown"];
const nothing = () => "";
const loading = () => _("The charts are still loading.");
const failing = () =>
  _("No charts yet: plotly.js, which draws them, did not come from the server. All else works; the page asks again.");

let library;
let words = nothing; // asked for when they are shown: the language may change meanwhile
let pressed;
let want;
const wanted = new Promise((done) => (want = done));

export function plotly() {
  want();
  return (library ??= bring());
}

// There is nothing to draw yet: it is evaluated once nobody moves or types.
export function fetchAhead() {
  library ??= bring();
}

// Where the charts will be, or above: says why they are not there if that takes long.
export const late = () => `<p class="ns-late" role="status">${words()}</p>`;

// Somebody has pressed what shows something soon, and `shown` settles when it does.
export function evaluateAfter(shown) {
  pressed = Promise.race([shown, pause(LONGEST_MS)]);
}

async function bring() {
  const timer = setTimeout(() => say(loading), PATIENCE_MS);
  for (let failed = 0; !window.Plotly; failed += 1) {
    // A browser that once failed to preload an address gives that answer again without a question to the server.
    await attempt(address(`vendor/plotly.min.js?v=${version()}${failed ? `&again=${failed}` : ""}`)).catch(() => {});
    if (window.Plotly) rememberArrays(window.Plotly);
    if (window.Plotly) break;
    clearTimeout(timer);
    say(failing);
    await pause(RETRY_MS);
  }
  clearTimeout(timer);
  say(nothing);
  return window.Plotly;
}

// A browser keeps what it has loaded, for a year: until plotly, or any script, is another one.
const version = () => import.meta.url.match(/\/assets\/([^/]+)\//)[1];

async function attempt(url) {
  await loaded("link", { rel: "preload", as: "script", href: url, fetchPriority: "low" });
  await Promise.race([wanted, leftAlone()]);
  await pressed;
  await loaded("script", { src: url });
}

async function leftAlone() {
  let touched = true;
  const touch = () => (touched = true);
  for (const each of TOUCHES) window.addEventListener(each, touch, true);
  while (touched) {
    touched = false;
    await pause(ALONE_MS);
  }
  for (const each of TOUCHES) window.removeEventListener(each, touch, true);
}

function loaded(kind, properties) {
  const element = Object.assign(document.createElement(kind), properties);
  return new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", () => {
      element.remove();
      reject(new Error(`plotly.js did not come as a ${kind}`));
    });
    document.head.append(element);
  });
}

function say(what) {
  words = what;
  for (const element of document.querySelectorAll(".ns-late")) element.textContent = words();
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
