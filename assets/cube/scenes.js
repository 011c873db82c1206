// What is drawn, as display lists: the cube, the flat grid, their labels and the legend.

import { marksOf } from "./families.js";
import { BROKEN, clamp, number, pickColor, rectangle, roomy, shade, signed, TICK, tickSize, widthOf } from "./pens.js";
import { _ } from "../shared/language.js";

// -- the cube -----------------------------------------------------------------------------------------------------

// Orthographic, so equal cells look equal wherever they are; drawn from far to near along each axis, which for a
// block of cells is the painter's order without sorting.
// With `families`, each of them has its tint and its border; without, the picked cell's has its values in full colour.
export function cubeScene({ layout, panel, families, exists, camera, rough, width, height, look, arm, color, picked, hovered, named }) {
  const { depth, across, up, inner, index } = layout;
  const gap = { x: 0.16, y: 0.5 };
  const tall = Math.min(0.8, (0.86 * Math.max(across, depth * 1.2)) / up);
  const heights = Array.from({ length: up }, (none, u) => -(u + 0.4 * Math.floor(u / inner) * (inner > 1)) * tall); // of lids
  const [X, Y, Z] = [across * (1 + gap.x) - gap.x, depth * (1 + gap.y) - gap.y, tall - heights[up - 1]];
  const [sy, cy, sp, cp] = [Math.sin(camera.yaw), Math.cos(camera.yaw), Math.sin(camera.pitch), Math.cos(camera.pitch)];
  const unit = { x: [cy, sy * sp], y: [sy, -cy * sp], z: [0, -cp] };
  const near = { x: sy > 0, y: cy < 0 };
  const flat = (x, y, z) => [x * unit.x[0] + y * unit.y[0], x * unit.x[1] + y * unit.y[1] + z * unit.z[1]];
  const ends = [0, X].flatMap((x) => [0, Y].flatMap((y) => [0, -Z].map((z) => flat(x, y, z))));
  const [left, right, top, bottom] = [Math.min(...ends.map((p) => p[0])), Math.max(...ends.map((p) => p[0])), Math.min(...ends.map((p) => p[1])), Math.max(...ends.map((p) => p[1]))];
  const scale = Math.min((width - 156) / (right - left), (height - 74) / (bottom - top)) * camera.zoom;
  const origin = [width / 2 + 4 - ((left + right) / 2) * scale, height / 2 - 18 - ((top + bottom) / 2) * scale];
  const at = (x, y, z) => {
    const [a, b] = flat(x, y, z);
    return [origin[0] + a * scale, origin[1] + b * scale];
  };

  const box = (n, c, u, v = u) => [c * (1 + gap.x), c * (1 + gap.x) + 1, n * (1 + gap.y), n * (1 + gap.y) + 1, heights[v] - tall, heights[u]];
  if (camera.toward && picked >= 0) {
    const [x0, x1, y0, y1, z0, z1] = box(Math.floor(picked / up / across), Math.floor(picked / up) % across, picked % up);
    const [x, y] = at((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2);
    origin[0] += camera.toward * (width / 2 - x);
    origin[1] += camera.toward * (height / 2 - y);
  }

  const order = (n, forwards) => Array.from({ length: n }, (none, i) => (forwards ? i : n - 1 - i));
  const faces = ([x0, x1, y0, y1, z0, z1]) => {
    const [x, y] = [near.x ? x1 : x0, near.y ? y1 : y0];
    return [
      [...at(x0, y0, z1), ...at(x1, y0, z1), ...at(x1, y1, z1), ...at(x0, y1, z1)],
      [...at(x, y0, z0), ...at(x, y1, z0), ...at(x, y1, z1), ...at(x, y0, z1)],
      [...at(x0, y, z0), ...at(x1, y, z0), ...at(x1, y, z1), ...at(x0, y, z1)],
    ];
  };
  const outline = ([x0, x1, y0, y1, z0, z1]) => {
    const [xn, xf, yn, yf] = [near.x ? x1 : x0, near.x ? x0 : x1, near.y ? y1 : y0, near.y ? y0 : y1];
    return [...at(xf, yf, z1), ...at(xf, yn, z1), ...at(xf, yn, z0), ...at(xn, yn, z0), ...at(xn, yf, z0), ...at(xn, yf, z1)];
  };

  const quiet = [];
  const loud = [];
  const [loudness, quietness] = emphasis(named, look.dark ? 0.17 : 0.15);
  const set = families ? families.of : panel.lit; // where it is another's, there is a border
  const own = families?.[look.dark ? "dark" : "light"];
  for (const n of order(depth, near.y)) {
    for (const c of order(across, near.x)) {
      const runs = [];
      for (let u = up - 1; u >= 0; u--) {
        const i = index(n, c, u);
        if (exists && !exists[i]) continue;
        const lit = families ? true : panel.lit[i];
        if (rough && !lit) continue; // its tower's outline stands for it
        const [lid, side, front] = faces(box(n, c, u));
        const covered = u > 0 && (inner === 1 || u % inner !== 0) && set[i - 1] === set[i] && !(exists && !exists[i - 1]);
        const fill = families ? own.tints[set[i]] : color(panel.shade[i]);
        const list = !families && lit ? loud : quiet; // all of them are drawn in the order of their distance
        const paint = lit ? { stroke: families ? own.borders[set[i]] : arm, w: families ? 0.25 : 0.6, a: loudness } : { a: quietness };
        const plain = families || Number.isFinite(panel.shade[i]);
        list.push({ p: side, fill: plain ? shade(fill, look, 0.2) : fill, cell: i, ...paint });
        list.push({ p: front, fill: plain ? shade(fill, look, 0.08) : fill, cell: i, ...paint });
        if (!covered) list.push({ p: lid, fill, cell: i, ...paint });
        if (panel.changes?.[i]) list.push(...diamond(middleOf(front), Math.min(7, (Math.abs(front[1] - front[5]) || 8) * 0.4), look));
        if (!lit) continue;
        if (runs.at(-1)?.[0] === u + 1 && set[u + 1 + index(n, c, 0)] === set[i]) runs.at(-1)[0] = u;
        else runs.push([u, u]);
      }
      for (const [a, b] of runs) {
        const i = index(n, c, a);
        if (families) quiet.push({ l: outline(box(n, c, a, b)), stroke: own.borders[set[i]], w: 2 });
        if (panel.lit[i]) (families ? quiet : loud).push({ l: outline(box(n, c, a, b)), stroke: arm, w: named === "family" ? 4 : families ? 3 : 2.4, a: loudness });
      }
      if (!families) quiet.push({ l: outline(box(n, c, 0, up - 1)), stroke: look.text, w: 0.8, a: rough ? 0.5 : 0.22 });
    }
  }
  const list = [...quiet, ...loud];
  for (const [i, w] of [[picked, named === "cell" ? 5 : 3.2], [hovered, 2]]) {
    if (i < 0) continue;
    const [n, c, u] = [Math.floor(i / up / across), Math.floor(i / up) % across, i % up];
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.dark ? "#000000" : "#ffffff", w: w + 2.6 });
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.text, w, fill: i === picked ? color(panel.shade[i]) : undefined });
  }
  return [...list, ...cubeLabels({ layout, panel, families, at, near, unit, X, Y, Z, gap, heights, tall, width, look, arm, picked, named })];
}

