// A chart as a picture that stands alone: on the page's paper, with its title, what is drawn in which colour and line,
// and the run's settings and link. The words are a display list first, as the cube's, and are painted around the chart.

import { _ } from "./language.js";
import { cornersOf } from "./look.js";
import { LINE } from "./titles.js";
import { joined, wrapped } from "./wrapped.js";
import { save } from "./web.js";

const SCALE = 2; // pixels of the picture for one of the page, in each direction
const LEAST = { width: 640, height: 300 }; // the words need room above a small chart, too
const EDGE = 16;
const SAMPLE = 36; // of a line, before its words
const GAP = 20; // from one entry of the key to the next
const DASHES = { solid: [], dash: [8, 5], dot: [2, 4] };

// words: {title, about, key, foot, name}. An entry of the key has text, and color with symbol, or dash; or the
// colors of several lines; or a scale
// ([share, colour], …) with its ends. foot is a list of paragraphs.
export async function saveImage(Plotly, chart, words, look) {
  const layout = standingAlone(chart);
  const size = { width: layout.width, height: layout.height };
  const picture = await pictureOf(Plotly, chart, layout, look);
  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text, type, weight = 400) => {
    pen.font = `${weight} ${type}px ${look.font}`;
    return pen.measureText(text).width;
  };
  const { above, below } = laidOut(words, size.width, look, widthOf);
  const canvas = pen.canvas;
  [canvas.width, canvas.height] = [size.width * SCALE, (above.height + size.height + below.height) * SCALE];
  pen.scale(SCALE, SCALE);
  pen.fillStyle = look.background;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  paint(pen, above.list, 0, look);
  pen.drawImage(picture, 0, above.height, size.width, size.height);
  paint(pen, below.list, above.height + size.height, look);
  save(await new Promise((done) => canvas.toBlob(done, "image/png")), words.name);
}

// A chart's own title without its marks, and what stands beside it, as entries of the key.
export function headings(chart) {
  const lines = (chart.layout.title?.text ?? "").replaceAll(/<\/span>(<br>)<span[^>]*>/g, "$1").split("<br>");
  const line = lines.reduce(joined).replaceAll(/<\/span> *<span[^>]*>/g, " ");
  const [title, ...notes] = line.split(/<[^>]*>/).map((text) => text.trim()).filter(Boolean);
  return { title, notes: notes.map((text) => ({ text })) };
}

export const keyOf = (arms, colors, symbolOf) =>
  arms.map((arm) => ({ text: _("{title} ({name})", arm), color: colors.get(arm.name), symbol: symbolOf(arm) }));

// What stands above and below a chart so wide: {list, height} each, in the page's pixels. Nothing is cut.
export function laidOut({ title, about, key, foot }, width, look, widthOf) {
  const above = column(width, look, widthOf);
  above.write(title, look.type + 5, { weight: 650 });
  above.write(about, look.type - 1, { faint: true });
  above.flow(key, look.type - 1);
  const below = column(width, look, widthOf);
  for (const paragraph of foot) below.write(paragraph, look.type - 2, { faint: true });
  return { above: above.end(4), below: below.end(EDGE - 4) };
}

function column(width, look, widthOf) {
  const list = [];
  const inner = width - 2 * EDGE;
  let y = 10;
  const write = (text, size, more = {}) => {
    for (const row of wrapped(text, inner, (part) => widthOf(part, size, more.weight))) {
      y += 1.4 * size;
      list.push({ text: row, x: EDGE, y, size, ...more });
    }
  };
  const flow = (entries, size) => {
    let x = 0;
    let lines = 1;
    y += 1.7 * size;
    for (const { text, ...sample } of entries) {
      const from = sample.color || sample.colors || sample.dash || sample.scale ? SAMPLE : 0;
      const rows = wrapped(text, inner - from, (part) => widthOf(part, size));
      const long = from + Math.max(...rows.map((row) => widthOf(row, size)));
      if (x && x + long > inner) {
        [x, y, lines] = [0, y + lines * 1.5 * size, 1];
      }
      if (from) list.push({ ...sample, x: EDGE + x, y: y - 0.34 * size, size });
      rows.forEach((row, i) => list.push({ text: row, x: EDGE + x + from, y: y + i * 1.5 * size, size }));
      x += long + GAP;
      lines = Math.max(lines, rows.length);
    }
    y += (lines - 1) * 1.5 * size;
  };
  return { write, flow, end: (room) => ({ list, height: Math.ceil(y + room) }) };
}

