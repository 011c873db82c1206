// The train page as HTML; live.js fills what carries data-part.

import { _, pgettext } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { late } from "../shared/plotly.js";

export const skeleton = () => `
  <header class="ns-bar">
    <span class="ns-buttons">
      <button class="ns-primary" data-do="start" data-part="start" title="${_("A run with the sidebar’s settings")}">${_("▶ Start")}</button>
      <button data-do="pause" data-part="pause" title="${_("Space")}">${_("❚❚ Pause")}</button>
      <button data-do="step" data-part="step" title="${_("One mini-batch, then pause (.); each press is one more")}">${pgettext("one mini-batch", "▸❘ Step")}</button>
      <button data-do="stop" title="${_("End the run; what was measured stays")}">${_("■ Stop")}</button>
      <button data-do="restart" title="${_("The run in view once more: its settings, its initial weights. The sidebar is not read.")}">${_("↻ Rerun")}</button>
      <button data-do="renew" title="${_("The run in view once more with the next seed: other initial weights, another order of the images. The sidebar is not read.")}">${_("✦ Rerun, new weights")}</button>
      <label class="ns-rate" title="${_("Takes effect at the next mini-batch; the change is marked on the curves")}">${_("learning rate")} <input data-part="rate" inputmode="decimal" size="6" disabled></label>
    </span>
    <span class="ns-buttons"><a data-part="results" download hidden>results.json</a>${projectorButton()}</span>
  </header>
  <p class="ns-status" role="status"><i></i><b data-part="status"></b> <span data-part="where"></span><span class="ns-watching" data-part="watching" hidden>${_("You are watching somebody else’s run; Start begins your own.")}</span><span class="ns-upcoming"><span class="ns-next" data-part="next" hidden></span><button data-do="start" data-weights="same" data-part="same" hidden>${_("New settings, same weights")}</button></span></p>
  <div class="ns-progress" role="progressbar" aria-label="${_("Training progress")}" aria-valuemin="0" aria-valuemax="100"><div data-part="progress"></div></div>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div data-part="idle" class="ns-idle" hidden>
    <h2>${_("The same network. The same weights. The same images.")}<br><span data-part="idleDiffers"></span></h2>
    <ul data-part="idleArms"></ul>
    <svg viewBox="0 -14 640 204" aria-hidden="true" data-part="idleDrawing"></svg>
    <button class="ns-primary ns-huge" data-do="start">${_("▶ Start training")}</button>
  </div>
  <div data-part="work" hidden>
    <div class="ns-arms" data-part="arms" data-names=""></div>
    <p class="ns-verdict" data-part="verdict" aria-live="polite"></p>
    <div class="ns-tools">
      <span class="ns-group" role="group" aria-label="${_("x-axis")}"><button data-x="step" aria-pressed="true">${_("steps")}</button><button data-x="epoch" aria-pressed="false">${pgettext("a chart’s axis", "epochs")}</button><button data-x="seconds" aria-pressed="false">${_("seconds")}</button></span>
      <span class="ns-group" role="group" aria-label="${_("lines")}"><button data-kind="train" aria-pressed="true">━ ${_("train")}</button><button data-kind="test" aria-pressed="true">╍ ${_("test")}</button><button data-kind="batch" aria-pressed="true">┈ ${_("test, batch statistics")}</button></span>
      <span class="ns-group"><button data-log="1" aria-pressed="true">${_("log loss")}</button></span>
      <span class="ns-group"><button data-part="whole" data-whole="1" title="${_("Or double-click a chart")}" disabled>${_("whole run")}</button></span>
      <label title="${_("Each point is the mean with the points before it; test lines stay as measured")}">${_("smooth training lines")} <select data-part="smooth"><option value="1">${_("off")}</option>${[9, 31, 101].map(width).join("")}</select></label>
    </div>
    <div class="ns-charts"><div class="ns-chart" data-part="loss"></div><div class="ns-chart" data-part="accuracy"></div>${late()}</div>
    <div class="ns-foot"><span data-part="origin"></span>
      <details><summary>${_("How is this made?")}</summary>
        <p>${howMade(`<span data-part="tested"></span>`)}</p>
      </details></div>
    <div class="ns-ghosts" data-part="ghosts" hidden><span>${_("Earlier runs, faint in the charts:")}</span><ul data-part="ghostList"></ul></div>
  </div>`;

const width = (n) => `<option value="${n}"${n === 9 ? " selected" : ""}>${_("{n} points", { n })}</option>`;

// `tested`: how and on what, which the run's own tests say.
const howMade = (tested) =>
  _(
    "Each arm is the same LeNet from the same initial convolution and linear weights (the # is their fingerprint); all take the same " +
    "mini-batches, one after the other, until one diverges. Train: loss and accuracy of each mini-batch in training mode, while the " +
    "weights move; a run of more than 2,000 steps draws the mean of several as one point. {tested} Dotted, BatchNorm only: the same " +
    "test images with each batch’s own mean and variance instead of the running ones. Running statistics describe older weights, and " +
    "at first their own start values, so the two differ while the weights move fast. Examples/s and ms/step count an arm’s own " +
    "training steps, not tests and pauses: by the clock, while all cores that the page leaves work on this arm, or on several arms " +
    "at once where there are more cores.",
    { tested },
  );
