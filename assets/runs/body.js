// The Runs page as HTML; runs.js fills what carries data-part.

import { codePanel } from "../train/code.js";
import { _, pgettext } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { late } from "../shared/plotly.js";
import { statusWord } from "../shared/standing.js";

const columns = () => [["name", _("Name")], ["when", _("Started")], ["data", _("Images")], ["accuracy", _("Last test accuracy, %")], ["", _("Where they differ")],
  ["status", _("Status")], ["duration", _("Duration")]];

export const skeleton = () => `
  <header class="ns-bar">
    <span class="ns-buttons" data-part="find">
      <input type="search" data-part="search" aria-label="${_("Search")}" placeholder="${_("Search names and settings")}">
      <select data-filter="status" aria-label="${_("Status")}">${options(_("any status"), [["active", _("Under way")], ["finished", statusWord("finished")], ["stopped", _("Stopped or interrupted")], ["failed", statusWord("failed")]])}</select>
      <select data-filter="data" data-part="images" aria-label="${_("Images")}">${options(_("any images"), [])}</select>
      <select data-filter="arm" data-part="arm" aria-label="${_("Arms")}">${options(_("any arm"), [])}</select>
      <label class="ns-narrow">${_("Sort by")} <select data-part="sort">${columns().filter(([sort]) => sort).map(([sort, words]) => `<option value="${sort}">${words}</option>`).join("")}</select></label>
      <span data-part="count" role="status"></span>
    </span>
    <span class="ns-buttons" data-part="back" hidden><button data-do="list">${_("‹ All runs")}</button><h3 data-part="heading"></h3></span>
    <span class="ns-buttons"><button data-do="import" data-part="importButton" title="${_("A run that was saved as a bundle, here or by another NormScope")}">${_("Import a bundle…")}</button><input type="file" data-part="file" accept=".zip,application/zip" hidden>${projectorButton()}</span>
  </header>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <p class="ns-undo" data-part="undo" role="status" hidden><bdi data-part="undone"></bdi> <button data-do="undelete">${_("Undo")}</button> <button data-do="dismiss" aria-label="${_("Close")}">×</button></p>
  <div class="ns-idle" data-part="empty" hidden>
    <h2>${_("Your runs will be here.")}</h2>
    <p data-part="emptyWhy">${_("What you start, and what you open by a link, is kept: to be opened again, compared, named and gone on with.")}</p>
    <button class="ns-primary ns-huge" data-do="first">${_("▶ Start training")}</button>
  </div>
  <div data-part="list" hidden>
    <div class="ns-ticked"><span data-part="ticked"></span>
      <button class="ns-primary" data-do="compare" data-part="compareButton" disabled>${_("Compare")}</button>
      <button data-do="ghosts" data-part="ghostsButton" title="${_("Faint lines behind the run in view, on Train and the pages that look inside")}" disabled>${_("Draw as earlier runs")}</button>
      <button data-do="delete" data-part="deleteButton" disabled>${_("Delete")}</button>
      <button data-do="untick" data-part="untickButton" disabled>${_("Clear")}</button></div>
    <table class="ns-table">
      <thead><tr><th class="ns-tick"><input type="checkbox" data-part="all" aria-label="${_("Tick all on this page")}"></th>${columns().map(head).join("")}<th></th></tr></thead>
      <tbody data-part="rows"></tbody>
    </table>
    <p class="ns-plain" data-part="none" hidden>${_("No run is like that.")} <button data-do="anything">${_("Show all")}</button></p>
    <nav class="ns-buttons ns-pager" data-part="pager" aria-label="${_("Pages of the list")}" hidden>
      <button data-do="before" data-part="before">${_("‹ Newer page")}</button><span data-part="where"></span><button data-do="after" data-part="after">${_("Older page ›")}</button>
    </nav>
    <ul class="ns-broken" data-part="broken"></ul>
    <div class="ns-foot"><span data-part="used"></span><span data-part="whose"></span></div>
    ${codePanel()}
  </div>
  <div data-part="compare" hidden>
    <div class="ns-keys" data-part="keys" role="group" aria-label="${_("The run in front")}"></div>
    <ul class="ns-verdicts" data-part="verdicts" aria-live="polite"></ul>
    <div class="ns-tools">
      <span class="ns-group" role="group" aria-label="${_("What is drawn")}"><button data-value="accuracy">${_("test accuracy")}</button><button data-value="loss">${_("test loss")}</button><button data-value="train">${_("training loss")}</button></span>
      <span class="ns-group" role="group" aria-label="${_("x-axis")}"><button data-x="step">${_("steps")}</button><button data-x="epoch">${pgettext("a chart’s axis", "epochs")}</button><button data-x="seconds">${_("seconds")}</button></span>
      <label>${_("differences from")} <select data-part="base"></select></label>
    </div>
    <div class="ns-charts ns-one"><div class="ns-chart" data-part="chart"></div>${late()}</div>
    <div class="ns-sideways"><table class="ns-numbers" data-part="numbers"></table></div>
    <div class="ns-sideways"><table class="ns-numbers" data-part="settings"></table></div>
    <p class="ns-small" data-part="alike"></p>
    <div class="ns-foot"><details><summary>${_("How is this made?")}</summary><p>${howMade()}</p></details></div>
  </div>`;

const howMade = () =>
  _(
    "A colour is an arm, a dash is a run; the letter at a line’s end says which run it is of, and a press on a run brings its lines to " +
    "the front. Test lines are in evaluation mode and as measured, on the first test images within an epoch and on all at its end; " +
    "the training loss is the mean of up to nine points. A difference is " +
    "that of the last tests of the arm of the same name, in points of a hundred. Runs with the same seed have the same initial weights " +
    "where depth and initialization are the same, too.",
  );

export const options = (any, all) => [["", any], ...all].map(([value, words]) => `<option value="${value}">${words}</option>`).join("");

const head = ([sort, words]) => (sort ? `<th data-column="${sort}" scope="col"><button data-sort="${sort}">${words}<i></i></button></th>` : `<th scope="col">${words}</th>`);
