// What is drawn, as display lists: the cube, the flat grid, their labels and the legend.

import { BROKEN, clamp, number, pickColor, rectangle, roomy, shade, TICK, tickSize, widthOf } from "./pens.js";
import { _ } from "../shared/language.js";

// -- the cube -----------------------------------------------------------------------------------------------------

// Orthographic, so equal cells look equal wherever they are; drawn from far to near along each axis, which for a
// block of cells is the painter's order without sorting.
export function cubeScene({ layout, panel, exists, camera, rough, width, height, look, arm, color, picked, hovered }) {
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

  const order = (n, forwards) => Array.from({ length: n }, (none, i) => (forwards ? i : n - 1 - i));
  const box = (n, c, u, v = u) => [c * (1 + gap.x), c * (1 + gap.x) + 1, n * (1 + gap.y), n * (1 + gap.y) + 1, heights[v] - tall, heights[u]];
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
  for (const n of order(depth, near.y)) {
    for (const c of order(across, near.x)) {
      const runs = [];
      for (let u = up - 1; u >= 0; u--) {
        const i = index(n, c, u);
        if (exists && !exists[i]) continue;
        const lit = panel.lit[i];
        if (rough && !lit) continue; // its tower's outline stands for it
        const [lid, side, front] = faces(box(n, c, u));
        const covered = u > 0 && (inner === 1 || u % inner !== 0) && panel.lit[i - 1] === lit && !(exists && !exists[i - 1]);
        const fill = color(panel.shade[i]);
        const [list, line] = lit ? [loud, shade(arm, look, 0)] : [quiet, null];
        const paint = lit ? { stroke: line, w: 0.6, a: 1 } : { a: look.dark ? 0.17 : 0.15 };
        const plain = Number.isFinite(panel.shade[i]);
        list.push({ p: side, fill: plain ? shade(fill, look, 0.2) : fill, cell: i, ...paint });
        list.push({ p: front, fill: plain ? shade(fill, look, 0.08) : fill, cell: i, ...paint });
        if (!covered) list.push({ p: lid, fill, cell: i, ...paint });
        if (!lit) continue;
        if (runs.at(-1)?.[0] === u + 1) runs.at(-1)[0] = u;
        else runs.push([u, u]);
      }
      for (const [a, b] of runs) loud.push({ l: outline(box(n, c, a, b)), stroke: arm, w: 2.4 });
      quiet.push({ l: outline(box(n, c, 0, up - 1)), stroke: look.text, w: 0.8, a: rough ? 0.5 : 0.22 });
    }
  }
  const list = [...quiet, ...loud];
  for (const [i, w] of [[picked, 3.2], [hovered, 2]]) {
    if (i < 0) continue;
    const [n, c, u] = [Math.floor(i / up / across), Math.floor(i / up) % across, i % up];
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.dark ? "#000000" : "#ffffff", w: w + 2.6 });
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.text, w, fill: i === picked ? color(panel.shade[i]) : undefined });
  }
  return [...list, ...cubeLabels({ layout, at, near, unit, X, Y, Z, gap, heights, tall, width, look, arm, picked })];
}

function cubeLabels({ layout, at, near, unit, X, Y, Z, gap, heights, tall, width, look, arm, picked }) {
  const { axes, depth, across, up } = layout;
  const position = picked >= 0 ? [Math.floor(picked / up / across), Math.floor(picked / up) % across, picked % up] : [];
  const list = [];
  const away = (vector, sign, push) => {
    const [x, y] = [vector[0] * sign, Math.abs(vector[1]) + 0.35];
    const length = Math.hypot(x, y);
    return [(x / length) * push, (y / length) * push];
  };
  const tick = (x, y, text, strong, align = "center") =>
    list.push({ t: text, x, y, size: strong ? TICK.picked : TICK.size, weight: strong ? 700 : 400, fill: strong ? arm : look.text, align, a: strong ? 1 : 0.8 });
  const name = (x, y, text, align) => {
    const half = widthOf(text, 17) / 2; // names stay inside the picture
    const middle = clamp({ left: x + half, center: x, right: x - half }[align], half + 2, width - half - 2);
    list.push({ t: text, x: middle, y, size: 17, weight: 650, fill: look.text, align: "center" });
  };

  const from = (a, b) => [b[0] - a[0], b[1] - a[1]];

  const yEdge = near.y ? Y : 0;
  const xOut = away(unit.y, near.y ? 1 : -1, 18);
  const channel = (c) => at(c * (1 + gap.x) + 0.5, yEdge, -Z);
  for (const c of roomy(across, from(channel(0), channel(1)), tickSize(axes[1].ids), position[1])) {
    const [x, y] = channel(c);
    tick(x + xOut[0], y + xOut[1] + 5, String(axes[1].ids[c]), c === position[1]);
  }
  const [mx, my] = at(X / 2, yEdge, -Z);
  name(mx + xOut[0] * 3.3, my + xOut[1] * 3.3 + 6, `${axes[1].name} ${axes[1].words}`, "center");

  const xEdge = near.x ? X : 0;
  const yOut = away(unit.x, near.x ? 1 : -1, 18);
  const example = (n) => at(xEdge, n * (1 + gap.y) + 0.5, -Z);
  for (const n of roomy(depth, from(example(0), example(1)), tickSize(axes[0].ids), position[0])) {
    const [x, y] = example(n);
    tick(x + yOut[0], y + yOut[1] + 5, String(axes[0].ids[n]), n === position[0]);
  }
  const [nx, ny] = at(xEdge, Y / 2, -Z);
  name(nx + yOut[0] * 2.4, ny + yOut[1] * 3.3 + 6, `${axes[0].name} ${axes[0].words}`, near.x ? "left" : "right");

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
    for (const row of roomy(rows, rows > 1 ? from(middle(0), middle(1)) : [0, 0], tickSize(axes[2].ids), pickedRow)) {
      const [x, y] = middle(row);
      tick(x + side * 12, y + 5, `${axes[2].ids[row]}`, row === pickedRow, side < 0 ? "right" : "left");
    }
    const [x, y] = at(...corner, 0);
    const label = axes.length === 4 ? "H·W" : axes[2].name;
    name(x + side * 8, y - 14, label, side < 0 ? "right" : "left");
  }
  return list;
}

