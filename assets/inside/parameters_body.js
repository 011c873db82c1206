// The parameters page as HTML; parameters.js fills what carries data-part.

import { NOTES } from "./notes.js";
import { _ } from "../shared/language.js";
import { asks } from "../shared/terms.js";

export const body = () => `
  <div class="ns-tools"><span class="ns-group" data-part="layers" role="group" aria-label="${_("Layer")}"></span><span data-part="shape"></span><span data-part="lacks"></span></div>
  <div data-part="affine">
    <div class="ns-params"><div class="ns-chart ns-low" data-part="gamma">${asks("gamma-and-beta")}</div><div class="ns-chart ns-low" data-part="gammaGrad">${asks("gamma-and-beta")}</div>
      <div class="ns-chart ns-low" data-part="beta">${asks("gamma-and-beta")}</div><div class="ns-chart ns-low" data-part="betaGrad">${asks("gamma-and-beta")}</div></div>
    <p class="ns-plain" data-part="ranges"></p>
    <pre class="ns-printed" data-part="printed"></pre>
    <p class="ns-small">${_("Channels are interchangeable: with another seed other bars are the high ones.")}</p>
  </div>
  <h3>${_("What evaluation will use: running statistics")} ${asks("running-statistics")}</h3>
  <p class="ns-plain" data-part="stateless"></p>
  <div data-part="running">
    <div class="ns-heats"><div class="ns-chart ns-mid" data-part="means">${asks("running-statistics")}</div><div class="ns-chart ns-mid" data-part="variances">${asks("biased-variance")}</div><div class="ns-chart ns-mid" data-part="lag">${asks("running-statistics")}</div></div>
    <div class="ns-facts" data-part="facts"></div>
  </div>
  <div data-part="evaluation">
    <h3>${_("What that does to the test accuracy: evaluation mode against batch statistics")} ${asks("batch-statistics")}</h3>
    <div class="ns-asked"><div class="ns-chart" data-part="accuracy">${asks("batch-statistics")}</div>
      <div><button data-ask="recalibration">${_("Recalibrate")}</button> <span class="ns-small">${_("running statistics estimated anew, on a copy")} ${asks("recalibration")}</span>
        <div data-part="recalibration" aria-live="polite"></div></div></div>
  </div>
  <h3>${_("How noisy a mini-batch’s mean is")} ${asks("batch-noise")}</h3>
  <div class="ns-asked"><div class="ns-chart" data-part="noiseChart">${asks("batch-noise")}</div>
    <div><button data-ask="noise">${_("Measure")}</button> <span class="ns-small">${_("on the networks as they are now")}</span>
      <div data-part="noise" aria-live="polite"></div></div></div>
  ${NOTES.parameters()}`;

export const idle = () => ({
  question: _("What did γ, β and the running statistics become?"),
  shows: [_("γ and β per channel"), _("their gradients"), _("running statistics against the batch’s"), _("training and evaluation mode")],
  x: _("channel"), y: _("γ and β"),
});
