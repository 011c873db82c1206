// Where somebody points in the curves, and the line that the cursor is there: over both charts, and without drawing them.

const STILL = 5; // pixels: who moves further between press and release drags

export class Pointing {
  // hover(x) with null where nobody points, press(x), and undo() for a press that was the first of a double click.
  constructor(charts, { hover, press, undo }) {
    this.charts = charts;
    this.told = { hover, press, undo };
    this.lines = charts.map((chart) => chart.appendChild(Object.assign(document.createElement("i"), { className: "ns-cursor", hidden: true })));
    for (const chart of charts) {
      chart.addEventListener("pointermove", (event) => this.moved(chart, event));
      chart.addEventListener("pointerleave", () => hover(null));
      chart.addEventListener("pointerdown", (event) => this.begun(chart, event));
      chart.addEventListener("mousedown", (event) => this.counted(event), { capture: true }); // comes right after it
    }
    this.released = (event) => this.ended(event);
    window.addEventListener("pointerup", this.released);
  }

  close() {
    window.removeEventListener("pointerup", this.released);
  }

  // A pointer that rests where the charts appear, as after Start, points at nothing: browsers report it without a movement.
  moved(chart, { clientX, target, pointerType, buttons, movementX, movementY }) {
    if (pointerType === "touch" || buttons || !(movementX || movementY)) return;
    this.told.hover(isPlot(target) ? at(chart, clientX) : null);
  }

  begun(chart, { clientX: x, clientY: y, target, isPrimary, button }) {
    this.press = isPrimary && button === 0 && isPlot(target) ? { chart, x, y } : null;
  }

  // What is a double click, which shows the whole run, the browser says: however slow the hand is, and the page.
  counted({ detail }) {
    if (detail < 2 || !this.press) return;
    this.press = null;
    this.told.undo();
  }

  ended({ clientX, clientY }) {
    const { press } = this;
    this.press = null;
    if (press && Math.hypot(clientX - press.x, clientY - press.y) <= STILL) this.told.press(at(press.chart, clientX));
  }

  // The line at x in both charts; null takes it away. `isHeld` draws it firm.
  place(x, isHeld) {
    this.charts.forEach((chart, i) => {
      const { xaxis, yaxis } = chart._fullLayout ?? {};
      const px = x === null || !xaxis ? -1 : xaxis.d2p(x);
      const line = this.lines[i];
      line.hidden = !(px >= 0 && px <= xaxis?._length);
      if (line.hidden) return;
      line.classList.toggle("ns-firm", isHeld);
      Object.assign(line.style, { left: `${xaxis._offset + px}px`, top: `${yaxis._offset}px`, height: `${yaxis._length}px` });
    });
  }
}

const isPlot = (target) => Boolean(target.closest?.(".nsewdrag"));
const at = (chart, clientX) => chart._fullLayout.xaxis.p2d(clientX - chart.getBoundingClientRect().left - chart._fullLayout.xaxis._offset);
