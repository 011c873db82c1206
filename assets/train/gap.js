// Where the same weights do otherwise with the statistics of the batch than with the running ones: the widest such gap of
// the run, marked in the chart, and told beside the mark where the words cross no line; else above the plot.

import { _ } from "../shared/language.js";
import { LINE } from "../shared/titles.js";

const LEAST = 0.1; // of the test images: a narrower gap is no sight
const AWAY = 8; // pixels from the mark to its words
const CLEAR = 6; // pixels between the words and the nearest line, whose markers are some 9 wide

// {arm, at, low, high} of the arms that are shown: at which of an arm's tests; null where both lines agree, or one is hidden.
export function widestGap(arms, { kinds, hidden }) {
  if (!kinds.has("test") || !kinds.has("batch")) return null;
  let widest = null;
  for (const arm of arms) {
    if (hidden.has(arm.name)) continue;
    let at = 0; // both go on from step to step
    for (const [i, step] of arm.batch.step.entries()) {
      while (arm.test.step[at] < step) at += 1;
      const ends = [arm.test.accuracy[at], arm.batch.accuracy[i]];
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      if (high - low >= LEAST && !(widest && widest.high - widest.low >= high - low)) widest = { arm, at, low, high };
    }
  }
  return widest;
}

const words = (arm) => _("{arm}: the same weights,<br>only the statistics differ", { arm: arm.name });
const inOneLine = (arm) => _("{arm}: the same weights, only the statistics differ", { arm: arm.name });

// The mark as plotly's shapes and annotations; above: its words for labels.js's marksAbove, where they have no room beside
// it. `range` and `width` are the x-axis's, `yRange` and `height` the accuracy's, in pixels too; `lines` all that is drawn.
export function gapMark(arms, view, { range, width, yRange, height, color, look, widthOf, lines }) {
  const gap = widestGap(arms, view);
  const none = { shapes: [], annotations: [], above: [] };
  if (!gap) return none;
  const { arm, at, low, high } = gap;
  const x = arm.test[view.x][at];
  const along = (each) => ((each - range[0]) / (range[1] - range[0])) * width;
  const up = (each) => ((each - yRange[0]) / (yRange[1] - yRange[0])) * height;
  if (along(x) < 0 || along(x) > width || low < yRange[0] || high > yRange[1]) return none;
  const stroke = { color: color(arm), width: 1.5 };
  const shapes = [{ type: "line", xref: "x", yref: "y", layer: "below", x0: x, x1: x, y0: low, y1: high, line: stroke }];
  const size = look.type - 1;
  const text = words(arm);
  const room = { long: Math.max(...text.split("<br>").map((each) => widthOf(each, size))), high: 2 * LINE * size };
  const taken = (from, to) => takenBetween(from / width * (range[1] - range[0]) + range[0], to / width * (range[1] - range[0]) + range[0], lines, up);
  const place = placeBeside(along(x), up(low), up(high), room, { width, height, taken });
  if (!place) return { shapes, annotations: [], above: [{ x, texts: [inOneLine(arm)], color: stroke.color }] };
  const side = place.isRight ? "left" : "right";
  return {
    shapes, above: [],
    annotations: [{ // on no ground, which would cover the grid
      xref: "x", yref: "y", x, y: yRange[0] + (place.middle / height) * (yRange[1] - yRange[0]), xshift: place.isRight ? AWAY : -AWAY, xanchor: side,
      yanchor: "middle", align: side, showarrow: false, text, font: { size, color: stroke.color },
    }],
  };
}

// On which side of the mark, and at which height along it, words have their room; null where they would cross a line. All in
// pixels from the plot's lower left corner.
function placeBeside(x, low, high, room, { width, height, taken }) {
  for (const isRight of [true, false]) {
    const from = isRight ? x + AWAY : x - AWAY - room.long;
    const to = from + room.long;
    if (from < 0 || to > width) continue;
    const middle = freeHeight(taken(from - CLEAR / 2, to + CLEAR), room.high, low, high, height);
    if (middle !== null) return { isRight, middle };
  }
  return null;
}

// The heights in pixels, [lowest, highest], that lines take between two places of the x-axis.
function takenBetween(from, to, lines, up) {
  const taken = [];
  for (const { x, y } of lines) {
    for (let i = 1; i < x.length; i += 1) {
      if (x[i] < from || x[i - 1] > to || !Number.isFinite(y[i]) || !Number.isFinite(y[i - 1])) continue;
      const at = (each) => (x[i] === x[i - 1] ? [y[i - 1], y[i]] : [y[i - 1] + ((y[i] - y[i - 1]) * (each - x[i - 1])) / (x[i] - x[i - 1])]);
      const ends = [...at(Math.max(from, x[i - 1])), ...at(Math.min(to, x[i]))].map(up);
      taken.push([Math.min(...ends) - CLEAR, Math.max(...ends) + CLEAR]);
    }
  }
  return taken.toSorted(([a], [b]) => a - b);
}

// The middle of `need` free pixels that is nearest to the middle of the mark, and beside it.
function freeHeight(taken, need, low, high, height) {
  const wanted = (low + high) / 2;
  let best = null;
  let from = 0;
  for (const [start, end] of [...taken, [height, Infinity]]) {
    const lowest = Math.max(from + need / 2, low);
    const highest = Math.min(start - need / 2, high, height - need / 2);
    if (lowest <= highest) {
      const middle = Math.min(highest, Math.max(lowest, wanted));
      if (best === null || Math.abs(middle - wanted) < Math.abs(best - wanted)) best = middle;
    }
    from = Math.max(from, end);
  }
  return best;
}