// -- the flat grid ------------------------------------------------------------------------------------------------

export function gridScene({ layout, panel, exists, width, height, look, arm, color, picked, hovered }) {
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
  const list = [];
  const litTiles = new Set();
  for (let i = 0; i < count; i++) {
    if (exists && !exists[i]) continue;
    const [x, y] = corner(i);
    const lit = panel.lit[i];
    const fill = color(panel.shade[i]);
    list.push({ p: square(x, y, lit ? 0 : cell * 0.07), fill, a: lit ? 1 : look.dark ? 0.36 : 0.26, cell: i });
    if (lit && cell > 5) litTiles.add(i);
  }
  for (const i of litTiles) list.push({ p: square(...corner(i), 0.5), stroke: arm, w: 1, a: 0.75 });
  list.push(...borders(layout, panel.lit, corner, cell, arm));
  for (const [i, w] of [[picked, 3], [hovered, 2]]) {
    if (i < 0) continue;
    list.push({ p: square(...corner(i), -1), stroke: look.dark ? "#000000" : "#ffffff", w: w + 3 }, { p: square(...corner(i), -1), stroke: look.text, w });
  }
  return [...list, ...gridLabels({ layout, x0, y0, cell, tileWidth, tileHeight, look, arm, picked })];
}

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

// A thick line wherever a lit cell borders on one that is not lit, or on a tile's edge.
function borders({ sheet, join, count, split }, lit, corner, cell, arm) {
  const list = [];
  const isLit = (tr, tc, r, c) => r >= 0 && c >= 0 && r < sheet.rows && c < sheet.columns && lit[join(sheet.back(tr, tc, r, c))];
  for (let i = 0; i < count; i++) {
    if (!lit[i]) continue;
    const [tr, tc, r, c] = sheet.place(split(i));
    const [x, y] = corner(i);
    if (!isLit(tr, tc, r - 1, c)) list.push({ l: [x, y, x + cell, y], open: true, stroke: arm, w: 2.6 });
    if (!isLit(tr, tc, r + 1, c)) list.push({ l: [x, y + cell, x + cell, y + cell], open: true, stroke: arm, w: 2.6 });
    if (!isLit(tr, tc, r, c - 1)) list.push({ l: [x, y, x, y + cell], open: true, stroke: arm, w: 2.6 });
    if (!isLit(tr, tc, r, c + 1)) list.push({ l: [x + cell, y, x + cell, y + cell], open: true, stroke: arm, w: 2.6 });
  }
  return list;
}

function gridLabels({ layout, x0, y0, cell, tileWidth, tileHeight, look, arm, picked }) {
  const { sheet, axes, split } = layout;
  const place = picked >= 0 ? sheet.place(split(picked)) : [-1, -1, -1, -1];
  const list = [];
  const tick = (x, y, text, strong, align) =>
    list.push({ t: text, x, y, size: strong ? TICK.picked : TICK.size, weight: strong ? 700 : 400, fill: strong ? arm : look.text, align, a: strong ? 1 : 0.8 });
  const name = (x, y, text, align) => list.push({ t: text, x, y, size: 16, weight: 650, fill: look.text, align });
  const tiled = axes.length === 4;
  const [down, right] = { 4: [axes[0], axes[1]], 3: [axes[0], axes[1]], 2: axes }[axes.length];
  const [stepX, stepY] = [tiled ? tileWidth : cell, axes.length === 2 ? cell : tileHeight];
  const [atX, atY] = [tiled ? place[1] : place[3], axes.length === 2 ? place[2] : place[0]];
  for (const k of roomy(right.ids.length, [stepX, 0], tickSize(right.ids), atX)) tick(x0 + (k + 0.5) * stepX, y0 - 8, String(right.ids[k]), k === atX, "center");
  for (const k of roomy(down.ids.length, [0, stepY], tickSize(down.ids), atY)) tick(x0 - 10, y0 + (k + 0.5) * stepY + 4, String(down.ids[k]), k === atY, "right");
  name(x0, y0 - 28, `${right.name} ${right.words} →`, "left");
  name(x0 - 10, y0 - 10, `${down.name} ↓`, "right");
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
