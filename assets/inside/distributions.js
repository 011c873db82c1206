// Drawing distributions: histograms as steps, percentiles over time as bands, feature maps as pixels.

import { _ } from "../shared/language.js";
import { brief } from "../shared/web.js";

export const BINS = 80;
const BIN = 10 / BINS; // of the shared axes, so that shares compare between the panels
const [P1, P5, P25, P50, P75, P95, P99] = [0, 1, 2, 3, 4, 5, 6]; // places in a stage's percentiles
export const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"];
const BROKEN = [230, 0, 90]; // a feature map's NaN and Inf

export function extent(parts) {
  const low = Math.min(...parts.map((part) => part.low ?? Infinity));
  const high = Math.max(...parts.map((part) => part.high ?? -Infinity));
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

export const padded = ([low, high]) => [low - 0.03 * (high - low), high + 0.03 * (high - low)];

export function median(values) {
  return values.length ? values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] : null;
}

// A histogram as one with `bins` bins over [low, high]: each of its counts is spread evenly over where its bin lies.
export function rebinned(histogram, [low, high], bins) {
  const counts = Array.from({ length: bins }, () => 0);
  const place = (value) => ((value - low) / (high - low)) * bins;
  histogram.counts.forEach((count, i) => {
    if (!count) return;
    const width = (histogram.high - histogram.low) / histogram.counts.length;
    const [from, to] = [place(histogram.low + i * width), place(histogram.low + (i + 1) * width)];
    const first = Math.max(0, Math.min(bins - 1, Math.floor(from))); // a constant layer may lie at the very end
    for (let bin = first; bin < Math.min(bins, Math.max(to, first + 1)); bin++) {
      const inside = to > from ? Math.max(0, Math.min(to, bin + 1) - Math.max(from, bin)) / (to - from) : 1;
      counts[bin] += count * inside;
    }
  });
  return { low, high, counts };
}

// Sigmoid's and tanh's ranges would have few such bins, and stand on axes of their own: they have as many as the others.
export const coarse = (fixed) => rebinned(fixed, [fixed.low, fixed.high], fixed.high - fixed.low < 4 ? BINS : Math.round((fixed.high - fixed.low) / BIN));

// A step histogram: shares of all values, those outside the bins included.
export function steps({ low, high, counts }, values, color, name, faint) {
  const edges = Array.from({ length: counts.length + 1 }, (empty, i) => low + ((high - low) * i) / counts.length);
  const shares = counts.map((count) => count / values);
  return {
    type: "scatter", mode: "lines", name, x: [low, ...edges, high], y: [0, ...shares, shares.at(-1), 0], line: { shape: "hv", color, width: faint ? 1.2 : 2.4 },
    fill: faint ? undefined : "tozeroy", fillcolor: tint(color, 0.1), opacity: faint ? 0.4 : 1, hovertemplate: "%{y:.1%}", hoverinfo: faint ? "skip" : undefined,
  };
}

// Percentile bands over the looks; looks without a finite value have none.
export function bands(seen, color) {
  const found = seen.filter(({ percentiles }) => percentiles && percentiles[P50] != null);
  const x = found.map(({ step }) => step);
  const at = (place) => found.map(({ percentiles }) => percentiles[place]);
  const edge = { type: "scatter", mode: "lines", x, hoverinfo: "skip", line: { width: 0 } };
  const band = (low, high, strength) => [{ ...edge, y: at(low) }, { ...edge, y: at(high), fill: "tonexty", fillcolor: tint(color, strength) }];
  const thin = { ...edge, line: { color, width: 1, dash: "dot" }, opacity: 0.6 };
  return [
    ...band(P1, P99, 0.14), ...band(P5, P95, 0.2), ...band(P25, P75, 0.3),
    { ...thin, y: found.map(({ low }) => low) }, { ...thin, y: found.map(({ high }) => high) },
    { ...edge, y: at(P50), line: { color, width: 2.6 }, hoverinfo: undefined, customdata: found.map(({ percentiles }) => percentiles.map(brief)), hovertemplate: `${_("step %{x}: median %{customdata[3]}, 1–99 % %{customdata[0]} to %{customdata[6]}")}<extra></extra>` },
  ];
}

const bytes = (hex) => [0, 2, 4].map((i) => parseInt(hex.replace("#", "").slice(i, i + 2), 16));
export const SCALE = VIRIDIS.map((colour) => `#${colour}`).join(); // as CSS
const tint = (hex, alpha) => `rgba(${bytes(hex).join()},${alpha})`;

const ANCHORS = VIRIDIS.map(bytes);
export function viridis(share) {
  const at = Math.min(ANCHORS.length - 1.001, Math.max(0, share * (ANCHORS.length - 1)));
  const [from, to] = [ANCHORS[Math.floor(at)], ANCHORS[Math.floor(at) + 1]];
  return from.map((value, i) => value + (to[i] - value) * (at % 1));
}
export const grey = (share) => [255 * share, 255 * share, 255 * share];

export function paint(canvas, rows, [low, high], colour) {
  canvas.height = rows.length;
  canvas.width = rows[0].length;
  canvas.className = rows.length === 1 ? "ns-strip" : "";
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, i) => picture.data.set([...(value == null ? BROKEN : colour((value - low) / (high - low || 1))), 255], 4 * i));
  context.putImageData(picture, 0, 0);
}