function paint(pen, list, down, look) {
  pen.save();
  pen.translate(0, down);
  for (const { text, x, y, size, weight = 400, faint, color = look.text, colors = [faint ? look.text : color], dash, symbol, scale } of list) {
    pen.font = `${weight} ${size}px ${look.font}`;
    pen.fillStyle = faint ? look.faint : color;
    if (text) pen.fillText(text, x, y);
    else if (scale) paintScale(pen, scale, x, y, size);
    else {
      pen.globalAlpha = faint ? 0.35 : 1;
      colors.forEach((each, i) => paintLine(pen, [x, y], each, dash, [i / colors.length, (i + 1) / colors.length]));
      pen.fillStyle = color;
      if (symbol) paintSymbol(pen, symbol, x + (SAMPLE - 10) / 2, y);
      pen.globalAlpha = 1;
    }
  }
  pen.restore();
}

// The part of a sample's line from one share of its length to another.
function paintLine(pen, [x, y], color, dash = "solid", [from, to]) {
  pen.beginPath();
  pen.setLineDash(DASHES[dash]);
  pen.moveTo(x + from * (SAMPLE - 10), y);
  pen.lineTo(x + to * (SAMPLE - 10), y);
  Object.assign(pen, { strokeStyle: color, lineWidth: 2.4 });
  pen.stroke();
}

function paintSymbol(pen, symbol, x, y) {
  pen.beginPath();
  for (const [right, down] of cornersOf(symbol, 5.5)) pen.lineTo(x + right, y + down);
  pen.fill();
}

function paintScale(pen, scale, x, y, size) {
  const colours = pen.createLinearGradient(x, 0, x + SAMPLE - 10, 0);
  for (const [share, colour] of scale) colours.addColorStop(share, colour);
  pen.fillStyle = colours;
  pen.fillRect(x, y - size / 2, SAMPLE - 10, size);
}

// The chart's layout without its title, which stands above the picture, and as large as all that stands beside the plot.
export function standingAlone({ layout, besidePlot = [], clientWidth, clientHeight, _fullLayout: { _size: { b: below } } }) {
  const found = structuredClone({ ...layout, annotations: [...(layout.annotations ?? []), ...besidePlot] });
  const above = found.margin.t + (found.title?.text ? 14 - roomOf(found) : 0);
  const height = Math.max(LEAST.height, clientHeight);
  const plot = height - above - below;
  const missing = missingRoom(found.annotations, { plot, above, below });
  found.margin = { ...found.margin, t: above + missing.above, b: below + missing.below };
  return { ...found, title: undefined, width: Math.max(LEAST.width, clientWidth), height: height + missing.above + missing.below };
}

// How many pixels words at a plot's side reach beyond what is above and below it.
function missingRoom(annotations, { plot, above, below }) {
  const ends = annotations.filter(({ yref, textangle }) => yref === "paper" && !textangle).flatMap(({ text, font, y, yshift = 0, yanchor = "middle" }) => {
    const high = LINE * font.size * text.split("<br>").length;
    const foot = y * plot + yshift - { bottom: 0, middle: high / 2, top: high }[yanchor];
    return [foot, foot + high];
  });
  return { above: Math.ceil(Math.max(0, Math.max(...ends) - plot - above)), below: Math.ceil(Math.max(0, -Math.min(...ends) - below)) };
}

async function pictureOf(Plotly, chart, layout, look) {
  const size = { width: layout.width, height: layout.height };
  const data = { data: structuredClone(chart.data), layout: { ...layout, paper_bgcolor: look.background }, config: { staticPlot: true } };
  const svg = await Plotly.toImage(data, { format: "svg", ...size });
  const text = decodeURIComponent(svg.slice(svg.indexOf(",") + 1)).replace(/<svg[^>]*>/, `$&<style>${await fontFaces(look.font)}</style>`);
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

// What a chart leaves for its title, which stands above the picture; marks may have some beside it.
const roomOf = ({ title, font }) => (34 * font.size) / 14 + LINE * title.font.size * (title.text.split("<br>").length - 1);

// A picture in a picture loads nothing: the page's own type has to be in it, or the labels would not fit their room.
async function fontFaces(font) {
  const family = bare(font.split(",")[0]);
  const rules = [...document.styleSheets].flatMap(rulesOf).filter((rule) =>
    rule instanceof CSSFontFaceRule && bare(rule.style.fontFamily) === family && rule.style.fontStyle !== "italic");
  return (await Promise.all(rules.map(withData))).join("");
}

const bare = (family) => family.replaceAll(/["']/g, "").trim();

function rulesOf(sheet) {
  try {
    return [...sheet.cssRules];
  } catch {
    return []; // another server's
  }
}

async function withData({ cssText, parentStyleSheet }) {
  const [whole, path] = cssText.match(/url\("?([^")]+)"?\)/) ?? [];
  if (!path) return cssText;
  const file = await fetch(new URL(path, parentStyleSheet.href ?? document.baseURI)).then((answer) => answer.blob());
  const reader = new FileReader();
  await new Promise((done) => {
    reader.addEventListener("load", done);
    reader.readAsDataURL(file);
  });
  return cssText.replace(whole, `url("${reader.result}")`);
}
