// The lessons as HTML: the list of them, and one step.

import { POSITIONS, positionOf, valueAt, written } from "./slider.js";
import { day } from "../shared/day.js";
import { _, ngettext } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { linkTo as linkToPlace } from "../shared/place.js";
import { statusWord } from "../shared/standing.js";
import { address, escape, number } from "../shared/web.js";

export const list = (lessons, done) => `
  <div class="ns-buttons">${projectorButton()}</div>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <p>${_("Each lesson asks a question, has you predict the answer, and checks it against a run that you start.")}</p>
  <ol class="ns-lessons">${lessons.map((lesson) => item(lesson, done(lesson.slug))).join("")}</ol>`;

const item = ({ slug, number: n, title, about, minutes, steps }, seen) => `
  <li value="${n}"><h3><a href="${escape(linkTo(slug, 1))}" data-lesson="${escape(slug)}">${escape(title)}</a></h3>${about}
    <p class="ns-small">${duration(minutes)} · ${ngettext("{n} step", "{n} steps", steps.length)}${seen ? ` · ${_("{done} of {all} done", { done: seen, all: steps.length })}` : ""}</p></li>`;

const duration = (minutes) =>
  minutes < 1 ? _("less than a minute of computing") : ngettext("about {n} minute of computing", "about {n} minutes of computing", Math.round(minutes));

// A lesson at a step, with or without the answers.
export function linkTo(slug, step, answers = true) {
  const url = new URL(address("lessons"));
  const language = new URLSearchParams(location.search).get("lang");
  url.search = new URLSearchParams({ ...(language && { lang: language }), lesson: slug, step, ...(answers ? {} : { answers: "off" }) });
  return url.href;
}

export const skeleton = () => `
  <nav data-part="head" class="ns-lesson-head"></nav>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div class="ns-lesson">
    <div>
      <div data-part="question"></div>
      <form class="ns-predict" data-part="predict"></form>
      <div data-part="run"></div>
      <div data-part="verdict" aria-live="polite"></div>
    </div>
    <div class="ns-lesson-chart"><div data-part="shown"></div><div class="ns-chart ns-tall" data-part="chart"></div><p class="ns-small" data-part="waiting"></p></div>
  </div>
  <p class="ns-small" data-part="links"></p>`;

export const head = (lesson, step, stands) => `
  <a href="${escape(address("lessons"))}" data-list="1">${_("← All lessons")}</a>
  <h2>${lesson.number}. ${escape(lesson.title)}</h2>
  <span class="ns-group" role="group" aria-label="${_("Steps")}">${lesson.steps
    .map(({ title }, i) => `<button data-step="${i + 1}" aria-pressed="${i + 1 === step}" title="${escape(title)}">${i + 1}${mark(stands(i + 1))}</button>`)
    .join("")}</span>${projectorButton()}`;

const MARKS = { right: "✓", wrong: "✗", undecided: "?" };
const mark = (stands) => (stands ? ` ${MARKS[stands] ?? "•"}` : ""); // a verdict that a link without answers keeps back is a dot

export const question = ({ title, place, question: html }) => `
  <h3>${escape(title)}</h3><p class="ns-small">${_("In the book: {place}", { place: escape(place) })}</p>${html}`;

// Once it is committed it stays, until somebody begins anew.
export function prediction({ predict, choices, slider }, { predicted }, chosen) {
  const isCommitted = predicted != null;
  const off = isCommitted ? "disabled" : "";
  const now = predicted ?? chosen;
  const fields = slider ? range(slider, now ?? slider.start, off) : choices.map(({ key, text }) => radio(key, text, now, off)).join("");
  const commit = isCommitted
    ? `<span>${_("Your prediction is committed.")}</span> <button type="button" data-anew="1">${_("Predict anew")}</button>`
    : `<button type="submit" class="ns-primary" ${slider || now != null ? "" : "disabled"}>${_("Commit the prediction")}</button>`;
  return `<fieldset><legend>${_("Your prediction")}</legend>${predict}${fields}<p>${commit}</p></fieldset>`;
}

const radio = (key, text, now, off) =>
  `<label class="ns-choice"><input type="radio" name="predicted" value="${escape(key)}" ${key === now ? "checked" : ""} ${off}> ${escape(text)}</label>`;

const range = (slider, value, off) => `
  <label class="ns-choice ns-ranged"><span>${escape(slider.title)}</span> <input type="range" name="predicted" min="0" max="${POSITIONS}" value="${positionOf(slider, value)}" ${off} aria-valuetext="${written(slider, value)}">
  <output>${written(slider, value)}</output></label>`;

export const chosenIn = (form, { slider }) => {
  const field = form.elements.predicted;
  return slider ? valueAt(slider, Number(field.value)) : field.value || null;
};

// `stops`: what the visitor has under way, and has not agreed to stop; `inView`: the run that an order can reach.
export function running(step, { predicted }, runs, isBeginning, { stops, inView }) {
  const experiments = step.experiments.map(({ settings }, i) => `<li>${settings.map(escape).join(" · ")}${runs[i] ? ` — ${standing(runs[i])}` : ""}</li>`).join("");
  const isUnderWay = isBeginning || runs.some((run) => !run.hasEnded);
  const can = predicted != null && !isUnderWay;
  const label = runs.length && !isUnderWay ? _("↻ Run it again") : _("▶ Run");
  return `<ol class="ns-experiments">${experiments}</ol>
    <p><button data-run="1" class="${runs.length ? "" : "ns-primary"}" ${can ? "" : "disabled"}>${label}</button>
    ${runs.some(({ id, hasEnded }) => !hasEnded && id === inView) ? `<button data-stop="1">${_("■ Stop")}</button>` : ""}
    ${predicted == null ? `<span class="ns-small">${_("Commit a prediction first; then it can be run.")}</span>` : ""}</p>
    ${stops ? asking(stops) : ""}${recorded(step.experiments.map((each) => each.recorded).find((each, i) => each && each.id === runs[i]?.id))}`;
}

