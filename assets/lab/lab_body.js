// The lab as HTML; lab.js fills what carries data-part.

import { cosine, fateWord } from "./heat_map.js";
import { textOf } from "./results.js";
import { _, ngettext } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { enumerated } from "../shared/lists.js";
import { dataName } from "../shared/origin.js";
import { late } from "../shared/plotly.js";
import { formatName } from "../shared/saved_run.js";
import { duration, statusWord } from "../shared/standing.js";
import { asks } from "../shared/terms.js";
import { brief, escape, number, percent } from "../shared/web.js";

export const MOST_SELECTED = 2;
export const OVER_STEPS = ["bands", "cosine", "range"]; // what bands.js draws
export const FORMATS = ["csv", "parquet", "json", "report"];

const pngButton = (chart) => `<button data-save="${chart}">${_("Save as PNG")}</button>`;

export const skeleton = () => `
  <header class="ns-bar">
    <span class="ns-buttons" data-part="back" hidden><button data-do="list">${_("‹ All questions")}</button><h3 data-part="heading"></h3></span>
    <p class="ns-lab-about" data-part="about">${_("One run is one seed. A sweep asks one question of many runs: the settings and the norms that you choose, with several seeds.")}</p>
    <span class="ns-buttons">${projectorButton()}</span>
  </header>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div data-part="ask">
    <p class="ns-plain" data-part="current"></p>
    <div class="ns-questions" data-part="questions"></div>
    <form class="ns-lab-own" data-part="own"></form>
    <div data-part="begun"></div>
  </div>
  <div data-part="sweep" hidden>
    <p class="ns-small" data-part="base"></p>
    <p class="ns-small" data-part="held"></p>
    <p class="ns-status" role="status"><i></i><b data-part="status"></b><span data-part="where"></span></p>
    <div class="ns-progress"><div data-part="bar" style="width:0"></div></div>
    <div class="ns-buttons" data-part="steer"></div>
    <div data-part="results" hidden>
      <div class="ns-tools" data-part="which"></div>
      <div class="ns-tools" data-part="tools"></div>
      <div class="ns-lab-map" data-part="mapBox"><div class="ns-chart" data-part="map" role="img" aria-label="${_("The sweep as a map; the table below has the same numbers")}"></div>${late()}</div>
      <p class="ns-small" data-part="hint"></p>
      <div class="ns-cells" data-part="cells"></div>
      ${OVER_STEPS.map(overSteps).join("")}
      <ul class="ns-verdicts" data-part="said" aria-live="polite"></ul>
      <div class="ns-sideways"><table class="ns-numbers" data-part="table"></table></div>
    </div>
  </div>`;

const overSteps = (name) => `
  <div class="ns-lab-bands" data-part="${name}Box" hidden><div class="ns-tools">${asks(name === "bands" ? "seed-band" : "gradient-predictiveness")} ${pngButton(name)} <span data-part="${name}Said"></span></div><div class="ns-chart" data-part="${name}"></div></div>`;

// What stands above such a chart; of the training loss its axis says enough.
export const overStepsSaid = (name, lost) => (name === "bands" ? "" : [explained(name), lost].filter(Boolean).join(" · "));

const titleOf = (name) => ({
  ladder: _("Learning-rate ladder"), "batch-norm": _("Batch size × norm"), depth: _("Depth × norm × activation"), seeds: _("Several seeds"), "which-norm": _("Which norm, fairly"), predictiveness: _("Along the gradient"),
})[name] ?? name;

export const questionCards = (questions, isOff) => questions.map(({ name, answers }) => `
  <button data-question="${escape(name)}" ${isOff ? "disabled" : ""}><b>${escape(titleOf(name))}</b><span>${_("Answers {question}.", { question: escape(answers) })}</span></button>`).join("");

