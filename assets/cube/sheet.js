// Taking the picture away: both pictures with their words on one sheet, as SVG or PNG.

import { moved, toCanvas, toSvg } from "./pens.js";

export function sheet({ panels, parts, look, data }) {
  const { width, height } = panels[0];
  const text = (t, x, y, size, weight = 400, fill = look.text) => ({ t, x, y, size, weight, fill, align: "left" });
  const list = [text(parts.origin.textContent, 16, 26, 15, 600)];
  const told = panels.flatMap((panel) => panel.words);
  panels.forEach((panel, i) => {
    list.push(text(panel.title, 16 + i * width, 58, 20, 700, look.arms[panel.norm] ?? look.text));
    list.push(text(panel.note, 16 + i * width, 78, 13), ...moved(panel.list, i * width, 84));
  });
  told.forEach((words, i) => list.push(text(words, 16, 84 + height + 24 + 18 * i, 12)));
  const foot = 84 + height + 24 + 18 * told.length;
  return { list: [...list, text(data.drawn, 16, foot, 12)], width: width * panels.length, height: foot + 16 };
}

export function svg(view) {
  const { list, width, height } = sheet(view);
  return toSvg(list, width, height, view.look);
}

export function png(view, scale = 3) {
  const { list, width, height } = sheet(view);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = view.look.background;
  context.fillRect(0, 0, width, height);
  toCanvas(list, context, view.look);
  return canvas;
}

export function fileName({ data, panels }, kind) {
  return `normscope-${data.typing?.layer ?? data.title.split(" ")[0]}-${panels.map((p) => p.norm ?? "axes").join("-")}.${kind}`;
}