// How strong lit cells and others are while a word names one of them.
const emphasis = (named, usual) => ({ cell: [0.3, usual / 2], family: [1, usual / 3], others: [0.25, 0.7] })[named] ?? [1, usual];

function cubeLabels({ layout, panel, families, at, near, unit, X, Y, Z, gap, heights, tall, width, look, arm, picked, named }) {
  const { axes, across, up } = layout;
  const position = picked >= 0 ? [Math.floor(picked / up / across), Math.floor(picked / up) % across, picked % up] : [];
  const list = [];
  const away = (vector, sign, push) => {
    const [x, y] = [vector[0] * sign, Math.abs(vector[1]) + 0.35];
    const length = Math.hypot(x, y);
    return [(x / length) * push, (y / length) * push];
  };
  const tick = (...where) => list.push(...tickOf(look, arm, ...where));
  const name = (x, y, text, align, names) => {
    const half = widthOf(text, 17) / 2; // names stay inside the picture
    const middle = clamp({ left: x + half, center: x, right: x - half }[align], half + 2, width - half - 2);
    list.push(...axisName({ t: text, x: middle, y, size: 17, align: "center" }, names, named, look, arm));
  };

  const from = (a, b) => [b[0] - a[0], b[1] - a[1]];

  const yEdge = near.y ? Y : 0;
  const xOut = away(unit.y, near.y ? 1 : -1, 18);
  const channel = (c) => at(c * (1 + gap.x) + 0.5, yEdge, -Z);
  for (const mark of roomyMarks(marksOf(axes[1], 1, panel, families, look), from(channel(0), channel(1)), position[1])) {
    const [x, y] = channel(mark.at);
    tick(x + xOut[0], y + xOut[1] + 5, mark);
  }
  const [mx, my] = at(X / 2, yEdge, -Z);
  name(mx + xOut[0] * 3.3, my + xOut[1] * 3.3 + 6, `${axes[1].name} ${axes[1].words}`, "center", axes[1].name);

  const xEdge = near.x ? X : 0;
  const yOut = away(unit.x, near.x ? 1 : -1, 18);
  const example = (n) => at(xEdge, n * (1 + gap.y) + 0.5, -Z);
  for (const mark of roomyMarks(marksOf(axes[0], 0, panel, families, look), from(example(0), example(1)), position[0])) {
    const [x, y] = example(mark.at);
    tick(x + yOut[0], y + yOut[1] + 5, mark);
  }
  const [nx, ny] = at(xEdge, Y / 2, -Z);
  name(nx + yOut[0] * 2.4, ny + yOut[1] * 3.3 + 6, `${axes[0].name} ${axes[0].words}`, near.x ? "left" : "right", axes[0].name);

  if (up > 1) {
    const corners = [[near.x ? X : 0, near.y ? 0 : Y], [near.x ? 0 : X, near.y ? Y : 0]];
    const corner = corners.toSorted((a, b) => at(...a, 0)[0] - at(...b, 0)[0])[near.x === near.y ? 0 : 1];
    const side = near.x === near.y ? -1 : 1;
    const rows = layout.inner > 1 ? up / layout.inner : up;
    const middle = (row) => {
      const u = row * (up / rows);
      return at(...corner, (heights[u] + heights[u + up / rows - 1] - tall) / 2);
    };
    const pickedRow = Math.floor(position[2] / (up / rows));
    const apart = rows > 1 ? from(middle(0), middle(1)) : [0, 0];
    for (const mark of roomyMarks(marksOf(axes[2], 2, panel, families, look), apart, pickedRow)) {
      const [below, above] = [middle(Math.floor(mark.at)), middle(Math.ceil(mark.at))];
      tick(below[0] + side * 12, (below[1] + above[1]) / 2 + 5, mark, side < 0 ? "right" : "left");
    }
    const [x, y] = at(...corner, 0);
    const label = axes.length === 4 ? "H·W" : axes[2].name;
    name(x + side * 8, y - 14, label, side < 0 ? "right" : "left", axes.length === 4 ? (named === "W" ? "W" : "H") : axes[2].name);
  }
  return list;
}

