// What Train draws with plotly.js. No number waits for it: it comes after the page, while plotly.js is on its way.

import { Curves } from "./curves.js";
import { Pointing } from "./pointing.js";
import { drawBoth } from "./strip_charts.js";

export { takeAway } from "./saved.js";

export function curvesIn(panel) {
  const { loss, accuracy } = panel.parts;
  const curves = new Curves(window.Plotly, loss, accuracy);
  curves.redraw = () => panel.draw();
  curves.isHeld = () => panel.isDragging();
  curves.drawnFirst = () => panel.time.listen(curves, Pointing, drawBoth);
  return curves;
}
