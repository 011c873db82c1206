// The cells of an activation tensor, as a cube or as a flat grid. Pick a cell and its family lights: the cells
// that share its mean and variance. Hover and lighting happen here; a picked cell is also reported to Python, which
// computes the numbers. Every picture is a display list first, so that canvas, SVG and PNG show the same.

import { theme } from "./look.js";

const views = new WeakMap();
const cameras = new Map(); // by element key: the camera outlives the page's redrawing
const START = { yaw: -0.62, pitch: 0.44, zoom: 1 };
const SIGNS = { before: "x", centred: "x − μ", squared: "(x − μ)²", normalized: "x̂", after: "y" };
const TWEEN_MS = 380;
const WALK_MS = 2200;
const LIGHT_MAP = ["#543005", "#8c510a", "#bf812d", "#dfc27d", "#f4f1ea", "#9bd3ca", "#4aa59c", "#1a776e", "#003c30"];
const DARK_MAP = ["#ffdf9e", "#eab256", "#b97d26", "#6b4a1e", "#2d323b", "#1d5550", "#259186", "#52c8ba", "#b4f7ec"];

export function mount({ data, key, parentElement, setStateValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, key));
  const view = views.get(parentElement);
  view.update(data, setStateValue);
  return () => setTimeout(() => !view.root.isConnected && view.close(), 0); // also called when merely superseded
}

