// The pages that look inside as HTML, but for what each has of its own; inside.js fills what carries data-part.

import { list, promise, sketch } from "./promise.js";
import { _ } from "../shared/language.js";
import { projectorButton } from "../shared/look.js";
import { late } from "../shared/plotly.js";
import { STANDING } from "../shared/standing.js";
import { asks } from "../shared/terms.js";

export const sources = () => ({ fixed: _("fixed images"), batch: _("training batch") });

export const head = (page) => `
  <div class="ns-notices" data-part="notices" role="alert"></div>
  <div data-part="empty" class="ns-idle" hidden>
    <h2>${page.question}</h2>
    ${list(page.shows)}
    ${sketch(page, _("nothing to look into yet"))}
    <p>${_("This page looks inside the networks of a run while they learn.")}</p>
    <p><a class="ns-primary ns-huge" data-part="train" href="./" target="_self">${_("Go to Train and start one")}</a></p>
  </div>
  <div data-part="full" hidden>
  <header class="ns-bar"><span class="ns-buttons" data-part="arms"></span>
    <span class="ns-tools">
      <span class="ns-group" role="group" aria-label="${_("Images")}"><button data-source="fixed" title="${_("Always the same 64 test images, so that only the network moves")}">${sources().fixed}</button><button data-source="batch" title="${_("The training mini-batch of that step")}">${sources().batch}</button></span>${asks("fixed-images")}
      <label>${_("ghost")} <select data-part="ghost" aria-label="${_("An earlier run, faint")}"></select> <span data-part="ghostSays"></span></label>
      ${projectorButton()}
    </span></header>
  <div class="ns-scrub" data-part="scrub">${STANDING}<span class="ns-when" data-part="when"></span><b data-part="step"></b><span data-part="epoch"></span>
    <input type="range" min="0" step="1" data-part="slider" aria-label="${_("Step of the run")}"><span class="ns-group"><button data-part="live" aria-pressed="true">${_("follow live")}</button></span></div>
  <p class="ns-verdict" data-part="says" aria-live="polite"></p>
  <p class="ns-nothing" data-part="nothing" role="status"></p>
  ${promise(page)}
  ${late()}
  <div class="ns-picture">`;
export const FOOT = `</div></div>`;
