// The train page as HTML; live.js fills what carries data-part.

import { worded } from "./bar.js";
import { classButton, classPanel } from "./class_body.js";
import { codePanel } from "./code.js";
import { legend } from "./legend.js";
import { explained } from "../shared/explained.js";
import { _, pgettext } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { late } from "../shared/plotly.js";
import { asks } from "../shared/terms.js";

const TERMS = "training-loss test-loss accuracy batch-statistics smoothing examples-per-second fingerprint verdict about-what-you-see";

export const skeleton = () => `
  <header class="ns-bar">
    <span class="ns-buttons">
      <button class="ns-primary" data-do="start" data-part="start" title="${_("A run with the sidebar’s settings")}">${_("▶ Start")}</button>
      <button data-do="pause" data-part="pause" title="${_("Space")}">${worded(_("❚❚ Pause"))}</button>
      <button data-do="step" data-part="step" title="${_("One mini-batch, then pause (.); each press is one more")}">${worded(pgettext("one mini-batch", "▸❘ Step"))}</button>
      <button data-do="stop" title="${_("End the run; what was measured stays")}">${worded(_("■ Stop"))}</button>
      <button data-do="restart" title="${_("The run in view once more: its settings, its initial weights. The sidebar is not read.")}">${worded(_("↻ Rerun"))}</button>
      <button data-do="renew" title="${_("The run in view once more with the next seed: other initial weights, another order of the images. The sidebar is not read.")}">${worded(_("✦ Rerun, new weights"))}</button>
      <label class="ns-rate"><span class="ns-word">${_("learning rate")}</span> <input data-part="rate" inputmode="decimal" size="6" disabled></label>
    </span>
    <span class="ns-buttons"><a data-part="results" download hidden>results.json</a>${classButton()}<button data-hides="hide" data-part="hides" title="${_("All arms but the first train unseen until you reveal them, on every page and for everybody (H)")}">${_("Hide arms")}</button>${projectorButton()}</span>
  </header>
  <p class="ns-status" role="status"><i></i><b data-part="status"></b> <span class="ns-when" data-part="when"></span><button class="ns-golive" data-part="live" hidden>${_("follow live")}</button> <span data-part="where"></span><span class="ns-watching" data-part="watching" hidden></span><span class="ns-watching" data-part="sharing" hidden>${_("You share this run: it belongs to nobody.")}</span><span class="ns-upcoming"><span class="ns-next" data-part="next" hidden></span><button data-do="start" data-weights="same" data-part="same" hidden>${_("New settings, same weights")}</button></span></p>
  <div class="ns-progress" role="progressbar" aria-label="${_("Training progress")}" aria-valuemin="0" aria-valuemax="100"><div data-part="progress"></div></div>
  <div class="ns-notices" data-part="notices" role="alert"></div>
  ${ownRun()}${classPanel()}
  <div data-part="idle" class="ns-idle" hidden>
    <h2>${_("The same network. The same weights. The same images.")}<br><span data-part="idleDiffers"></span></h2>
    <ul data-part="idleArms"></ul>
    <svg viewBox="0 -14 640 204" aria-hidden="true" data-part="idleDrawing"></svg>
    <button class="ns-primary ns-huge" data-do="start">${_("▶ Start training")}</button>
  </div>
  <div data-part="work" hidden>
    <div class="ns-arms" data-part="arms" data-names=""></div>
    <p class="ns-veil" data-part="veil" role="status" hidden><span data-part="veiled"></span> <button class="ns-primary" data-do="reveal" data-part="reveal" title="${_("With all that it has measured, on every page and for everybody (V)")}">${_("Reveal the next arm")}</button></p>
    <div class="ns-said">${asks("verdict", _("the verdict"))}<p class="ns-verdict" data-part="verdict" aria-live="polite"></p></div>
    <div class="ns-why"><ul class="ns-reasons" data-part="reasons" aria-label="${_("Why, as far as this run’s looks show")}"></ul><button data-reasons="1" data-part="moreReasons" hidden></button></div>
    <div class="ns-tools">
      <span class="ns-group" role="group" aria-label="${_("x-axis")}"><button data-x="step" aria-pressed="true">${_("steps")}</button><button data-x="epoch" aria-pressed="false">${pgettext("a chart’s axis", "epochs")}</button><button data-x="seconds" aria-pressed="false">${_("seconds")}</button></span>${asks("epoch-and-step")}
      <span class="ns-group"><button data-log="1" aria-pressed="true">${_("log loss")}</button></span>
      <span class="ns-group"><button data-part="whole" data-whole="1" title="${_("Or double-click a chart")}" disabled>${_("whole run")}</button></span>
      <label title="${_("Each point is the mean with the points before it; test lines stay as measured")}">${_("smooth training lines")} <select data-part="smooth"><option value="1">${_("off")}</option>${[9, 31, 101].map(width).join("")}</select></label>${asks("smoothing")}
    </div>
    ${legend()}
    <div class="ns-charts"><div class="ns-chart" data-part="loss">${asks("training-loss")}</div><div class="ns-chart" data-part="accuracy">${asks("accuracy")}</div>${late()}</div>
    <div class="ns-strip" data-part="strip"><p data-part="stripSays"></p><div class="ns-chart" data-part="stripGradient">${asks("gradient-magnitude")}</div><div class="ns-chart" data-part="stripSpread">${asks("spread-per-unit")}</div></div>
    <div class="ns-foot"><span data-part="origin"></span>
      ${explained(_("How is this made?"), TERMS.split(" "), `<p data-part="tested"></p>`)}</div>
    <div class="ns-ghosts" data-part="ghosts" hidden><span>${_("Earlier runs, faint in the charts:")}</span><ul data-part="ghostList"></ul></div>
  </div>
  ${codePanel()}`;

const width = (n) => `<option value="${n}"${n === 9 ? " selected" : ""}>${_("{n} points", { n })}</option>`;

const ownRun = () => `
  <div class="ns-own" data-part="own" role="alertdialog" aria-label="${_("A shared run")}" hidden>
    <p>${_("Several pressed Start for this run: it belongs to nobody, and goes on for the others. From here you can have a run of your own.")}</p>
    <p class="ns-buttons"><button class="ns-primary" data-own="1">${_("Take a run of my own from here")}</button><button data-stay="1">${_("Keep watching")}</button></p>
  </div>`;
