// What a number means: the “?” beside a title opens a short answer and how it is computed, in the page's language, and
// leads to all of it in Reference. The texts are the server's (core/words/terms), fetched when one is asked for.

import { _, spoken } from "./language.js";
import { address, escape, get } from "./web.js";

const EDGE = 8; // pixels, from the window's edges and from the button
const COMPUTED = 1; // the section that is shown with the short answer

// The button; `what` names it where several stand together.
export const asks = (slug, what = "") => {
  const label = what ? _("What is this? {what}", { what }) : _("What is this?");
  return `<button type="button" class="ns-what" data-term="${slug}" aria-label="${escape(label)}" title="${escape(label)}" aria-haspopup="dialog">?</button>`;
};

// How far a chart's title moves to the right for the button in its corner.
export function besideTitle(chart) {
  const button = chart.querySelector(":scope > .ns-what");
  return button ? button.offsetWidth + EDGE : 0;
}

// The term in Reference, with the run that is in view.
export function inReference(slug) {
  const url = new URL(address("reference"));
  url.search = location.search;
  url.searchParams.set("term", slug);
  return url.href;
}

const found = new Map(); // by language and slug: what the server said, or will

export function term(slug) {
  const key = `${spoken()}/${slug}`;
  if (!found.has(key)) {
    const answer = get(`api/terms/${slug}`).then((said) => (said.error ? Promise.reject(new Error(said.error)) : said));
    found.set(key, answer);
    answer.catch(() => found.delete(key)); // who asks again may be luckier
  }
  return found.get(key);
}

// Its short answer, and how it is computed.
export const short = ({ slug, title, short: answer, sections }) => `
  <h2>${escape(title)}</h2>${answer}
  <h3>${escape(sections[COMPUTED].title)}</h3>${sections[COMPUTED].html}
  <p><a href="${escape(inReference(slug))}">${_("More in Reference")}</a></p>`;

// Links from one term to another are written #slug.
export function leadOn(element) {
  for (const link of element.querySelectorAll('a[href^="#"]')) link.href = inReference(link.getAttribute("href").slice(1));
}

// Where a box of this size stands by a button: below it, or above where there is more room; as high as there is room.
export function placed(button, { width, height }, view) {
  const below = view.height - button.bottom - 2 * EDGE;
  const above = button.top - 2 * EDGE;
  const isBelow = height <= below || below >= above;
  const high = Math.min(height, isBelow ? below : above);
  const left = Math.max(EDGE, Math.min(button.left, view.width - width - EDGE));
  return { left, top: isBelow ? button.bottom + EDGE : button.top - EDGE - high, high };
}

// --- the one box of the page ---------------------------------------------------------------------------------------

let box;
let shown = null; // the button whose answer is open
let before = null; // the one that was, when the pointer went down: the browser closes it before the click comes

function makeBox() {
  const made = document.createElement("div");
  made.className = "ns-answer";
  made.popover = "auto"; // Esc and a press beside it close it
  made.tabIndex = -1;
  made.autofocus = true; // where the focus goes, and from where it comes back to the button
  made.setAttribute("role", "dialog");
  made.addEventListener("beforetoggle", ({ newState }) => newState === "closed" && forget());
  made.addEventListener("keydown", (event) => event.stopPropagation()); // Space scrolls, and pauses nothing
  document.body.append(made);
  return made;
}

function forget() {
  shown?.removeAttribute("aria-expanded");
  shown = null;
}

async function open(button) {
  box ??= makeBox();
  shown = button;
  button.setAttribute("aria-expanded", "true");
  const { color, backgroundColor, fontFamily } = getComputedStyle(document.querySelector("[data-testid=stApp]"));
  Object.assign(box.style, { color, backgroundColor, fontFamily });
  box.setAttribute("aria-label", button.getAttribute("aria-label"));
  box.innerHTML = `<p>${_("Fetching …")}</p>`;
  box.showPopover();
  place();
  const html = await term(button.dataset.term).then(short, () => `<p>${_("It did not come. Close this and press again.")}</p>`);
  if (shown !== button) return;
  box.innerHTML = html;
  leadOn(box);
  place();
}

function place() {
  if (!shown) return;
  const button = shown.getBoundingClientRect();
  if (!shown.isConnected || button.bottom < 0 || button.top > window.innerHeight) return box.hidePopover();
  box.style.maxHeight = "";
  const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
  const { left, top, high } = placed(button, { width: box.offsetWidth, height: box.offsetHeight }, view);
  Object.assign(box.style, { left: `${left}px`, top: `${top}px`, maxHeight: `${high}px` });
}

// Buttons come and go with what is drawn, some of them in a shadow tree: so all are heard here. In Reference there are
// rows and articles of a term, too, which are not asked.
export const buttonIn = (event) => event.composedPath().find((element) => element.classList?.contains("ns-what"));

function clicked(event) {
  const button = buttonIn(event);
  if (!button) return;
  const wasOpen = (event.detail ? before : shown) === button;
  if (shown) box.hidePopover();
  if (!wasOpen) open(button);
}

if (globalThis.document?.addEventListener) {
  document.addEventListener("pointerdown", () => (before = shown), true);
  document.addEventListener("click", clicked);
  document.addEventListener("scroll", ({ target }) => target !== box && place(), true);
  window.addEventListener("resize", place);
}
