// The stage for a class: in projector view the pages are tabs above every page, and keys do what a teacher does most. What
// is done to the run is an order, from whatever page; on Train it is the press of the button there.

import { FIELDS, hasDialog, pressedIn } from "./fields.js";
import { keep, kept } from "./kept.js";
import { _ } from "./language.js";
import { isProjected, project } from "./look.js";
import { get } from "./web.js";

const INSIDE = /\/(activations|gradients|parameters)$/; // the networks
const TIMELESS = /\/(lessons|lab|runs|reference)$/; // without a cursor
const LINKS = "[data-testid=stSidebarNavLink]";
const PRESSED = "button, a, summary, [role=radio], [role=checkbox], [role=switch], [role=tab]"; // what Space and Enter press
const BEYOND = 1e9; // a record that no run has: the answer is its state alone

let told = { link: {} }; // what Python says of the session
let order = null;
let nav = null;

// Whether a run that begins now hides its arms, but for the first, until they are revealed.
export const isHiding = () => isProjected() && kept("hides", false);

// From now on, and in the run in view too; resolves when Python has heard it.
export function hideArms() {
  const hides = !isHiding();
  keep("hides", hides);
  return ordered(hides ? "hide" : "show");
}

export function meet(python, send) {
  [told, order] = [python, send];
  if (!nav) build();
  const app = document.querySelector("[data-testid=stApp]"); // which has the colours
  if (app && nav.parentElement !== app) app.append(nav);
  write();
}

const ordered = (what) => (told.mine ? order({ do: what, run: told.link.run, hides: isHiding() }) : Promise.resolve());

// --- the tabs -----------------------------------------------------------------------------------------------------------

export const links = () => [...document.querySelectorAll(LINKS)];
export const linkIn = (event) => pressedIn(event).closest?.(LINKS);
export const isOpen = (link) => link.getAttribute("aria-current") === "page";

function build() {
  nav = document.createElement("nav");
  nav.className = "ns ns-stage";
  nav.addEventListener("click", (event) => clicked(event));
  document.addEventListener("keydown", (event) => pressed(event));
  // Which page is open, the sidebar's list says; it is there as long as the page is, whatever is shown of it.
  new MutationObserver(write).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-current"] });
  new ResizeObserver(() => document.body.style.setProperty("--stage", `${nav.offsetWidth}px`)).observe(nav);
}

function write() {
  // A page inside the networks has its own button for the projector beside what it shows, and without a run shows nothing.
  nav.classList.toggle("ns-without-run", !told.link.run && links().some((link) => isOpen(link) && INSIDE.test(link.pathname)));
  const tabs = links().map((link, i) => {
    const name = (link.querySelector("p") ?? link).textContent; // beside its icon
    return `<button data-page="${i}"${isOpen(link) ? ' aria-current="page"' : ""}>${name}</button>`;
  });
  const html = `${tabs.join("")}<button data-keys="1" title="${_("Keys (?)")}" aria-label="${_("Keys")}">?</button>
    <button data-leave="1" title="${_("Leave the projector view (P)")}">${_("Projector")}</button>${help(tabs.length)}`;
  nav.setAttribute("aria-label", _("Pages"));
  if (html !== nav.made) nav.innerHTML = nav.made = html;
}

const help = (pages) => `<div class="ns-answer ns-help" popover data-help="1" tabindex="-1" aria-label="${_("Keys")}"><dl>${rows(pages)
  .map(([names, words]) => `<div><dt>${names.map((name) => `<kbd>${name}</kbd>`).join(" ")}</dt><dd>${words}</dd></div>`).join("")}</dl></div>`;

const rows = (pages) => [
  [["1", "…", pages], _("the pages, from left to right")],
  [[_("Space")], _("pause, and go on")],
  [["."], _("one mini-batch")],
  [["B"], _("begin the run in view once more")],
  [["H"], _("hide all arms but the first; once more: show all")],
  [["V"], _("reveal the next hidden arm")],
  ...(links().some((link) => isOpen(link) && TIMELESS.test(link.pathname)) ? [] : [[["←", "→"], _("the look before, the next look; in a walk its steps")], [["Home", "End"], _("the first look; live")]]),
  [["P"], _("leave the projector view")],
  [["?"], _("these keys; Esc closes them")],
];

function clicked({ target }) {
  const { page, keys, leave } = target.dataset;
  if (page) links()[Number(page)]?.click();
  if (keys) showKeys();
  if (leave) project();
}

const showKeys = () => nav.querySelector("[data-help]").togglePopover();

// --- the keys -----------------------------------------------------------------------------------------------------------

const ACTS = { " ": () => steer("pause"), ".": () => steer("step"), b: () => steer("restart"), v: () => steer("reveal"), h: () => steer("hide"), p: () => project(), "?": showKeys };

function pressed(event) {
  if (!isProjected() || hasDialog() || !isOurs(event)) return;
  const act = /^[1-9]$/.test(event.key) ? () => links()[Number(event.key) - 1]?.click() : ACTS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

// Streamlit has R and C; a field, and a button for Space, keep theirs. Space and full stop are Train's own there.
function isOurs(event) {
  const { key, ctrlKey, altKey, metaKey, isComposing, defaultPrevented, repeat } = event;
  const target = pressedIn(event);
  if (ctrlKey || altKey || metaKey || isComposing || defaultPrevented || repeat) return false;
  const isSteering = key === " " || key === ".";
  if (isSteering && document.querySelector(".ns-train")) return false;
  return !target.closest?.(FIELDS) && !(key === " " && target.closest?.(PRESSED));
}

async function steer(what) {
  const button = document.querySelector(`.ns-train button[data-do="${what}"], .ns-train button[data-hides="${what}"]`);
  if (button) return void (button.hidden || button.disabled || button.click());
  if (what === "hide") return void hideArms();
  if (!told.mine) return;
  const isPaused = async () => (await get(`api/runs/${told.link.run}/points?since=${BEYOND}`)).state?.status === "paused";
  ordered(what === "pause" && (await isPaused().catch(() => false)) ? "resume" : what);
}
