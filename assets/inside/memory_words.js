// What norms remember for evaluation, in words; of a class that is not known here nothing but that it remembers or not.

import { _ } from "../shared/language.js";
import { enumerated, parted, sentences } from "../shared/lists.js";

const BY_IMAGE = new Set(["LayerNorm", "GroupNorm", "InstanceNorm2d", "RMSNorm"]);
const PYTORCHS = new Set(["BatchNorm1d", "BatchNorm2d"]);

// norms: [{title, kind, remembers}] of the arms that have one behind `layer`.
export function withoutMemory(norms, layer) {
  const titles = (some) => enumerated(some.map(({ title }) => title));
  const without = norms.filter(({ remembers }) => !remembers);
  const [known, others] = [true, false].map((is) => without.filter(({ kind }) => BY_IMAGE.has(kind) === is));
  return sentences([
    without.length === norms.length && _("No arm drawn here has BatchNorm behind {layer}, so there are no running statistics.", { layer }),
    known.length && _("{arms}: each image is normalized by its own statistics, in evaluation as in training, so there is nothing to remember.", { arms: titles(known) }),
    others.length && _("{arms}: no running statistics.", { arms: titles(others) }),
  ]);
}

// Which variance the running one averages, as far as the classes are known.
export const averaged = (norms) => parted([...new Set(norms.map(({ kind }) => varianceOf(kind)).filter(Boolean))]);

function varianceOf(kind) {
  if (kind === "BatchNorm") return _("the book’s class, which averages the biased variance");
  return PYTORCHS.has(kind) && _("PyTorch’s class, which averages the unbiased variance");
}