// The name of an axis: what a word names by its letter is underlined in the arm's colour.
function axisName(text, names, named, look, arm) {
  const isNamed = names && names === named;
  const list = [{ ...text, names, weight: isNamed ? 800 : 650, fill: isNamed ? arm : look.text }];
  const [wide, left] = [widthOf(text.t, text.size), { left: 0, center: 0.5, right: 1 }[text.align]];
  return isNamed ? [...list, { p: rectangle(text.x - left * wide, text.y + 4, wide, 3), fill: arm }] : list;
}

// The marks that have room, the picked one among them; `apart` is from one place to the next.
function roomyMarks(marks, apart, position) {
  const picked = marks.findIndex(({ from, to }) => position >= from && position <= to);
  const step = marks.length > 1 ? marks[1].at - marks[0].at : 1;
  const size = tickSize(marks.map(({ text }) => text));
  return roomy(marks.length, apart.map((way) => way * step), size, picked).map((nth) => ({ ...marks[nth], isPicked: nth === picked }));
}

function tickOf(look, arm, x, y, { text, isPicked, strong, tint, border }, align = "center") {
  const size = isPicked ? TICK.picked : TICK.size;
  const list = [{ t: text, x, y, size, weight: isPicked || strong ? 700 : 400, fill: isPicked ? arm : look.text, align, a: isPicked || strong ? 1 : 0.8 }];
  const middle = x + { left: 0.5, center: 0, right: -0.5 }[align] * widthOf(text, size);
  return tint ? [...list, { p: rectangle(middle - 7, y + 2.5, 14, 5), fill: tint, stroke: border, w: 1 }] : list;
}

