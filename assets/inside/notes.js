// “How is this made” of the pages that look inside: the terms that hold for every run, and apart from them what was measured
// elsewhere.

import { explained } from "../shared/explained.js";
import { _ } from "../shared/language.js";

const notes = (slugs, more = "") =>
  `<div class="ns-foot">${explained(_("How is this made, and how could it mislead?"), slugs.split(" "), more)}</div>`;

// Numbers of other runs stand apart from those of the run in view, with where and when they were measured.
const elsewhere = (where, what) => `<p class="ns-elsewhere">${_("<b>Measured elsewhere, not in this run</b> ({where}): {what}", { where, what })}</p>`;

export const NOTES = {
  activations: () => notes("fixed-images activation-histogram percentiles pooled-spread spread-per-unit inactive-share non-finite drift feature-maps"),

  gradients: () => notes("fixed-images gradient-magnitude gradient-of-output update-ratio gradient-histogram",
    elsewhere(_("27 November 2026, NormScope 0.1; Fashion-MNIST, the 64 fixed images, Xavier weights before the first step, means of seeds 0 to 2"),
      _("first layer / last layer without a norm is 0.0075 with sigmoid, 5.8 with ReLU and 3.4 with tanh at depth 5, and 2.1·10⁻⁷, 0.43 and 2.5 at depth 12. With sigmoid, LayerNorm has 0.11 and 0.00010, BatchNorm 1.8 and 2.9."))),

  parameters: () => notes("gamma-and-beta running-statistics biased-variance batch-statistics recalibration batch-noise",
    elsewhere(_("27 November 2026, NormScope 0.1; Fashion-MNIST, 20,000 images, batch 256, sigmoid, BatchNorm, 234 steps, seeds 0 to 2"),
      _("γ of conv1 went from 1 to between 0.92 and 1.08 at learning rate 0.1, and to between 0.52 and 1.67 at 1.0."))),
};
