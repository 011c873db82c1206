// A chart's title in as many lines as it needs beside the toolbar, which a touch screen shows all the time: on one line it
// would be covered by it, or cut at the chart's edge.

import { ruler } from "./ruler.js";
import { BETWEEN } from "./wrapped.js";

export const LINE = 1.3; // of the size of type, as plotly sets lines
const CAP = 0.7; // as far as plotly lowers a title of one line below its place, and forgets to lower one of several
const BUTTON = 24; // pixels of the toolbar

// The layout with its title in lines, and room for them above the plot; `left`: pixels that something else takes before it.
export function titled(layout, width, { displayModeBar, modeBarButtons = [] } = {}, left = 0) {
  if (!layout.title?.text || !width) return layout;
  const { text, font: { size } } = layout.title;
  const tools = displayModeBar === false ? 0 : BUTTON * modeBarButtons.flat().length + 8;
  const lines = inLines(text, width - left - tools - 8, ruler(layout.font.family), size);
  const margin = { ...layout.margin, t: layout.margin.t + (lines.length - 1) * LINE * size };
  return { ...layout, margin, title: { ...layout.title, text: lines.join("<br>"), pad: { l: left, t: lines.length > 1 ? CAP * size : 0 } } };
}

// The title of an upright axis that is so long: its first word where all of it would stick out above the plot. Plotly
// writes it 1.2 times as large as the rest.
export const upright = (text, length, widthOf, type) => (widthOf(text, 1.2 * type) <= length ? text : text.split(" ")[0]);

// Text of words, some of them in a <span style="font-size:.8em">, in lines of at most `room` pixels; a word is never broken.
export function inLines(text, room, widthOf, size) {
  const lines = [[]];
  let left = room;
  for (const word of wordsOf(text)) {
    const wide = widthOf(word.text + gap(word), size * word.scale);
    if (lines.at(-1).length && wide > left) {
      lines.push([]);
      left = room;
    }
    lines.at(-1).push(word);
    left -= wide;
  }
  return lines.map((words) => runs(words).map(styled).join("").trimEnd());
}

const styled = ({ open, text, after }) => `${open}${text}${open && "</span>"}${after}`;
const gap = ({ isApart }) => (isApart ? " " : "");

function wordsOf(text) {
  const found = [];
  for (const part of text.split(/(<span[^>]*>.*?<\/span>)/)) {
    const [, open = "", inner = part] = part.match(/^(<span[^>]*>)(.*)<\/span>$/) ?? [];
    const scale = Number(open.match(/font-size:([\d.]+)em/)?.[1] ?? 1);
    for (const piece of inner.split(BETWEEN)) {
      const word = piece.trimEnd();
      if (word) found.push({ text: word, open, scale, isApart: word !== piece });
      else if (piece && found.length) found.at(-1).isApart = true;
    }
  }
  return found;
}

// Words of one style side by side.
function runs(words) {
  const found = [];
  for (const word of words) {
    const before = found.at(-1);
    if (before?.open === word.open) Object.assign(before, { text: before.text + before.after + word.text, after: gap(word) });
    else found.push({ open: word.open, text: word.text, after: gap(word) });
  }
  return found;
}