// Up to two settings, each with its values.
export function ownForm(settings, { names, values, seeds, along }, isOff) {
  const choices = (chosen) => [["", _("nothing")], ...settings.map(({ name, label }) => [name, label])].map(([name, label]) => `<option value="${escape(name)}" ${name === chosen ? "selected" : ""}>${escape(label)}</option>`).join("");
  const row = (i) => `<span class="ns-vary"><select name="name${i}" aria-label="${_("What is varied")}">${choices(names[i])}</select>
    <input name="values${i}" value="${escape(values[i])}" placeholder="0.01, 0.1, 1" pattern="[^;]*" title="${_("Its values, with commas between them")}" aria-label="${_("Its values, with commas between them")}"></span>`;
  return `<h3>${_("A question of your own")}</h3>
    <p class="ns-small">${_("All that is not varied is as in the sidebar, and so are the norms: its arms.")}</p>
    <div class="ns-buttons"><span>${_("Vary")}</span>${row(0)}<span>${_("and")}</span>${row(1)}
    <label>${_("seeds")} <input name="seeds" inputmode="numeric" value="${escape(seeds)}" size="3"></label>
    <label><input type="checkbox" name="along" ${along ? "checked" : ""}> ${_("measure along the gradient")}</label>
    <button type="submit" ${isOff ? "disabled" : ""}>${_("See what it takes")}</button></div>`;
}

export const begunList = (begun) => (begun.length ? `<h3>${_("Your sweeps")}</h3><ul class="ns-begun-list">${begun.map((plan) => `
  <li><button data-link="${escape(plan.link)}">${_("Open")}</button> <span>${escape(described(plan))} <small>${escape(common(plan))}</small></span> <small>${sweepWord(plan.status)}</small></li>`).join("")}</ul>` : "");

// What is the same in all of its runs.
export const common = ({ data, base }) => [...(data ? [dataName(data)] : []), ...base].join(" · ");

// In one line: what is varied, which norms, how many seeds.
export const described = ({ varied, arms, seeds, after }) => [
  ...varied.map(({ label, texts }) => _("{setting}: {values}", { setting: label, values: enumerated(texts) })),
  _("Norms: {values}", { values: enumerated(arms.map(({ name }) => name)) }), ngettext("{n} seed", "{n} seeds", seeds),
  ...(after ? [atTheirBest(after)] : []),
].join(" · ");

const atTheirBest = (seeds) => ngettext("{n} other seed with each one’s own best rate", "{n} other seeds with each one’s own best rate", seeds);

export const currentLine = (current) => (current ? `${_("A sweep is under way on this server.")} <button data-link="${escape(current.link)}">${_("Watch it")}</button>` : "");

// All of it may be there though nobody has begun it here, or it was interrupted here.
export const standing = ({ status, done, total }) => (total && done === total && !UNDER_WAY.has(status) ? "finished" : status);

export const sweepWord = (status) => ({ "": _("Not begun"), cancelled: _("Cancelled"), waiting: _("Waiting") })[status] ?? statusWord(status);

// How far it is, in words.
export function whereItIs({ status, asked, done, failed, total, seconds_left: left }, { missing, seconds }) {
  const runs = failed ? _("{done} of {total} runs, {failed} failed", { done: number(done), total: number(total), failed: number(failed) }) : _("{done} of {total} runs", { done: number(done), total: number(total) });
  if (asked === "pause" && status === "running") return _("{runs} · pausing after those under way", { runs });
  if (asked === "cancel") return _("{runs} · ending…", { runs });
  if (status === "waiting") return _("{runs} · a live run has the right of way", { runs });
  if (["running", "paused"].includes(status) && left) return _("{runs} · about {time} left", { runs, time: duration(left) });
  if (["", "interrupted"].includes(status) && missing && seconds) return _("{runs} are there · about {time} for the rest", { runs, time: duration(seconds) });
  return runs;
}

