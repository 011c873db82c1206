// The visitor's orders, on their way to Python. An order goes in one message with what the form's fields hold, so a field
// that is still typed in hands its text over before, or the text goes with the order. Streamlit drops what a newer press
// overtakes, and what comes to a server that does not know the session yet: so orders are numbered and sent again until
// Python has heard them, and Python carries out each number once.

import { attend } from "./attending.js";
import { pressedIn } from "./fields.js";
import { know } from "./known.js";
import { isOpen, linkIn, links } from "./stage.js";
import { address, GONE } from "./web.js";

const FORM = "[data-testid=stSidebar]";
const KEPT = "normscope-form"; // what the form holds, over a reload: the link has the run's settings
const FIRST_PATIENCE_MS = 3000;
const LOST_MS = 10_000; // a press on a link comes to nothing where the server went away just then

const waiting = []; // { number, order, heard }
let count = 0;
let line = Promise.resolve();
let pressedOn = {}; // what was typed when the button went down, which takes the focus from the field
let python = null; // what Python has said last
let send = null;
let timer;
let pressedLink = null; // { path, at }
let handing = null; // as long as Streamlit has not sent what it was handed
let heldLink = null; // which was pressed meanwhile

// The element on every page by which the orders go. It has nothing to show.
export function mount({ data, setTriggerValue }) {
  send = (message) => setTriggerValue("sent", message);
  const isNew = data.visitor !== python?.visitor; // a page just opened, or a server started anew
  const inView = python?.link?.run; // before, in this very page
  const isTurned = data.page !== python?.page;
  python = data;
  while (waiting.length && waiting[0].number <= data.heard) waiting.shift().heard();
  if (isNew) meet(data.opened?.run ? "" : inView);
  else if (isTurned) later();
  attend(data.class, order);
  if (data.link?.run && !data.recorded) know(data.link.run);
  keep();
  watch();
}

// Have it done: { do, run, ... }. Resolves when Python has heard it.
export function order(what) {
  const typed = { ...pressedOn, ...typedArms() };
  const handedOver = handOver();
  line = line.then(() => handedOver);
  return new Promise((heard) => {
    line = line.then(() => {
      const left = { ...typed, ...refusedNumbers() };
      waiting.push({ number: ++count, heard, order: Object.keys(left).length ? { ...what, typed: left } : what });
      sendAll();
    });
  });
}

export const areWaiting = () => waiting.length > 0;

// While Streamlit turns to another page, it would take an order for a rerun of this one, and come back to it.
function sendAll(patience = FIRST_PATIENCE_MS, isPatient = true) {
  clearTimeout(timer);
  if (!waiting.length || !python) return; // what is pressed before Python has said anything goes when it has
  if (!isTurning() && (!isPatient || path(address(python.page)) === path(location.href))) {
    handOn({ seen: python.sets, orders: waiting.map(({ number, order: what }) => ({ ...what, number })) });
  }
  timer = setTimeout(() => sendAll(2 * patience, false), patience);
}

// Streamlit sends it in a task of its own, before which a press may come: then as if it were of the page that is left.
function handOn(message) {
  send?.(message);
  clearTimeout(handing);
  handing = setTimeout(() => {
    handing = null;
    heldLink?.click();
    heldLink = null;
  });
}

// From the press on a page's link on; Streamlit marks it as open when the server has heard of it, and the address comes last.
document.addEventListener("click", (event) => {
  const link = linkIn(event);
  if (!link) return;
  if (handing) {
    heldLink = link;
    event.preventDefault();
    event.stopImmediatePropagation();
  } else pressedLink = isOpen(link) ? null : { path: link.pathname, at: performance.now() };
}, true);

function isTurning() {
  const { path: to, at } = pressedLink ?? {};
  const isOver = links().some((link) => link.pathname === to && isOpen(link));
  if (isOver || performance.now() - at > LOST_MS) pressedLink = null;
  return pressedLink !== null;
}

const path = (url) => new URL(url).pathname.replace(/\/$/, "");
const later = () => setTimeout(sendAll, 0); // Streamlit wants no triggers while an element is mounted

// --- a session that is new to this tab --------------------------------------------------------------------------------

// Who changed the page while the server was away comes to the new one without a link: `lost` was in view.
function meet(lost) {
  const kept = stored();
  const isAsItWas = kept && (lost || same(kept.link, python.opened));
  if (isAsItWas && python.form && !same(kept.form, python.form)) {
    waiting.unshift({ order: { do: "fill", form: kept.form }, heard() {} });
  }
  if (lost) waiting.unshift({ order: { do: "open", id: lost }, heard() {} });
  for (const each of waiting) each.number = ++count;
  later();
}

function keep() {
  if (waiting.some(({ order: { do: what } }) => what === "fill")) return;
  const form = python.form ?? stored()?.form;
  if (form) sessionStorage.setItem(KEPT, JSON.stringify({ link: python.link, form }));
}

const stored = () => JSON.parse(sessionStorage.getItem(KEPT));
const sorted = (dict) => JSON.stringify(Object.entries(dict).toSorted());
const same = (one, other) => sorted(one) === sorted(other);

// --- what the form's fields have not told Streamlit ---------------------------------------------------------------------

// A field tells Streamlit what was typed when it loses the focus, and React needs a moment to pass that on.
async function handOver() {
  const field = document.activeElement;
  if (!field?.closest(FORM) || !field.matches("input, textarea")) return;
  field.blur();
  await new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 50); // a page in the background gets no frames
  });
}

// The list of arms forgets a name that was typed without Enter when it loses the focus.
const typedArms = () => texts(`${FORM} [data-testid=stMultiSelect] input`, ({ value }) => value.trim());
// A number that the field itself refuses stays in it, while Streamlit goes on with the one before.
const refusedNumbers = () => texts(`${FORM} [data-testid=stNumberInput] input[aria-invalid=true]`, ({ value }) => value);

function texts(selector, read) {
  const found = [...document.querySelectorAll(selector)].map((input) => [setting(input), read(input)]);
  return Object.fromEntries(found.filter(([name, text]) => name && text));
}

// Streamlit puts a widget's key into a class of its box.
const setting = (input) => input.closest("[class*=st-key-]")?.className.match(/st-key-(\w+)/)[1];

document.addEventListener("pointerdown", () => (pressedOn = typedArms()), true);
document.addEventListener("keydown", () => (pressedOn = {}), true);
window.addEventListener("click", () => (pressedOn = {})); // after all who were pressed

// The run that was begun in another's place, on whatever page it is told.
document.addEventListener("click", (event) => {
  const button = pressedIn(event).closest?.("[data-lead-on]");
  if (button) order({ do: "lead-on", id: button.dataset.leadOn });
});

// --- a server that has been started anew --------------------------------------------------------------------------------

// Streamlit comes back to it without running the script: the page would not hear that its run is gone.
let isLooking = false;
async function look() {
  if (isLooking) return;
  isLooking = true;
  await order({ do: "look" });
  isLooking = false;
}

document.addEventListener(GONE, look);

let watched;
function watch() {
  const app = document.querySelector("[data-testid=stApp]");
  if (!app || app === watched) return;
  watched = app;
  const isThere = () => app.dataset.testConnectionState === "CONNECTED";
  let before = isThere();
  new MutationObserver(() => {
    if (isThere() && !before) look();
    before = isThere();
  }).observe(app, { attributeFilter: ["data-test-connection-state"] });
}
