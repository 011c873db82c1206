// Talking to the server, and words and numbers in HTML.

import { _, spoken } from "./language.js";
import { tenTo } from "./ticks.js";

export const address = (path) => new URL(path, document.baseURI).href;

const KEPT = /\/inside\/|\/inside\?.*\bsince=0\b|^api\/terms/; // by the browser, as the answer allows
export const GONE = "normscope-gone"; // the document hears of it when the server says that it does not know a run

export const CLASS = "normscope-class"; // and of this one when it says how the class stands that this browser is in

const POLLS = /^api\/runs\/[^/]+\/(points|inside)\?/;
let classId = "";
export const inClass = (id) => (classId = id);

export async function get(path) {
  const asked = classId && POLLS.test(path) ? `${path}&class=${classId}` : path;
  const answer = await (await inTime(() => fetch(address(inLanguage(asked)), KEPT.test(path) ? {} : { cache: "no-store" }))).json();
  if (answer.gone) document.dispatchEvent(new Event(GONE));
  if (answer.class) document.dispatchEvent(new CustomEvent(CLASS, { detail: answer.class }));
  return answer;
}

// A server that is asked too often says for how long it is not to be asked: nobody asks it until then.
let rest = null;

export async function inTime(ask) {
  for (;;) {
    if (rest) await rest;
    const response = await ask();
    if (response.status !== 429) return response;
    rest ??= resting(response);
  }
}

async function resting(response) {
  const over = new Promise((done) => setTimeout(done, 1000 * (Number(response.headers.get("Retry-After")) || 1)));
  const { say } = await import("./held_up.js").catch(() => ({ say() {} })); // hardly ever needed
  const { error } = await response.json().catch(() => ({})); // a proxy's own refusal has no words of ours
  say(error ?? _("The server is asked too often. This page goes on by itself."));
  await over;
  rest = null;
  say("");
}

// What the server says in words, it says in English unless it is asked for more.
export const inLanguage = (path) => (spoken() === "en" ? path : `${path}${path.includes("?") ? "&" : "?"}lang=${spoken()}`);

// What is there already stays, and with it what is opened or chosen in it. What is written anew has the focus where it was:
// on the control of the same place.
export function fill(element, html) {
  if (element.html === html) return;
  const controls = () => [...element.querySelectorAll("button, input, summary")];
  const focused = controls().indexOf(document.activeElement);
  element.innerHTML = element.html = html;
  controls()[focused]?.focus({ preventScroll: true });
}

// Whether somebody drags in a chart of `element` just now: drawing then would end the drag. `release` is called after it.
export function dragging(element, release) {
  let held = false;
  const end = () => {
    if (held) setTimeout(release, 100);
    held = false;
    for (const each of ENDS) window.removeEventListener(each, end);
  };
  element.addEventListener("pointerdown", ({ target }) => {
    held = Boolean(target.closest(".ns-chart"));
    for (const each of ENDS) window.addEventListener(each, end);
  });
  return () => held;
}

const ENDS = ["pointerup", "pointercancel"]; // a finger that begins to scroll the page is never lifted from the chart

export const percent = (share) => (share == null ? "–" : `${(100 * share).toFixed(1)} %`);
export const number = (n) => Number(n).toLocaleString("en-US");
export const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// Two digits that matter, as the axes write them: 0.0054, 0.20, −1.4, 320, 2.7·10⁻⁷.
export function brief(x) {
  if (x == null) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (!(size >= 1e-4 && size < 1e4)) return scientific(x, 1);
  const text = x.toPrecision(2);
  return (text.includes("e") ? String(Number(text)) : text).replace("-", "−");
}

// 2.7·10⁻⁷ with so many decimals.
export function scientific(x, decimals) {
  if (!Number.isFinite(x)) return String(x).replace("-", "−");
  const [mantissa, exponent] = x.toExponential(decimals).split("e");
  return `${mantissa.replace("-", "−")}·${tenTo(exponent)}`;
}

// Large type needs more room between the numbers of an upright axis and its title.
const apart = (axis, type) => (axis.title?.standoff ? { ...axis, title: { ...axis.title, standoff: axis.title.standoff + type - 14 } } : axis);

// An axis in the page's type and colours. Plotly would write k and B, as of money: a run that blew up has powers of ten here
// as in the words.
export const axisIn = (look, type = look.type) => ({
  gridcolor: look.grid, zeroline: false, linecolor: look.grid, tickfont: { size: type }, automargin: true, exponentformat: "power",
});

// A chart's layout in the page's type and colours; `more` goes on top.
export function layout(look, more, type = look.type) {
  const axis = axisIn(look, type);
  return {
    autosize: true, margin: { l: 8, r: 12, t: 34 * type / 14, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: look.font, color: look.text, size: type }, showlegend: false, dragmode: "zoom",
    hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { size: type - 1, color: look.text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: look.faint, activecolor: look.text }, uirevision: "keep", ...more,
    xaxis: { ...axis, ...more.xaxis }, yaxis: apart({ ...axis, ...more.yaxis }, type),
    ...(more.title && { title: { text: more.title, x: 0.01, xanchor: "left", y: 0.985, yanchor: "top", font: { size: type + 2 } } }),
  };
}

// A chart's own button: whoever draws the charts knows what stands beside them, and hears WANTED.
export const WANTED = "ns-save";
export const SAVE = {
  name: "save", title: () => _("Save as PNG"), click: (chart) => chart.dispatchEvent(new CustomEvent(WANTED, { bubbles: true })),
  icon: { width: 24, height: 24, path: "M11 3h2v9l3-3 1.4 1.4L12 16 6.6 10.4 8 9l3 3zM4 15h2v4h12v-4h2v6H4z" },
};
// Plotly's own buttons have words, too: it takes them from here, each time it draws.
export const framed = (more) => ({
  displaylogo: false, responsive: true, showTips: false, ...more,
  get locale() {
    return spoken();
  },
  get locales() {
    return { [spoken()]: { dictionary: { Zoom: _("Zoom"), Pan: _("Pan"), "Reset axes": _("Reset axes") } } };
  },
});
export const CONFIG = framed({ modeBarButtons: [[SAVE, "zoom2d", "pan2d", "resetScale2d"]] });
export const SMALL = framed({ modeBarButtons: [[SAVE]] }); // of a chart that has no room for more

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// What comes next is a task of its own: clicks are heard and frames drawn before it.
export const breath = () => new Promise((done) => setTimeout(done));

// What is on the page now is on the screen at the second frame from here.
export const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