// A result that changes by what was typed.
const middleOf = (p) => [(p[0] + p[2] + p[4] + p[6]) / 4, (p[1] + p[3] + p[5] + p[7]) / 4];
function diamond([x, y], r, look) {
  return [{ p: [x - r, y, x, y - r, x + r, y, x, y + r], fill: look.text, stroke: look.background, w: 1 }];
}

// -- the flat grid ------------------------------------------------------------------------------------------------

export function gridScene({ layout, panel, families, exists, width, height, look, arm, color, picked, hovered, named }) {
  const { sheet, split, count } = layout;
  const { tileColumns, rows, columns } = sheet;
  const { left, top } = GRID;
  const gap = gridGap(sheet);
  const cell = gridCell(sheet, width, height);
  const [tileWidth, tileHeight] = [cell * columns * (1 + gap), cell * rows * (1 + gap)];
  const [x0, y0] = [left + (width - left - 12 - tileColumns * tileWidth) / 2, top];
  const corner = (i) => {
    const [tr, tc, r, c] = sheet.place(split(i));
    return [x0 + tc * tileWidth + c * cell, y0 + tr * tileHeight + r * cell];
  };
  const square = (x, y, inset = 0) => rectangle(x + inset, y + inset, cell - 2 * inset, cell - 2 * inset);
  const own = families?.[look.dark ? "dark" : "light"];
  const list = [];
  const [loudness, quietness] = emphasis(named, look.dark ? 0.36 : 0.26);
  const litTiles = new Set();
  const changed = [];
  for (let i = 0; i < count; i++) {
    if (exists && !exists[i]) continue;
    const [x, y] = corner(i);
    const lit = families ? true : panel.lit[i];
    const fill = families ? own.tints[families.of[i]] : color(panel.shade[i]);
    list.push({ p: square(x, y, lit ? 0 : cell * 0.07), fill, a: lit ? loudness : quietness, cell: i });
    if (lit && cell > 5) litTiles.add(i);
    if (panel.changes?.[i]) changed.push(...change(panel.changes[i], x + cell / 2, y + cell / 2, cell, look));
  }
  const line = (i) => (families ? { stroke: own.borders[families.of[i]], w: 0.5 } : { stroke: arm, w: 1 });
  for (const i of litTiles) list.push({ p: square(...corner(i), 0.5), ...line(i), a: 0.75 });
  if (families) list.push(...borders(layout, exists ?? lits(count), corner, cell, (i) => own.borders[families.of[i]], families.of, 1.8));
  list.push(...borders(layout, panel.lit, corner, cell, () => arm));
  for (const [i, w] of [[picked, named === "cell" ? 5 : 3], [hovered, 2]]) {
    if (i < 0) continue;
    list.push({ p: square(...corner(i), -1), stroke: look.dark ? "#000000" : "#ffffff", w: w + 3 }, { p: square(...corner(i), -1), stroke: look.text, w });
  }
  return [...list, ...changed, ...gridLabels({ layout, panel, families, x0, y0, cell, tileWidth, tileHeight, look, arm, picked, named })];
}

// By how much, where there is room for a number.
function change(difference, x, y, cell, look) {
  const text = signed(Number(difference.toPrecision(2)));
  const size = Math.min(13, (0.9 * cell) / widthOf(text, 1));
  if (size < 8) return diamond([x, y], Math.min(5, cell * 0.3), look);
  return [{ p: rectangle(x - cell * 0.48, y - size * 0.7, cell * 0.96, size * 1.4), fill: look.background, a: 0.8 }, { t: text, x, y: y + size * 0.35, size, weight: 600, fill: look.text, align: "center" }];
}

const lits = (count) => new Uint8Array(count).fill(1);
const GRID = { left: 64, top: 44, rim: 12, legend: 34 };
const gridGap = ({ tileRows, tileColumns }) => (tileRows * tileColumns > 1 ? 0.09 : 0);

function gridCell(sheet, width, height) {
  const cells = (tiles, each) => tiles * each * (1 + gridGap(sheet));
  const across = (width - GRID.left - GRID.rim) / cells(sheet.tileColumns, sheet.columns);
  return Math.min(40, across, (height - GRID.top - GRID.rim) / cells(sheet.tileRows, sheet.rows));
}

