// All families at once: to which one each cell drawn belongs, its tint and border, and what stands at the axes for it.

const HUES = {
  light: ["#8ec5e8", "#f3b27a", "#93cfae", "#e6a3c1", "#e8d174", "#b9b3e0", "#c9bba8", "#a9d3d6"],
  dark: ["#2f6f99", "#a35f22", "#2f7d5b", "#93507a", "#8a7420", "#5f58a0", "#73634f", "#2f7478"],
};
// Neighbours along any axis have other hues: one hue further along the second axis, three along the first.
const STEPS = [3, 1, 2, 5];
const BORDER = 0.62; // of black or white in a border, and at most in the last tint of many of one hue
const MOST = 0.42;

// The same rule as core/cube/axes.py's family(), for every cell drawn: {of: a number for each cell, places: by number}.
export function familiesOf({ over, groups, feature }, { axes, count, split }) {
  const numbers = new Map();
  const places = [];
  const of = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const place = split(i).map((position, axis) => {
      if (!over[axis]) return position;
      return axis === feature && groups > 1 ? groupAt(axes[axis], groups, position) : 0;
    });
    const key = place.join(".");
    if (!numbers.has(key)) places[numbers.size] = place;
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    of[i] = numbers.get(key);
  }
  return { of, places, ...tints(places) };
}

const groupAt = ({ ids, size }, groups, position) => Math.floor((ids[position] * groups) / size);

function tints(places) {
  const hues = places.map((place) => place.reduce((sum, p, axis) => sum + p * STEPS[axis], 0) % HUES.light.length);
  const seen = {};
  const nth = hues.map((hue) => (seen[hue] = (seen[hue] ?? -1) + 1));
  const many = Math.max(1, ...Object.values(seen));
  const paint = (palette, other, share) => hues.map((hue, f) => mix(palette[hue], other, share(nth[f] / many)));
  return {
    light: { tints: paint(HUES.light, "#000000", (t) => t * MOST), borders: paint(HUES.light, "#000000", () => BORDER) },
    dark: { tints: paint(HUES.dark, "#ffffff", (t) => t * MOST), borders: paint(HUES.dark, "#ffffff", () => BORDER) },
  };
}

function mix(color, other, share) {
  const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [a, b] = [parts(color), parts(other)];
  return "#" + a.map((v, i) => Math.round(v + (b[i] - v) * share).toString(16).padStart(2, "0")).join("");
}

// The numbers of an axis, each at a place among those drawn. With all families lit an axis that tells them apart is
// strong, in groups a number for each, and where it alone does, each number has its family's tint.
export function marksOf(axis, at, { over, groups, feature } = {}, families = null, look = {}) {
  const each = axis.ids.map((id, p) => ({ at: p, from: p, to: p, text: String(id), strong: false }));
  if (!families) return each;
  const grouped = at === feature && groups > 1;
  if (over[at] && !grouped) return each;
  const alone = over.every((averaged, other) => other === at || (averaged && !(other === feature && groups > 1)));
  const { tints: colors, borders } = families[look.dark ? "dark" : "light"];
  const tinted = (mark, nth) => ({ ...mark, strong: true, ...(alone ? { tint: colors[nth], border: borders[nth] } : {}) });
  if (!grouped) return each.map(tinted);
  const parts = Object.values(Object.groupBy(each, ({ at: p }) => groupAt(axis, groups, p)));
  return parts.map((part, nth) => {
    const [first, last] = [part[0], part.at(-1)];
    return tinted({ at: (first.at + last.at) / 2, from: first.at, to: last.at, text: part.length > 1 ? `${first.text}–${last.text}` : first.text }, nth);
  });
}
