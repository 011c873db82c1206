// One run in the table.

import { _, spoken } from "../shared/language.js";
import { armColors } from "../shared/look.js";
import { formatName } from "../shared/saved_run.js";
import { statusWord } from "../shared/standing.js";
import { escape, number } from "../shared/web.js";
import { canBeDeleted } from "./listing.js";
import { toldOf, valueOf } from "./settings.js";

const TAGS = { en: "en-GB", zh: "zh-CN" };

// What it is called; a run without a name by what is tuned most.
export const titleOf = (run) => run.name || toldOf(run, ["learning_rate", "batch_size", "epochs"]).join(" · ");

export const isolated = (text) => `<bdi>${escape(text)}</bdi>`; // names may be written from right to left

// `arms`: by name, {title, norm}; `differs`: the settings in which the listed runs differ.
export function row(run, { arms, look, differs, formats, isInView }) {
  const title = titleOf(run);
  const values = { run: escape(title) };
  return `
    <td class="ns-tick"><input type="checkbox" data-tick aria-label="${_("Tick {run}", values)}"></td>
    <td class="ns-title"><button data-do="open" title="${_("Show this run on Train")}"${run.name ? "" : ' class="ns-unnamed"'}>${isolated(title)}</button>${run.pinned ? ` <span class="ns-pin" title="${_("Pinned: it stays, however much space is needed")}">${_("pinned")}</span>` : ""}${isInView ? ` <span class="ns-pin">${_("in view")}</span>` : ""}</td>
    <td class="ns-begun"><time datetime="${new Date(1000 * run.started).toISOString()}">${moment(run.started)}</time><small>${starter(run)}</small></td>
    <td class="ns-data">${escape(valueOf("data", run.settings.data))}</td>
    <td class="ns-marks">${marks(run, arms, look)}</td>
    <td class="ns-differs">${toldOf(run, differs).map((words) => `<span>${escape(words)}</span>`).join(" ")}</td>
    <td class="ns-stands" data-status="${escape(run.status)}" title="${escape(run.message)}"><i></i>${statusWord(run.status) ?? escape(run.status)}<small>${progress(run)}</small></td>
    <td class="ns-duration">${duration(run.seconds)}</td>
    <td class="ns-menu"><details><summary aria-label="${_("More about {run}", values)}">⋯</summary><div>${menu(run)}${run.kept ? exports(formats) : ""}</div></details></td>`;
}

// A run that cannot be read: why, and what can be done. Putting it aside is asked twice, `isAsked` once.
export function brokenRun({ id, why, removable }, isAsked) {
  const button = (what, words) => `<button data-do="${what}" data-id="${escape(id)}">${words}</button>`;
  const asked = `<p>${_("Put aside, it leaves the list for everybody. Its file stays on the server, where only who runs the server can take it back.")}
    ${button("aside", _("Put it aside"))} ${button("keep", _("Leave it"))}</p>`;
  const ways = removable ? [button("ask", _("Put aside…")), button("forget", _("Remove from the list"))] : [button("forget", _("Remove from the list"))];
  return `<li><b>${escape(id)}</b> ${escape(why)} ${removable && isAsked ? asked : ways.join(" ")}</li>`;
}

const starter = (run) => {
  if (run.mine && run.by !== "import") return _("this browser");
  return { "command line": _("command line"), sweep: _("sweep"), import: _("imported") }[run.by] ?? _("another browser");
};

// Who does not own a run may look at it, and take its settings.
function menu(run) {
  const item = (what, words) => `<button data-do="${what}">${words}</button>`;
  const own = run.mine && run.kept ? [item("rename", _("Rename")), item(run.pinned ? "unpin" : "pin", run.pinned ? _("Unpin") : _("Pin"))] : [];
  const lasting = [item("code", _("Code")), item("refill", _("Restart with changes")), item("ghost", _("Draw as an earlier run"))];
  const end = canBeDeleted(run) ? [item("delete", _("Delete"))] : [];
  const away = run.mine ? [] : [item("forget", _("Remove from the list"))];
  return [item("open", _("Open")), ...(run.mine && run.kept && run.resumable ? [item("revive", _("Resume"))] : []), ...own, ...lasting, ...end, ...away].join("");
}

const exports = (formats) => `<p>${_("Save as")}</p><span>${formats.map((form) => `<button data-do="export" data-format="${escape(form)}">${escape(formatName(form))}</button>`).join("")}</span>`;

function marks(run, arms, look) {
  const own = run.settings.arms.map((name) => arms[name] ?? { name, title: name, norm: "none" });
  const colors = armColors(own, look);
  return own.map(({ name, title }) => {
    const share = run.accuracies[name];
    const lost = run.ended.includes(name);
    const figure = lost ? "✕" : share == null ? "–" : (100 * share).toFixed(1);
    const words = lost ? _("{arm}: diverged or failed", { arm: escape(title) }) : share == null ? _("{arm}: not tested yet", { arm: escape(title) }) : _("{arm}: {share} % in its last test", { arm: escape(title), share: figure });
    return `<span title="${words}" style="--arm:${colors.get(name)}"><i></i>${escape(name)} <b>${figure}</b></span>`;
  }).join(" ");
}

function progress({ status, step, total, message }) {
  if (status === "finished" || status === "queued") return "";
  if (status === "failed") return escape(message);
  return step ? _("step {step} of {total}", { step: number(step), total: number(total) }) : "";
}

export function moment(seconds, now = new Date()) {
  const at = new Date(1000 * seconds);
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return at.toLocaleString(TAGS[spoken()], { ...year, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export function duration(seconds) {
  if (!(seconds > 0)) return "–";
  if (seconds < 90) return _("{n} s", { n: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return _("{n} min", { n: Math.round(seconds / 60) });
  return _("{n} h", { n: (seconds / 3600).toFixed(1) });
}

// 312 MB
export function size(bytes) {
  const [unit, of] = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]].find(([, least]) => bytes >= least) ?? ["kB", 1e3];
  const count = bytes / of;
  return `${count < 9.95 && unit !== "kB" ? Number(count.toFixed(1)) : Math.round(count)} ${unit}`;
}
