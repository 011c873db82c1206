// Colours, shapes and two pens for display lists: {p: polygon} {l: line, open} {t: text}.

import { scientific } from "../shared/web.js";

export const LIGHT_MAP = ["#543005", "#8c510a", "#bf812d", "#dfc27d", "#f4f1ea", "#9bd3ca", "#4aa59c", "#1a776e", "#003c30"];
export const DARK_MAP = ["#ffdf9e", "#eab256", "#b97d26", "#6b4a1e", "#2d323b", "#1d5550", "#259186", "#52c8ba", "#b4f7ec"];

export const BROKEN = "#d1009f"; // a cell whose value is not finite

export function pickColor(map, value) {
  if (!Number.isFinite(value)) return BROKEN;
  const t = (clamp(value, -1, 1) + 1) * 4;
  const i = Math.min(7, Math.floor(t));
  return blend(map[i], map[i + 1], t - i);
}

const blends = new Map();
function blend(a, b, t) {
  const key = `${a}${b}${Math.round(t * 16)}`;
  if (!blends.has(key)) {
    const [p, q] = [a, b].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
    blends.set(key, "#" + p.map((v, i) => Math.round(v + (q[i] - v) * (Math.round(t * 16) / 16)).toString(16).padStart(2, "0")).join(""));
  }
  return blends.get(key);
}

export function shade(color, look, amount) {
  return color.startsWith("#") && amount ? blend(color, "#000000", look.dark ? amount * 1.6 : amount) : color;
}

export function rectangle(x, y, w, h) {
  return [x, y, x + w, y, x + w, y + h, x, y + h];
}

// Of n places, each `apart` [x, y] pixels from the next, those whose words of `size` [wide, high] do not touch: evenly
// from the first on, and the picked one in place of its neighbours.
export function roomy(n, apart, size, picked = -1) {
  const isClear = (places) => apart.some((distance, axis) => Math.abs(distance) * places >= size[axis]);
  let stride = 1;
  while (stride < n && !isClear(stride)) stride++;
  const evenly = Array.from({ length: Math.ceil(n / stride) }, (_, i) => i * stride);
  if (!(picked >= 0 && picked < n) || evenly.includes(picked)) return evenly;
  return [...evenly.filter((i) => isClear(Math.abs(i - picked))), picked].toSorted((a, b) => a - b);
}

// How wide a bold text is at most, of type so high: Chinese characters are as wide as they are high.
export const widthOf = (text, size) => [...text].reduce((sum, letter) => sum + (letter >= "\u2e80" ? 1 : 0.54), 0) * size;

// The room that the longest of an axis's numbers needs, also when it is the picked one and bold.
export const TICK = { size: 13, picked: 16 };
export const tickSize = (ids) => [Math.max(...ids.map((id) => String(id).length)) * 0.6 * TICK.picked + 6, TICK.picked + 2];

export function hit(list, x, y) {
  for (let i = list.length - 1; i >= 0; i--) if (list[i].cell !== undefined && within(list[i].p, x, y)) return list[i].cell;
  return -1;
}

// What the text there names: the axis of an axis's name.
export function nameAt(list, x, y) {
  const isIn = ({ t, x: from, y: foot, size, align }) => {
    const wide = widthOf(t, size);
    const left = from - { left: 0, center: 0.5, right: 1 }[align] * wide;
    return x >= left && x <= left + wide && y <= foot + 5 && y >= foot - size;
  };
  return list.find((o) => o.names && isIn(o))?.names ?? null;
}

function within(p, x, y) {
  let inside = false;
  for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2) {
    if (p[i + 1] > y !== p[j + 1] > y && x < ((p[j] - p[i]) * (y - p[i + 1])) / (p[j + 1] - p[i + 1]) + p[i]) inside = !inside;
  }
  return inside;
}

export function moved(list, dx, dy) {
  const shift = (points) => points.map((v, i) => v + (i % 2 ? dy : dx));
  return list.map((o) => (o.p ? { ...o, p: shift(o.p) } : o.l ? { ...o, l: shift(o.l) } : { ...o, x: o.x + dx, y: o.y + dy }));
}

// -- two pens: {p: polygon} {l: line, open} {t: text} -------------------------------------------------------------

export function toCanvas(list, context, look) {
  context.lineJoin = "round";
  for (const o of list) {
    context.globalAlpha = o.a ?? 1;
    if (o.t !== undefined) {
      context.font = `${o.weight} ${o.size}px ${look.font}`;
      context.textAlign = o.align;
      context.fillStyle = o.fill;
      context.fillText(o.t, o.x, o.y);
      continue;
    }
    const points = o.p ?? o.l;
    context.beginPath();
    context.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
    if (!o.open) context.closePath();
    if (o.fill) {
      context.fillStyle = o.fill;
      context.fill();
    }
    if (!o.stroke) continue;
    [context.strokeStyle, context.lineWidth] = [o.stroke, o.w];
    context.stroke();
  }
  context.globalAlpha = 1;
}

export function toSvg(list, width, height, look) {
  const safe = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const round = (points) => points.map((v) => v.toFixed(1)).join(" ");
  const shapes = list.map((o) => {
    const alpha = o.a !== undefined && o.a < 1 ? ` opacity="${o.a}"` : "";
    if (o.t !== undefined) {
      const anchor = { left: "start", center: "middle", right: "end" }[o.align];
      return `<text x="${o.x.toFixed(1)}" y="${o.y.toFixed(1)}" font-size="${o.size}" font-weight="${o.weight}" text-anchor="${anchor}" fill="${o.fill}"${alpha}>${safe(o.t)}</text>`;
    }
    const line = o.stroke ? ` stroke="${o.stroke}" stroke-width="${o.w}"` : "";
    return `<${o.open ? "polyline" : "polygon"} points="${round(o.p ?? o.l)}" fill="${o.fill ?? "none"}"${line}${alpha}/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${safe(look.font)}" stroke-linejoin="round"><rect width="100%" height="100%" fill="${look.background}"/>${shapes.join("")}</svg>`;
}

export function number(value) {
  const size = Math.abs(value);
  if (value !== 0 && !(size >= 1e-4 && size < 1e5)) return scientific(value, 2);
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

export const signed = (value) => (value > 0 ? "+" : "") + number(value);

export function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