export function steering(state, plan, link) {
  const button = (what, words, more = "") => `<button data-do="${what}" ${more}>${words}</button>`;
  const isUnderWay = UNDER_WAY.has(state.status);
  const missing = state.total - state.done;
  const begin = state.done || state.status ? _("▶ Resume: {n} missing", { n: number(missing) }) : _("▶ Start");
  const own = !isUnderWay || !state.mine ? [] : [
    state.asked === "pause" || state.status === "paused" ? button("sweep-resume", _("▶ Go on")) : button("sweep-pause", _("⏸ Pause")),
    button("sweep-cancel", _("■ Cancel"), `title="${_("What is done is kept")}"`),
    `<label title="${_("Else it ends when nobody has this page open any more")}"><input type="checkbox" data-pin ${state.pinned ? "checked" : ""}> ${_("goes on without me")}</label>`,
  ];
  const start = !isUnderWay && missing && !state.spent ? [button("sweep", begin, 'class="ns-primary"')] : [];
  const next = state.next && !isUnderWay ? [`<button class="ns-primary" data-link="${escape(state.next.link)}">${_("Then: {n} other seeds with each norm’s own best rate", { n: escape(state.next.seeds) })}</button>`] : [];
  const files = state.done ? FORMATS.map((form) => `<button data-format="${form}">${formatName(form)}</button>`) : [];
  return [...start, ...own, ...next, ...(files.length ? [`<span>${_("Save as")}</span>`, ...files] : []), `<a href="${escape(link)}" data-part="link">${_("Link to this sweep")}</a>`].join(" ");
}

export const UNDER_WAY = new Set(["preparing", "running", "waiting", "paused"]);

// What is said of the part that is drawn.
export const saidList = (state, plan, part) => [
  ...(state.said[part] ?? []).map((text) => `<li>${escape(text)}</li>`),
  ...state.why.map((text) => `<li>${_("A run has failed: {why}", { why: escape(text) })}</li>`),
  ...(state.said[part]?.length && plan.arms.length > 1 ? [`<li class="ns-small">${state.few[part] ? _("Which arm is better than which is said from 5 seeds on.") : _("Arms with the same settings are compared seed by seed.")} ${asks("surely-better")}</li>`] : []),
].join("").replaceAll(" %", "\u00a0%");

export const whichPart = (following, part) => (following ? `<span class="ns-group" role="group" aria-label="${_("What is drawn")}">${[_("the rates"), atTheirBest(following.seeds)].map((words, which) => `<button data-which="${which}" aria-pressed="${which === part}">${words}</button>`).join("")}</span>` : "");

const askedOf = { fate: () => asks("learns-survives-fails"), validation: () => asks("held-out-accuracy"), ratio: () => asks("gradient-magnitude"), cosine: () => asks("gradient-predictiveness"), range: () => asks("gradient-predictiveness") };

export const toolbar = (measures, measure) => `
  <span class="ns-group" role="group" aria-label="${_("What is drawn")}">${Object.entries(measures).map(([name, { name: words }]) => `<button data-measure="${name}" aria-pressed="${name === measure}">${words()}</button>`).join("")}</span>
  ${askedOf[measure]()} ${pngButton("map")}
  <span>${explained(measure)}</span>`;

export const explained = (measure) => ({
  fate: _("✓ learns: at least 20 % of the held-out images, more where these are few · ○ survives: finite to the end, no more · ✕ fails: diverges, or has no result"),
  validation: _("median over the seeds; settings are chosen by it"),
  cosine: _("of a mini-batch’s gradients before and after one step: +1 where it has not turned, −1 where it is reversed · on a plateau it hardly turns: look whether the arm learned"),
  range: _("nats from the least to the largest loss of a mini-batch after steps of ¼ to 4 learning rates"),
  ratio: _("median over the seeds, at step 0: 1 where the first layer’s gradient is as large as the last one’s"),
})[measure];