export function gridHeight(sheet, width) {
  const cell = gridCell(sheet, width, 560);
  return GRID.top + cell * sheet.tileRows * sheet.rows * (1 + gridGap(sheet)) + GRID.rim + GRID.legend;
}

// A thick line wherever a lit cell borders on one that is not lit, or is of another set, or on a tile's edge.
function borders({ sheet, join, count, split }, lit, corner, cell, strokeOf, set = lit, w = 2.6) {
  const list = [];
  const at = (tr, tc, r, c) => (r >= 0 && c >= 0 && r < sheet.rows && c < sheet.columns ? join(sheet.back(tr, tc, r, c)) : -1);
  for (let i = 0; i < count; i++) {
    if (!lit[i]) continue;
    const [tr, tc, r, c] = sheet.place(split(i));
    const [x, y] = corner(i);
    const isEdge = (other) => other < 0 || !lit[other] || set[other] !== set[i];
    const line = (...l) => list.push({ l, open: true, stroke: strokeOf(i), w });
    if (isEdge(at(tr, tc, r - 1, c))) line(x, y, x + cell, y);
    if (isEdge(at(tr, tc, r + 1, c))) line(x, y + cell, x + cell, y + cell);
    if (isEdge(at(tr, tc, r, c - 1))) line(x, y, x, y + cell);
    if (isEdge(at(tr, tc, r, c + 1))) line(x + cell, y, x + cell, y + cell);
  }
  return list;
}

function gridLabels({ layout, panel, families, x0, y0, cell, tileWidth, tileHeight, look, arm, picked, named }) {
  const { sheet, axes, split } = layout;
  const place = picked >= 0 ? sheet.place(split(picked)) : [-1, -1, -1, -1];
  const list = [];
  const tick = (...where) => list.push(...tickOf(look, arm, ...where));
  const name = (x, y, { name: names }, text, align) => list.push(...axisName({ t: text, x, y, size: 16, align }, names, named, look, arm));
  const tiled = axes.length === 4;
  const [down, right] = { 4: [axes[0], axes[1]], 3: [axes[0], axes[1]], 2: axes }[axes.length];
  const [stepX, stepY] = [tiled ? tileWidth : cell, axes.length === 2 ? cell : tileHeight];
  const [atX, atY] = [tiled ? place[1] : place[3], axes.length === 2 ? place[2] : place[0]];
  const marks = (axis) => marksOf(axis, axes.indexOf(axis), panel, families, look);
  for (const mark of roomyMarks(marks(right), [stepX, 0], atX)) tick(x0 + (mark.at + 0.5) * stepX, y0 - 8, mark, "center");
  for (const mark of roomyMarks(marks(down), [0, stepY], atY)) tick(x0 - 10, y0 + (mark.at + 0.5) * stepY + 4, mark, "right");
  name(x0, y0 - 28, right, `${right.name} ${right.words} →`, "left");
  name(x0 - 10, y0 - 10, down, `${down.name} ↓`, "right");
  return list;
}

export function legend(panel, stage, width, height, look, map) {
  const scale = panel.scales[stage] || 1;
  const broken = panel.values[stage].reduce((sum, v) => sum + !Number.isFinite(v), 0);
  const [bar, x, y] = [132, width / 2 - 66, height - 26];
  const list = [];
  for (let i = 0; i < 33; i++) list.push({ p: rectangle(x + (i * bar) / 33, y, bar / 33 + 0.6, 10), fill: pickColor(map, i / 16 - 1) });
  const text = (t, px, align) => list.push({ t, x: px, y: y + 10, size: 13, weight: 400, fill: look.text, align, a: 0.85 });
  text(number(-scale), x - 8, "right");
  text(number(scale), x + bar + 8, "left");
  list.push({ l: [x + bar / 2, y - 2, x + bar / 2, y + 12], open: true, stroke: look.text, w: 1 });
  if (!broken) return list;
  const words = _("{n} not finite", { n: broken });
  const isRoom = x + bar + 24 + widthOf(number(scale) + words, 13) <= width - 8; // else below the scale
  return [...list, { t: words, ...(isRoom ? { x: width - 8, y: y + 10, align: "right" } : { x: width / 2, y: y + 24, align: "center" }), size: 13, weight: 700, fill: BROKEN }];
}
