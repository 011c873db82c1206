// "How is this made" of the pages that look inside: what holds for every run, and apart from it what was measured elsewhere.

import { _ } from "../shared/language.js";

const notes = (items, elsewhere = "") => `
    <div class="ns-foot"><details><summary>${_("How is this made, and how could it mislead?")}</summary><ul>${items}</ul>${elsewhere}</details></div>`;

// Numbers of other runs stand apart from those of the run in view, with where and when they were measured.
export const elsewhere = (where, what) => `<p class="ns-elsewhere">${_("<b>Measured elsewhere, not in this run</b> ({where}): {what}", { where, what })}</p>`;

export const NOTES = {
  activations: () => notes(`
      <li>${_("Pooled: the standard deviation of all values of a layer together. Per unit: of one unit (a convolution’s channel, with all its positions) over the images, then averaged over the units. A unit that always says the same adds to the first and not to the second, so a pooled histogram can look healthy, wide and centred, while the network passes nothing on about the image. With an axis of its own such a layer is a comb: each spike is one unit, the same for all images.")}</li>
      <li>${_("LayerNorm sets the spread within one image, not over images: the pooled spread behind it is given by construction, and says as little.")}</li>
      <li>${_("The networks are in training mode: BatchNorm uses the statistics of these images. Only the maps of one image are made in evaluation mode, with running statistics.")}</li>
      <li>${_("Normalized values have mean 0 and standard deviation 1 by construction, over what the norm averages over; less than 1 where the variance is not large against ε = 10⁻⁵, and RMSNorm leaves the mean. Without a norm, normalized and scaled are the same as before.")}</li>
      <li>${_("Shared axes draw bins of 0.125 from −5 to 5, after ReLU from 0 to 5; after sigmoid and tanh 80 bins over 0 to 1 and −1 to 1. What lies outside is counted below the panel. Own axes draw 80 bins over all that there is. NaN and Inf are in no bin, only in the counts.")}</li>
      <li>${_("On log axes there is no 0: a spread or a move of exactly 0 leaves a gap. Percentiles are of at most 8,192 values, evenly spread. Old looks are merged in pairs; their smallest and largest values and NaN counts stay.")}</li>
      <li>${_("Drift depends on how far apart the looks are: dense at first, later up to twice a second while somebody watches. Compare arms at the same step, not early with late. It is divided by the pooled spread, since a unit’s own spread can be nearly 0 and would make any drift look huge.")}</li>
      <li>${_("The maps are of at most 16 channels. A linear layer’s units have no order; neighbours in its strip mean nothing. Pink is NaN or Inf.")}</li>
      <li>${_("Neither row of the drift shows that BatchNorm works by reducing “internal covariate shift”: Santurkar et al. (2018) added shift behind it on purpose, and it helped all the same.")}</li>`),

  gradients: () => notes(`
      <li>${_("The gradient of the mean loss over the whole batch; per-example gradients do not exist through BatchNorm in training mode, since each output depends on all examples.")}</li>
      <li>${_("Means, not L2 norms: layers have 150 to 30,720 weights, and a larger layer has a larger norm with the same gradient in each weight.")}</li>
      <li>${_("A convolution’s weight is shared by all positions, so its gradient is a sum over them: compare arms, not a convolution with a linear layer. So with ∂L/∂z, which falls with map size and with pooling: max pooling passes one gradient in four on, average pooling a quarter of it to each.")}</li>
      <li>${_("Update / weight: RMS of the step over RMS of the weights. About 10⁻³ is a common rule of thumb for a healthy step (dashed line), nothing more. On the training batch it is the step that was taken; on the fixed images what a plain SGD step with their gradient would be, and nothing with momentum or Adam.")}</li>`,
    elsewhere(_("27 November 2026, NormScope 0.1; Fashion-MNIST, the 64 fixed images, Xavier weights before the first step, means of seeds 0 to 2"),
      _("first layer / last layer without a norm is 0.0075 with sigmoid, 5.8 with ReLU and 3.4 with tanh at depth 5, and 2.1·10⁻⁷, 0.43 and 2.5 at depth 12. With sigmoid, LayerNorm has 0.11 and 0.00010, BatchNorm 1.8 and 2.9."))),
};
