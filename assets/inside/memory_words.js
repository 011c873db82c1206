// What norms remember for evaluation, in words; of a class that is not known here nothing but that it remembers or not.

const BY_IMAGE = new Set(["LayerNorm", "GroupNorm", "InstanceNorm2d", "RMSNorm"]);
const VARIANCES = new Map([
  ["BatchNorm", "the book’s class, which averages the biased variance"],
  ["BatchNorm1d", "PyTorch’s class, which averages the unbiased variance"],
  ["BatchNorm2d", "PyTorch’s class, which averages the unbiased variance"],
]);

// norms: [{title, kind, remembers}] of the arms that have one behind `layer`.
export function withoutMemory(norms, layer) {
  const titles = (some) => some.map(({ title }) => title).join(", ");
  const without = norms.filter(({ remembers }) => !remembers);
  const [known, others] = [true, false].map((is) => without.filter(({ kind }) => BY_IMAGE.has(kind) === is));
  return [
    without.length === norms.length && `No arm drawn here has BatchNorm behind ${layer}, so there are no running statistics.`,
    known.length && `${titles(known)}: each image is normalized by its own statistics, in evaluation as in training, so there is nothing to remember.`,
    others.length && `${titles(others)}: no running statistics.`,
  ].filter(Boolean).join(" ");
}

// Which variance the running one averages, as far as the classes are known.
export const averaged = (norms) => [...new Set(norms.map(({ kind }) => VARIANCES.get(kind)).filter(Boolean))].join("; ");
