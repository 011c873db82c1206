// The ticks of log axes over many looks: those of the last drawing are kept, so that only a new range draws twice.

import { logTicks, ticksFollow as follow } from "../shared/ticks.js";

export { logTicks };

export function keptTicks(element, name = "yaxis") {
  const { type, tickvals, ticktext } = element._fullLayout?.[name] ?? {};
  return type === "log" && tickvals ? { tickvals: [...tickvals], ticktext: [...ticktext] } : {};
}

// Values that the range of a log axis is to hold whatever is drawn; plotly's own `include` cuts curves off there.
export const alsoShown = (x, values) => ({ type: "scatter", mode: "markers", x: values.map(() => x), y: values, marker: { opacity: 0 }, hoverinfo: "skip" });

export function ticksFollow(Plotly, element, ...names) {
  if (element.ticksFollow) return;
  element.ticksFollow = true;
  follow(Plotly, element, ...names);
  element.emit("plotly_afterplot"); // it has been drawn already
}