const asking = (label) => `
  <div role="alert"><p>${_("Your run {label} is under way. This step would stop it.", { label: escape(label) })}</p>
    <p><button data-run="sure">${_("Stop it and run this step")}</button> <button data-leave="1">${_("Let it go on")}</button></p></div>`;

function recorded(origin) {
  if (!origin) return "";
  const values = { date: day(origin.when), processor: escape(origin.processor), torch: escape(origin.torch) };
  return `<p class="ns-small" data-part="recorded"><b>${_("Recorded")}</b> ${_("Others are computing here now. This run of the same settings was recorded on {date}, on {processor} with PyTorch {torch}.", values)}
    <button data-run="own">${_("▶ Run it yourself")}</button></p>`;
}

// In place of a run, for a step that computes something at once.
export function computing(step, { predicted, seed }, { isAsking, problem }) {
  const isAsked = predicted != null;
  const done = seed != null && !isAsking;
  const button = `<button data-compute="1" class="${done ? "" : "ns-primary"}" ${isAsked && !isAsking ? "" : "disabled"}>${done ? _("↻ Compute with other random numbers") : _("▶ Compute")}</button>`;
  const waiting = isAsking && step.demonstration === "seed" ? _("Computing …") : "";
  const first = step.demonstration === "seed" ? _("Commit a prediction first; then it can be computed.") : _("Commit a prediction first; then the matrix can be typed over.");
  return `<p>${step.demonstration === "seed" ? button : ""} <span class="ns-small" role="status">${isAsked ? waiting : first}</span></p>${problem ? `<p class="ns-notices" role="alert">${escape(problem)}</p>` : ""}`;
}

function standing({ state, lost }) {
  if (lost) return _("The connection to the server is lost; trying again.");
  if (!state) return "…";
  return _("{status}, step {step} of {total}", { status: statusWord(state.status), step: number(state.step), total: number(state.total_steps) });
}

const words = () => ({ right: _("Right"), wrong: _("Wrong"), undecided: _("Not decided") });

export const stopped = () => ({ stands: "undecided", says: _("This run does not decide. It did not come to its end."), numbers: "", answer: "" });

export function verdict(step, found, answers, run) {
  if (!found) return "";
  if (found.error) return `<p class="ns-judged" data-stands="error">${escape(found.error)}</p>`;
  if (!answers) return `<p class="ns-judged" data-stands="kept">${escape(found.says ?? found.numbers)} ${_("This link keeps the answer back, for the class to find.")}</p>`;
  const { stands, says, numbers, answer } = found;
  const right = stands === "wrong" && step.choices.find(({ key }) => key === answer)?.text;
  const decides = stands === "undecided" ? section(_("What would decide"), step.decides) : "";
  return `<div class="ns-judged" data-stands="${stands}"><p><b>${MARKS[stands]} ${words()[stands]}</b></p><p>${escape(says)}</p>
      <p>${escape(numbers)}</p>${right ? `<p>${holds(step, escape(right))}</p>` : ""}</div>
    ${decides}${why(step, found)}
    <h4>${_("Where the cause is seen")}</h4><ul>${step.pointers.map((each, i) => pointer(each, i, run)).join("")}</ul>
    ${section(_("Try it differently"), step.differently)}
    ${step.experiments.length ? openOnTrain(step.experiments[0]) : ""}${step.sweep ? askInLab(step.sweep) : ""}`;
}

const askInLab = (query) => `<p><a href="${escape(`${address("lab")}?${query}`)}">${_("Ask five seeds in the Lab")}</a></p>`;
const openOnTrain = ({ query }) => `<p><a href="${escape(`${address("train")}?${query}`)}">${_("Open these settings on Train")}</a></p>`;

// What explains another answer than these numbers give is opened by who wants it; and where they do not decide, any.
function why({ explains, why: html }, { stands, answer }) {
  if (stands !== "undecided" && answer === explains) return section(_("Why"), html);
  const title = stands === "undecided" ? _("The explanation") : _("The explanation, though these numbers do not show it");
  return `<details><summary>${title}</summary>${html}</details>`;
}

const holds = ({ demonstration }, answer) => (demonstration ? _("What holds: {answer}", { answer }) : _("What holds in it: {answer}", { answer }));

const section = (title, html) => `<h4>${title}</h4>${html}`;
const pointer = (place, i, run) => `<li><a href="${escape(run ? linkToPlace(placeOf(place), run) : beside(place))}" target="_self" data-pointer="${i}">${escape(place.text)}</a></li>`;

// A step without a run points to a page, or to a picture of the cube.
function beside({ page, view }) {
  const url = new URL(address(page));
  if (view) url.searchParams.set("cube", view);
  return url.href;
}

export const placeOf = ({ page, layer, step }) => ({ page, layer, step, source: "fixed", shown: "" });

export const links = (slug, step) => `${_("For a class:")}
  <a href="${escape(linkTo(slug, step))}">${_("link to this step")}</a> · <a href="${escape(linkTo(slug, step, false))}">${_("the same without the answers")}</a>`;
