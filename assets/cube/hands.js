// Mouse and fingers on a picture: a click picks, dragging turns, two fingers and the wheel zoom.

import { hit } from "./pens.js";

export function listenTo(view, panel) {
  const { canvas } = panel;
  const fingers = new Map();
  let way = 0;
  let spread = 0;
  const at = (e) => hit(panel.list, e.offsetX / view.look.enlarged, e.offsetY / view.look.enlarged);
  canvas.addEventListener("pointerdown", (e) => {
    fingers.set(e.pointerId, [e.clientX, e.clientY]);
    canvas.setPointerCapture(e.pointerId);
    way = spread = 0;
  });
  canvas.addEventListener("pointermove", (e) => {
    const before = fingers.get(e.pointerId);
    if (!before) return view.hover(at(e), e, panel);
    const [dx, dy] = [e.clientX - before[0], e.clientY - before[1]];
    fingers.set(e.pointerId, [e.clientX, e.clientY]);
    way += Math.abs(dx) + Math.abs(dy);
    if (way < 4) return;
    view.hover(-1);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (spread) view.zoom(now / spread);
      spread = now;
    } else if (view.local.view !== "grid") {
      view.turning = true;
      view.turnBy(dx * 0.008, dy * 0.008);
    }
  });
  const rest = () => {
    if (view.turning) view.redraw();
    view.turning = false;
  };
  canvas.addEventListener("pointerup", (e) => {
    rest();
    if (fingers.delete(e.pointerId) && way < 4) view.pick(at(e));
  });
  canvas.addEventListener("pointercancel", (e) => {
    rest();
    fingers.delete(e.pointerId);
  });
  canvas.addEventListener("pointerleave", () => view.hover(-1));
  canvas.addEventListener("keydown", (e) => view.key(e));
  canvas.addEventListener(
    "wheel",
    (e) => {
      if (!e.ctrlKey && view.root.getRootNode().activeElement !== canvas) return; // the page scrolls on
      e.preventDefault();
      view.zoom(Math.exp(-e.deltaY * 0.0015));
    },
    { passive: false },
  );
}
