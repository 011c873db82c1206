// The parameters page as HTML; parameters.js fills what carries data-part.

import { elsewhere } from "./notes.js";
import { _ } from "../shared/language.js";

export const body = () => `
  <div class="ns-tools"><span class="ns-group" data-part="layers" role="group" aria-label="${_("Layer")}"></span><span data-part="shape"></span><span data-part="lacks"></span></div>
  <div data-part="affine">
    <div class="ns-params"><div class="ns-chart ns-low" data-part="gamma"></div><div class="ns-chart ns-low" data-part="gammaGrad"></div>
      <div class="ns-chart ns-low" data-part="beta"></div><div class="ns-chart ns-low" data-part="betaGrad"></div></div>
    <p class="ns-plain" data-part="ranges"></p>
    <pre class="ns-printed" data-part="printed"></pre>
    <p class="ns-small">${_("Channels are interchangeable: with another seed other bars are the high ones.")}</p>
  </div>
  <h3>${_("What evaluation will use: running statistics")}</h3>
  <p class="ns-plain" data-part="stateless"></p>
  <div data-part="running">
    <div class="ns-heats"><div class="ns-chart ns-mid" data-part="means"></div><div class="ns-chart ns-mid" data-part="variances"></div><div class="ns-chart ns-mid" data-part="lag"></div></div>
    <div class="ns-facts" data-part="facts"></div>
  </div>
  <div data-part="evaluation">
    <h3>${_("What that does to the test accuracy: evaluation mode against batch statistics")}</h3>
    <div class="ns-asked"><div class="ns-chart" data-part="accuracy"></div>
      <div><button data-ask="recalibration">${_("Recalibrate")}</button> <span class="ns-small">${_("running statistics estimated anew, on a copy")}</span>
        <div data-part="recalibration" aria-live="polite"></div></div></div>
  </div>
  <h3>${_("How noisy a mini-batch’s mean is")}</h3>
  <div class="ns-asked"><div class="ns-chart" data-part="noiseChart"></div>
    <div><button data-ask="noise">${_("Measure")}</button> <span class="ns-small">${_("on the networks as they are now")}</span>
      <div data-part="noise" aria-live="polite"></div></div></div>
  <div class="ns-foot"><details><summary>${_("How is this made, and how could it mislead?")}</summary><ul>
    <li>${_("γ, β and running statistics are those before the step; gradients are of the mean loss over the images looked at. LN, GN, IN and RMS have one γ per channel here, as BN has, so that arms differ in the statistics only.")}</li>
    <li>${_("Bars grow from the start value, and the axis need not begin at 0: read the numbers, not the heights.")}</li>
    <li>${_("Units of wide layers are sorted by value at each moment: a place on that curve is not always the same unit. The band over the run is the 5th to 95th and 25th to 75th percentile.")}</li>
    <li>${_("Running statistics are compared with those of the images looked at, which are a sample too: of normally distributed values the variance of 64 is off by some 18 %, √(2/63).")}</li>
    <li>${_("A late gap between the two accuracies is not an error of the average: the weights move on at every step, and the average lags by about ten steps.")}</li>
    <li>${_("1/√(N·H·W) would hold if the positions of a map were independent. They are not: pixels beside each other are alike, and alike through a convolution.")}</li></ul>
    ${elsewhere(_("27 November 2026, NormScope 0.1; Fashion-MNIST, 20,000 images, batch 256, sigmoid, BatchNorm, 234 steps, seeds 0 to 2"),
      _("γ of conv1 went from 1 to between 0.92 and 1.08 at learning rate 0.1, and to between 0.52 and 1.67 at 1.0."))}</details></div>`;

export const idle = () => ({
  question: _("What did γ, β and the running statistics become?"),
  shows: [_("γ and β per channel"), _("their gradients"), _("running statistics against the batch’s"), _("training and evaluation mode")],
  x: _("channel"), y: _("γ and β"),
});