class View {
  constructor(parent, key) {
    if (!cameras.has(key)) cameras.set(key, { ...START });
    this.camera = cameras.get(key);
    this.panels = [];
    this.hovered = -1;
    this.local = {};
    this.heard = {};
    this.sent = {};
    this.root = build(parent);
    this.parts = Object.fromEntries([...this.root.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.listen();
  }

  // -- what Python says -------------------------------------------------------------------------------------------

  update(data, report) {
    this.report = report;
    for (const name of ["cell", "stage", "view"]) this.adopt(name, data[name]);
    const same = this.raw && JSON.stringify({ ...data, cell: 0, stage: 0, view: 0 }) === this.raw;
    this.data = data;
    if (!same) this.load(data);
    this.raw = JSON.stringify({ ...data, cell: 0, stage: 0, view: 0 });
    this.light();
    this.showStage(!same);
  }

  // A change by Python counts; the echo of an older click does not undo a newer one.
  adopt(name, value) {
    const text = JSON.stringify(value);
    const waiting = this.sent[name] && Date.now() - this.sent[name].at < 3000;
    if (waiting && text !== this.sent[name].text) return;
    delete this.sent[name];
    if (text !== this.heard[name]) this.local[name] = value;
    this.heard[name] = text;
  }

  tell(name, value) {
    this.local[name] = value;
    this.sent[name] = { text: JSON.stringify(value), at: Date.now() };
    clearTimeout(this.sent.timer?.[name]);
    this.sent.timer = { ...this.sent.timer, [name]: setTimeout(() => this.report(name, value), 90) };
  }

  load(data) {
    this.layout = layOut(data.axes);
    this.exists = data.exists ? floats(data.exists) : null;
    this.parts.panels.style.setProperty("--count", data.panels.length);
    while (this.panels.length > data.panels.length) this.panels.pop().figure.remove();
    while (this.panels.length < data.panels.length) this.panels.push(this.addPanel());
    data.panels.forEach((panel, i) => {
      const values = Object.fromEntries(Object.entries(panel.stages).map(([name, text]) => [name, floats(text)]));
      Object.assign(this.panels[i], { ...panel, values });
    });
    fillStages(this.parts.stages, data.stages);
    this.parts.drawn.textContent = data.drawn;
    this.parts.origin.textContent = [data.title, data.origin].filter(Boolean).join(" · ");
  }

  addPanel() {
    const figure = element("figure", "", this.parts.panels);
    figure.innerHTML =
      '<figcaption><b></b><span></span></figcaption><canvas tabindex="0" role="application"></canvas><output></output><p aria-hidden="true"></p>';
    const panel = { figure, canvas: figure.querySelector("canvas"), shade: new Float32Array(0), list: [] };
    panel.context = panel.canvas.getContext("2d");
    if (!panel.context) panel.vector = element("div", "vector", figure);
    this.listenTo(panel);
    this.sizes.observe(figure);
    return panel;
  }

  // -- what is lit, and its words ---------------------------------------------------------------------------------

  light() {
    const { layout, local } = this;
    this.picked = layout.indexOf(local.cell);
    for (const panel of this.panels) {
      panel.lit = new Uint8Array(layout.count);
      let count = 0;
      for (let i = 0; i < layout.count; i++) {
        if ((!this.exists || this.exists[i]) && shares(panel, layout, local.cell, layout.cellAt(i))) count += panel.lit[i] = 1;
      }
      const total = this.exists ? this.exists.reduce((sum, x) => sum + x, 0) : layout.count;
      panel.text = `${panel.title}, cell ${this.where(local.cell)}: ${count.toLocaleString("en")} of ${total.toLocaleString("en")} cells drawn share ${panel.shares}`;
    }
    for (const panel of this.panels) panel.figure.querySelector("p").textContent = panel.text + ".";
    this.parts.text.textContent = this.panels.map((panel) => panel.text + ".").join(" ");
    this.redraw();
  }

  where(cell) {
    return this.data.axes.map((axis, i) => `${axis.name.toLowerCase()} ${cell[i]}`).join(", ");
  }

  pick(index) {
    if (index < 0 || index === this.picked || (this.exists && !this.exists[index])) return;
    this.tell("cell", this.layout.cellAt(index));
    this.light();
    this.captions();
  }

  // -- stages -----------------------------------------------------------------------------------------------------

  setStage(stage) {
    this.tell("stage", stage);
    this.showStage(false);
  }

  showStage(fresh) {
    const { stage, view } = this.local;
    for (const panel of this.panels) {
      const scale = panel.scales[stage] || 1;
      const values = panel.values[stage];
      panel.to = values.map((v) => (Number.isFinite(v) ? v / scale : NaN));
      panel.from = !fresh && panel.shade.length === panel.to.length ? panel.shade : panel.to;
      panel.shade = panel.to.slice();
    }
    this.tweenStart = fresh || matchMedia("(prefers-reduced-motion: reduce)").matches ? -TWEEN_MS : performance.now();
    for (const b of this.parts.stages.children) b.setAttribute("aria-pressed", b.value === stage);
    for (const b of this.parts.views.children) b.setAttribute("aria-pressed", b.value === view);
    this.captions();
    this.redraw();
  }

  captions() {
    for (const panel of this.panels) {
      const known = JSON.stringify(this.local.cell) === JSON.stringify(this.data.cell);
      const [title, note] = panel.figure.querySelector("figcaption").children;
      title.textContent = panel.title;
      note.textContent = panel.note;
      panel.figure.querySelector("output").textContent = known ? panel.stops[this.local.stage] : "…";
      panel.canvas.setAttribute("aria-label", `${panel.title}: ${this.layout.count} cells. Arrow keys and Page Up, Page Down pick a cell; Shift and arrows turn the cube.`);
    }
  }

  async walk() {
    const walk = (this.walking = this.walking ? null : {});
    this.parts.walk.setAttribute("aria-pressed", Boolean(walk));
    for (const stage of Object.keys(this.data.stages)) {
      if (this.walking !== walk || !walk) return;
      this.setStage(stage);
      await new Promise((done) => setTimeout(done, WALK_MS));
    }
    this.walking = null;
    this.parts.walk.setAttribute("aria-pressed", false);
  }

  // -- drawing ----------------------------------------------------------------------------------------------------

  redraw() {
    this.frame ??= requestAnimationFrame((now) => {
      this.frame = null;
      const t = Math.min(1, (performance.now() - this.tweenStart) / TWEEN_MS);
      this.look = theme(this.root);
      for (const panel of this.panels) this.paint(panel, 1 - (1 - t) ** 3);
      if (t < 1) this.redraw();
    });
  }

  paint(panel, t) {
    const { from, to, shade, canvas, context } = panel;
    if (!to) return;
    for (let i = 0; i < shade.length; i++) shade[i] = t < 1 ? from[i] + (to[i] - from[i]) * t : to[i];
    const width = canvas.clientWidth || panel.figure.clientWidth;
    const height = Math.round(this.local.view === "grid" ? gridHeight(this.layout.sheet, width) : clamp(width * 0.82, 320, 580));
    panel.list = this.scene(panel, width, height);
    if (!context) return void (panel.vector.innerHTML = toSvg(panel.list, width, height, this.look));
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      canvas.style.height = `${height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    toCanvas(panel.list, context, this.look);
  }

  scene(panel, width, height) {
    const look = this.look;
    const arm = look.arms[panel.norm] ?? look.text;
    panel.figure.style.setProperty("--arm", arm);
    const map = look.dark ? DARK_MAP : LIGHT_MAP;
    const given = { ...this, panel, width, height: height - 34, look, arm, color: (shade) => pickColor(map, shade) };
    const list = this.local.view === "grid" ? gridScene(given) : cubeScene(given);
    return [...list, ...legend(panel, this.local.stage, width, height, look, map, arm)];
  }

  // -- hands ------------------------------------------------------------------------------------------------------

  listen() {
    const { parts } = this;
    this.sizes = new ResizeObserver(() => this.redraw());
    parts.probe.addEventListener("transitionstart", () => this.redraw()); // its colours follow the theme's
    parts.stages.addEventListener("click", (e) => e.target.value && this.stopWalk(e.target.value));
    parts.views.addEventListener("click", (e) => e.target.value && (this.tell("view", e.target.value), this.showStage(true)));
    parts.walk.addEventListener("click", () => this.walk());
    parts.closer.addEventListener("click", () => this.zoom(1.25));
    parts.farther.addEventListener("click", () => this.zoom(0.8));
    parts.reset.addEventListener("click", () => this.turn(() => Object.assign(this.camera, START)));
    parts.svg.addEventListener("click", () => save(new Blob([this.svg()], { type: "image/svg+xml" }), this.fileName("svg")));
    parts.png.addEventListener("click", () => this.png().toBlob((blob) => save(blob, this.fileName("png"))));
  }

  stopWalk(stage) {
    this.walking = null;
    this.parts.walk.setAttribute("aria-pressed", false);
    this.setStage(stage);
  }

  zoom(factor) {
    this.turn(() => (this.camera.zoom = clamp(this.camera.zoom * factor, 0.4, 6)));
  }

  turn(change) {
    change();
    this.camera.pitch = clamp(this.camera.pitch, 0.06, 1.45);
    this.root.dataset.camera = [this.camera.yaw, this.camera.pitch, this.camera.zoom].map((x) => x.toFixed(3)).join(" ");
    this.redraw();
  }

  listenTo(panel) {
    const { canvas } = panel;
    const fingers = new Map();
    let moved = 0;
    let spread = 0;
    const at = (e) => hit(panel.list, e.offsetX, e.offsetY);
    canvas.addEventListener("pointerdown", (e) => {
      fingers.set(e.pointerId, [e.clientX, e.clientY]);
      canvas.setPointerCapture(e.pointerId);
      moved = spread = 0;
    });
    canvas.addEventListener("pointermove", (e) => {
      const before = fingers.get(e.pointerId);
      if (!before) return this.hover(at(e), e, panel);
      const [dx, dy] = [e.clientX - before[0], e.clientY - before[1]];
      fingers.set(e.pointerId, [e.clientX, e.clientY]);
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved < 4) return;
      this.hover(-1);
      if (fingers.size === 2) {
        const [a, b] = [...fingers.values()];
        const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (spread) this.zoom(now / spread);
        spread = now;
      } else if (this.local.view !== "grid") {
        this.turn(() => ((this.camera.yaw += dx * 0.008), (this.camera.pitch += dy * 0.008)));
      }
    });
    canvas.addEventListener("pointerup", (e) => {
      if (fingers.delete(e.pointerId) && moved < 4) this.pick(at(e));
    });
    canvas.addEventListener("pointercancel", (e) => fingers.delete(e.pointerId));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("keydown", (e) => this.key(e));
    canvas.addEventListener(
      "wheel",
      (e) => {
        if (!e.ctrlKey && this.root.getRootNode().activeElement !== canvas) return; // the page scrolls on
        e.preventDefault();
        this.zoom(Math.exp(-e.deltaY * 0.0015));
      },
      { passive: false },
    );
  }

  hover(index, event, panel) {
    const { tip } = this.parts;
    tip.hidden = index < 0;
    if (index >= 0) {
      const value = panel.values[this.local.stage][index];
      tip.textContent = `${this.where(this.layout.cellAt(index))}   ${SIGNS[this.local.stage]} = ${number(value)}`;
      const box = this.root.getBoundingClientRect();
      tip.style.left = `${Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 4)}px`;
      tip.style.top = `${event.clientY - box.top + 16}px`;
    }
    if (index !== this.hovered) this.redraw();
    this.hovered = index;
  }

  key(event) {
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      this.turn(() => ((this.camera.yaw += x * 0.12), (this.camera.pitch += y * 0.12)));
    } else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "Home") this.turn(() => Object.assign(this.camera, START));
    else if (MOVES[event.key]) this.pick(this.layout.step(this.picked, event.key, this.local.view === "grid"));
    else return;
    event.preventDefault();
  }

  // -- taking the picture away ------------------------------------------------------------------------------------

  sheet() {
    const [width, height] = [this.panels[0].canvas.clientWidth, parseInt(this.panels[0].canvas.style.height)];
    const text = (t, x, y, size, weight = 400, fill = this.look.text) => ({ t, x, y, size, weight, fill, align: "left" });
    const list = [text(this.parts.origin.textContent, 16, 26, 15, 600)];
    this.panels.forEach((panel, i) => {
      list.push(text(panel.title, 16 + i * width, 58, 20, 700, this.look.arms[panel.norm] ?? this.look.text));
      list.push(text(panel.note, 16 + i * width, 78, 13), ...moved(panel.list, i * width, 84));
      list.push(text(panel.text + ".", 16, 84 + height + 24 + 18 * i, 12));
    });
    const foot = 84 + height + 24 + 18 * this.panels.length;
    return { list: [...list, text(this.data.drawn, 16, foot, 12)], width: width * this.panels.length, height: foot + 16 };
  }

  svg() {
    const { list, width, height } = this.sheet();
    return toSvg(list, width, height, this.look);
  }

  png(scale = 3) {
    const { list, width, height } = this.sheet();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width * scale, height * scale];
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.fillStyle = this.look.background;
    context.fillRect(0, 0, width, height);
    toCanvas(list, context, this.look);
    return canvas;
  }

  fileName(kind) {
    return `normscope-${this.data.title.split(" ")[0]}-${this.panels.map((p) => p.norm ?? "axes").join("-")}.${kind}`;
  }

  close() {
    this.walking = null;
    this.sizes.disconnect();
  }
}

// -- where the cells are ------------------------------------------------------------------------------------------

const MOVES = { ArrowLeft: 1, ArrowRight: 1, ArrowUp: 1, ArrowDown: 1, PageUp: 1, PageDown: 1 };

// A tensor as depth × across × up (up is H·W) and as a sheet of rows and columns. Cells are numbered in C order.
function layOut(axes) {
  const sizes = axes.map((axis) => axis.ids.length);
  const count = sizes.reduce((a, b) => a * b, 1);
  const [depth, across] = sizes;
  const up = count / depth / across;
  const inner = { 4: sizes[3], 3: 1, 2: 1 }[axes.length];
  const split = (i) => sizes.reduceRight(([cell, rest], size) => [[rest % size, ...cell], Math.floor(rest / size)], [[], i])[0];
  const join = (position) => position.reduce((i, p, axis) => i * sizes[axis] + p, 0);
  const layout = { axes, sizes, count, depth, across, up, inner, split, join };
  layout.cellAt = (i) => split(i).map((p, axis) => axes[axis].ids[p]);
  layout.indexOf = (cell) => {
    const position = cell.map((id, axis) => axes[axis].ids.indexOf(id));
    return position.includes(-1) || position.length !== axes.length ? -1 : join(position);
  };
  layout.index = (n, c, u) => (n * across + c) * up + u;
  layout.sheet = sheetOf(sizes);
  layout.step = (i, key, flat) => (flat ? stepOnSheet(layout, i, key) : stepInCube(layout, i, key));
  return layout;
}

// Tiles of cells: [N, C] tiles of [H, W]; [N, 1] tiles of [D, T]; one tile of [N, D].
function sheetOf(sizes) {
  const shape = { 4: [...sizes], 3: [sizes[0], 1, sizes[2], sizes[1]], 2: [1, 1, ...sizes] }[sizes.length];
  const [tileRows, tileColumns, rows, columns] = shape;
  const place = {
    4: ([n, c, h, w]) => [n, c, h, w],
    3: ([n, t, d]) => [n, 0, d, t],
    2: ([n, d]) => [0, 0, n, d],
  }[sizes.length];
  const back = {
    4: (tr, tc, r, c) => [tr, tc, r, c],
    3: (tr, tc, r, c) => [tr, c, r],
    2: (tr, tc, r, c) => [r, c],
  }[sizes.length];
  return { tileRows, tileColumns, rows, columns, place, back };
}

function stepInCube(layout, i, key) {
  const { depth, across, up, index } = layout;
  let [n, c, u] = [Math.floor(i / up / across), Math.floor(i / up) % across, i % up];
  if (key === "ArrowLeft") c--;
  if (key === "ArrowRight") c++;
  if (key === "ArrowUp") u--;
  if (key === "ArrowDown") u++;
  if (key === "PageUp") n++;
  if (key === "PageDown") n--;
  return n < 0 || c < 0 || u < 0 || n >= depth || c >= across || u >= up ? -1 : index(n, c, u);
}

function stepOnSheet({ sheet, split, join }, i, key) {
  const [tr, tc, r, c] = sheet.place(split(i));
  let [row, column] = [tr * sheet.rows + r, tc * sheet.columns + c];
  if (key === "ArrowLeft") column--;
  if (key === "ArrowRight") column++;
  if (key === "ArrowUp") row--;
  if (key === "ArrowDown") row++;
  if (key === "PageUp") row -= sheet.rows;
  if (key === "PageDown") row += sheet.rows;
  if (row < 0 || column < 0 || row >= sheet.tileRows * sheet.rows || column >= sheet.tileColumns * sheet.columns) return -1;
  const [R, C] = [sheet.rows, sheet.columns];
  return join(sheet.back(Math.floor(row / R), Math.floor(column / C), row % R, column % C));
}

// The same rule as core/axes.py's family(): equal on every axis that is not averaged, and in the same group.
function shares({ over, groups, feature }, { axes }, picked, cell) {
  return over.every((averaged, axis) => {
    if (!averaged) return picked[axis] === cell[axis];
    if (axis !== feature || groups === 1) return true;
    const each = axes[axis].size / groups;
    return Math.floor(picked[axis] / each) === Math.floor(cell[axis] / each);
  });
}

// -- the cube -----------------------------------------------------------------------------------------------------

// Orthographic, so equal cells look equal wherever they are; drawn from far to near along each axis, which for a
// block of cells is the painter's order without sorting.
function cubeScene({ layout, panel, exists, camera, width, height, look, arm, color, picked, hovered }) {
  const { depth, across, up, inner, index } = layout;
  const gap = { x: 0.16, y: 0.5 };
  const tall = Math.min(0.8, (0.86 * Math.max(across, depth * 1.2)) / up);
  const heights = Array.from({ length: up }, (_, u) => -(u + 0.4 * Math.floor(u / inner) * (inner > 1)) * tall); // of lids
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

  const order = (n, forwards) => Array.from({ length: n }, (_, i) => (forwards ? i : n - 1 - i));
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
        const [lid, side, front] = faces(box(n, c, u));
        const covered = u > 0 && (inner === 1 || u % inner !== 0) && panel.lit[i - 1] === lit && !(exists && !exists[i - 1]);
        const fill = color(panel.shade[i]);
        const [list, line] = lit ? [loud, shade(arm, look, 0)] : [quiet, null];
        const paint = lit ? { stroke: line, w: 0.6, a: 1 } : { a: look.dark ? 0.17 : 0.15 };
        const plain = Number.isFinite(panel.shade[i]);
        list.push({ p: side, fill: plain ? shade(fill, look, 0.2) : "#d1009f", cell: i, ...paint });
        list.push({ p: front, fill: plain ? shade(fill, look, 0.08) : "#d1009f", cell: i, ...paint });
        if (!covered) list.push({ p: lid, fill: plain ? fill : "#d1009f", cell: i, ...paint });
        if (lit) runs.length && runs.at(-1)[0] === u + 1 ? (runs.at(-1)[0] = u) : runs.push([u, u]);
      }
      for (const [a, b] of runs) loud.push({ l: outline(box(n, c, a, b)), stroke: arm, w: 2.4 });
      quiet.push({ l: outline(box(n, c, 0, up - 1)), stroke: look.text, w: 0.8, a: 0.22 });
    }
  }
  const list = [...quiet, ...loud];
  for (const [i, w] of [[picked, 3.2], [hovered, 2]]) {
    if (i < 0) continue;
    const [n, c, u] = [Math.floor(i / up / across), Math.floor(i / up) % across, i % up];
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.dark ? "#000000" : "#ffffff", w: w + 2.6 });
    for (const p of faces(box(n, c, u))) list.push({ p, stroke: look.text, w, fill: i === picked ? color(panel.shade[i]) : undefined });
  }
  return [...list, ...cubeLabels({ layout, at, near, unit, X, Y, Z, gap, heights, tall, look, arm, picked })];
}

function cubeLabels({ layout, at, near, unit, X, Y, Z, gap, heights, tall, look, arm, picked }) {
  const { axes, depth, across, up } = layout;
  const position = picked >= 0 ? [Math.floor(picked / up / across), Math.floor(picked / up) % across, picked % up] : [];
  const list = [];
  const away = (vector, sign, push) => {
    const [x, y] = [vector[0] * sign, Math.abs(vector[1]) + 0.35];
    const length = Math.hypot(x, y);
    return [(x / length) * push, (y / length) * push];
  };
  const tick = (x, y, text, strong, align = "center") =>
    list.push({ t: text, x, y, size: strong ? 16 : 13, weight: strong ? 700 : 400, fill: strong ? arm : look.text, align, a: strong ? 1 : 0.8 });
  const name = (x, y, text, align) => list.push({ t: text, x, y, size: 17, weight: 650, fill: look.text, align });

  const yEdge = near.y ? Y : 0;
  const xOut = away(unit.y, near.y ? 1 : -1, 18);
  every(across, 12, (c) => {
    const [x, y] = at(c * (1 + gap.x) + 0.5, yEdge, -Z);
    tick(x + xOut[0], y + xOut[1] + 5, String(axes[1].ids[c]), c === position[1]);
  });
  const [mx, my] = at(X / 2, yEdge, -Z);
  name(mx + xOut[0] * 3.3, my + xOut[1] * 3.3 + 6, `${axes[1].name} ${axes[1].word}s`, "center");

  const xEdge = near.x ? X : 0;
  const yOut = away(unit.x, near.x ? 1 : -1, 18);
  every(depth, 12, (n) => {
    const [x, y] = at(xEdge, n * (1 + gap.y) + 0.5, -Z);
    tick(x + yOut[0], y + yOut[1] + 5, String(axes[0].ids[n]), n === position[0]);
  });
  const [nx, ny] = at(xEdge, Y / 2, -Z);
  name(nx + yOut[0] * 2.4, ny + yOut[1] * 3.3 + 6, `${axes[0].name} ${axes[0].word}s`, near.x ? "left" : "right");

  if (up > 1) {
    const corners = [[near.x ? X : 0, near.y ? 0 : Y], [near.x ? 0 : X, near.y ? Y : 0]];
    const corner = corners.sort((a, b) => at(...a, 0)[0] - at(...b, 0)[0])[near.x === near.y ? 0 : 1];
    const side = near.x === near.y ? -1 : 1;
    const rows = layout.inner > 1 ? up / layout.inner : up;
    every(rows, 9, (row) => {
      const u = row * (up / rows);
      const [x, y] = at(...corner, (heights[u] + heights[u + up / rows - 1] - tall) / 2);
      const strong = Math.floor(position[2] / (up / rows)) === row;
      tick(x + side * 12, y + 5, `${axes[2].ids[row]}`, strong, side < 0 ? "right" : "left");
    });
    const [x, y] = at(...corner, 0);
    const label = axes.length === 4 ? "H·W" : axes[2].name;
    name(x + side * 8, y - 14, label, side < 0 ? "right" : "left");
  }
  return list;
}

// -- the flat grid ------------------------------------------------------------------------------------------------

function gridScene({ layout, panel, exists, width, height, look, arm, color, picked, hovered }) {
  const { sheet, axes, split, count } = layout;
  const { tileRows, tileColumns, rows, columns } = sheet;
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
    const fill = Number.isFinite(panel.shade[i]) ? color(panel.shade[i]) : "#d1009f";
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

function gridHeight(sheet, width) {
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
    list.push({ t: text, x, y, size: strong ? 16 : 13, weight: strong ? 700 : 400, fill: strong ? arm : look.text, align, a: strong ? 1 : 0.8 });
  const name = (x, y, text, align) => list.push({ t: text, x, y, size: 16, weight: 650, fill: look.text, align });
  const tiled = axes.length === 4;
  const [down, right] = { 4: [axes[0], axes[1]], 3: [axes[0], axes[1]], 2: axes }[axes.length];
  const [stepX, stepY] = [tiled ? tileWidth : cell, axes.length === 2 ? cell : tileHeight];
  const [atX, atY] = [tiled ? place[1] : place[3], axes.length === 2 ? place[2] : place[0]];
  every(right.ids.length, 24, (k) => tick(x0 + (k + 0.5) * stepX, y0 - 8, String(right.ids[k]), k === atX, "center"));
  every(down.ids.length, 24, (k) => tick(x0 - 10, y0 + (k + 0.5) * stepY + 4, String(down.ids[k]), k === atY, "right"));
  name(x0, y0 - 28, `${right.name} ${right.word}s →`, "left");
  name(x0 - 10, y0 - 10, `${down.name} ↓`, "right");
  return list;
}

// -- small parts of pictures --------------------------------------------------------------------------------------

function legend(panel, stage, width, height, look, map, arm) {
  const scale = panel.scales[stage] || 1;
  const broken = panel.values[stage].reduce((sum, v) => sum + !Number.isFinite(v), 0);
  const [bar, x, y] = [132, width / 2 - 66, height - 26];
  const list = [];
  for (let i = 0; i < 33; i++) list.push({ p: rectangle(x + (i * bar) / 33, y, bar / 33 + 0.6, 10), fill: pickColor(map, i / 16 - 1) });
  const text = (t, px, align) => list.push({ t, x: px, y: y + 10, size: 13, weight: 400, fill: look.text, align, a: 0.85 });
  text(number(-scale), x - 8, "right");
  text(number(scale), x + bar + 8, "left");
  list.push({ l: [x + bar / 2, y - 2, x + bar / 2, y + 12], open: true, stroke: look.text, w: 1 });
  if (broken) list.push({ t: `${broken} not finite`, x: width - 8, y: y + 10, size: 13, weight: 700, fill: "#d1009f", align: "right" });
  return list;
}

function pickColor(map, value) {
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

function shade(color, look, amount) {
  return color.startsWith("#") && amount ? blend(color, "#000000", look.dark ? amount * 1.6 : amount) : color;
}

function rectangle(x, y, w, h) {
  return [x, y, x + w, y, x + w, y + h, x, y + h];
}

// As many of n as fit, evenly; always the first.
function every(n, most, draw) {
  const step = Math.ceil(n / most);
  for (let i = 0; i < n; i += step) draw(i);
}

function hit(list, x, y) {
  for (let i = list.length - 1; i >= 0; i--) if (list[i].cell !== undefined && within(list[i].p, x, y)) return list[i].cell;
  return -1;
}

function within(p, x, y) {
  let inside = false;
  for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2) {
    if (p[i + 1] > y !== p[j + 1] > y && x < ((p[j] - p[i]) * (y - p[i + 1])) / (p[j + 1] - p[i + 1]) + p[i]) inside = !inside;
  }
  return inside;
}

function moved(list, dx, dy) {
  const shift = (points) => points.map((v, i) => v + (i % 2 ? dy : dx));
  return list.map((o) => (o.p ? { ...o, p: shift(o.p) } : o.l ? { ...o, l: shift(o.l) } : { ...o, x: o.x + dx, y: o.y + dy }));
}

// -- two pens: {p: polygon} {l: line, open} {t: text} -------------------------------------------------------------

function toCanvas(list, context, look) {
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
    if (o.fill) (context.fillStyle = o.fill), context.fill();
    if (o.stroke) (context.strokeStyle = o.stroke), (context.lineWidth = o.w), context.stroke();
  }
  context.globalAlpha = 1;
}

function toSvg(list, width, height, look) {
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

// -- the page around the pictures ---------------------------------------------------------------------------------

function build(parent) {
  element("style", "", parent).textContent = STYLE;
  const root = element("div", "cube", parent);
  root.innerHTML = `
    <div class="bar" role="toolbar" aria-label="The picture">
      <div class="group" data-part="views" role="group" aria-label="View"><button value="cube">Cube</button><button value="grid">Grid</button></div>
      <div class="group" data-part="stages" role="group" aria-label="Stage of the norm"></div>
      <button data-part="walk" title="mean → variance → normalize → scale and shift, slowly">▶ Walk</button>
      <span class="space"></span>
      <button data-part="farther" aria-label="Zoom out">−</button><button data-part="closer" aria-label="Zoom in">+</button>
      <button data-part="reset">Reset view</button><button data-part="svg">SVG</button><button data-part="png">PNG</button>
    </div>
    <div data-part="panels" class="panels"></div>
    <p data-part="text" class="text" role="status" aria-live="polite"></p>
    <p class="small"><span data-part="origin"></span>. <span data-part="drawn"></span></p>
    <div data-part="tip" class="tip" hidden></div><i data-part="probe" class="probe"></i>`;
  return root;
}

function fillStages(group, stages) {
  if (group.childElementCount === Object.keys(stages).length) return;
  group.replaceChildren();
  for (const [value, text] of Object.entries(stages)) Object.assign(element("button", "", group), { value, textContent: text });
}

const STYLE = `
  .cube { position: relative; font-family: var(--st-font); color: var(--st-text-color); }
  .bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 6px; }
  .bar .space { flex: 1; }
  .group { display: flex; }
  .group button { border-radius: 0; margin-left: -1px; }
  .group button:first-child { border-radius: 8px 0 0 8px; margin-left: 0; }
  .group button:last-child { border-radius: 0 8px 8px 0; }
  button { font: inherit; font-size: 15px; padding: 5px 12px; border: 1px solid var(--st-border-color, #8884); border-radius: 8px;
    background: transparent; color: inherit; cursor: pointer; font-variant-numeric: tabular-nums; white-space: nowrap; }
  button:hover { border-color: var(--st-text-color); }
  button[aria-pressed="true"] { background: var(--st-text-color); color: var(--st-background-color); border-color: var(--st-text-color); }
  button:focus-visible, canvas:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
  .panels { display: grid; grid-template-columns: repeat(var(--count, 1), minmax(0, 1fr)); gap: 24px; }
  figure { margin: 0; min-width: 0; }
  figcaption { display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap; }
  figcaption b { font-size: 22px; color: var(--arm); }
  figcaption span { font-variant-numeric: tabular-nums; opacity: .75; }
  canvas { display: block; width: 100%; touch-action: pan-y; cursor: pointer; border-radius: 8px; }
  output { display: block; min-height: 1.5em; text-align: center; font-size: 17px; font-variant-numeric: tabular-nums; }
  figure p { margin: 4px 0 0; text-align: center; font-size: 15px; opacity: .8; text-wrap: balance; }
  .text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .small { margin: 12px 0 0; font-size: 13px; opacity: .75; }
  .tip { position: absolute; pointer-events: none; padding: 4px 10px; border-radius: 6px; font-size: 15px; white-space: pre; z-index: 2;
    background: var(--st-text-color); color: var(--st-background-color); font-variant-numeric: tabular-nums; }
  .probe { position: absolute; width: 0; height: 0; color: var(--st-text-color); background: var(--st-background-color);
    transition: color 1ms, background 1ms; }
  @media (max-width: 640px) { .panels { grid-template-columns: 1fr; } }
  @media print { .bar { display: none; } }`;

function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}

function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

function number(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))).replace("-", "−") : String(value);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