// One pressed cell: what it came to, and its runs.
export function cell({ where, arm, group }, plan, color) {
  const title = [...plan.varied.map((setting, i) => _("{setting}: {values}", { setting: escape(setting.label), values: escape(textOf(setting, where[i])) })), escape(arm)].join(" · ");
  const head = `<h4 style="color:${color}">${title}</h4>`;
  if (!group) return `<section>${head}<p>${_("not computed yet")}</p></section>`;
  const runs = group.runs.map(({ seed, run, status, validation }) => {
    const told = status === "finished" ? _("seed {seed}: {share}", { seed, share: percent(validation) }) : _("seed {seed}: {status}", { seed, status: status === "diverged" ? _("diverged") : statusWord(status) ?? escape(status) });
    return `<li>${run ? `<button data-run="${escape(run)}" title="${_("Show this run on Train")}">${told}</button>` : told}</li>`;
  });
  return `<section>${head}<p>${_("{fate}: {learned} of {seeds} seeds learned", { fate: fateWord(group.fate), learned: group.learned, seeds: group.seeds })}</p>
    <p>${_("held-out {held}, test {test}", { held: spread(group.validation), test: spread(group.test) })}</p><ul class="ns-runs-of">${runs.join("")}</ul></section>`;
}

export const comparing = (ids) => (ids.length > 1 ? `<button data-do="compare">${_("Compare these {n} runs", { n: ids.length })}</button>` : "");

export function spread(found, write = percent) {
  if (!found) return "–";
  if (found.n === 1) return write(found.median);
  return _("{middle} ({low} to {high})", { middle: write(found.median), low: write(found.low), high: write(found.high) });
}

export function table(plan, groups, colors) {
  const [isCompared, isTimed, isAlong] = ["ratio", "cost", "cosine"].map((name) => groups.some((group) => group[name]));
  const head = [...plan.varied.map(({ label }) => label), _("Norm"), _("Seeds"), _("Finished"), _("Learned"), _("Held-out accuracy"), _("Test accuracy"), ...(isTimed ? [_("Processor time a step, ms")] : []), ...(isCompared ? [_("Gradient, first layer to last")] : []),
    ...(isAlong ? [_("Gradient after a step: cosine"), _("its change"), _("Loss along it: range, nats"), _("Steepness (β)")] : [])];
  const rows = groups.map((group) => `<tr style="--arm:${colors.get(group.arm)}">${group.where.map((value, i) => `<td>${escape(textOf(plan.varied[i], value))}</td>`).join("")}
    <th scope="row">${plan.varied.length ? `<button data-where="${escape(JSON.stringify(group.where))}" data-arm="${escape(group.arm)}">${escape(group.arm)}</button>` : escape(group.arm)}</th>
    <td>${group.seeds}</td><td>${group.finished}</td><td>${group.learned}</td><td>${spread(group.validation)}</td><td>${spread(group.test)}</td>${isTimed ? `<td>${spread(group.cost, brief)}</td>` : ""}${isCompared ? `<td>${spread(group.ratio, brief)}</td>` : ""}${isAlong ? `<td>${spread(group.cosine, cosine)}</td>${["change", "range", "steepness"].map((name) => `<td>${spread(group[name], brief)}</td>`).join("")}` : ""}</tr>`);
  const how = isTimed ? ` <small>${_("Processor time: forward, backward and update of one mini-batch with one thread, without the run’s first step and its tests. Work beside it on the machine changes it little.")} ${asks("step-cost")}</small>` : "";
  return `<caption>${_("Medians, and the range over the seeds")}${how}</caption><thead><tr>${head.map((words) => `<th scope="col">${escape(words)}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
}

export const heldOut = ({ share }) => _("Chosen on the last {share} % of the training images, which are held out; told on the test images, which each run reads once, at its end.", { share });

export const planned = ({ entries, minutes }) => [
  ngettext("{n} entry", "{n} entries", entries, { n: number(entries) }),
  ...(minutes ? [_("this server computes for {n} min at most", { n: minutes })] : []),
].join(" · ");
