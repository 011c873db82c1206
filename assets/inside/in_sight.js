// Charts that nobody can see cost as much to redraw as the others: one that is out of sight is drawn once it is seen.

import { besideTitle } from "../shared/terms.js";
import { titled } from "../shared/titles.js";

const sight = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      target.outOfSight = !isIntersecting;
      if (isIntersecting) drawLate(target);
    }
  },
  { scrollMargin: "200px" }, // it is to be there before it is seen
);

// As Plotly.react, for a chart that may be below the fold; its first drawing is always at once.
export async function react(Plotly, chart, traces, layout, config) {
  const picture = [traces, titled(layout, chart.clientWidth, config, besideTitle(chart)), config];
  if (chart.outOfSight && chart._fullLayout) return void (chart.late = () => Plotly.react(chart, ...picture));
  delete chart.late;
  await Plotly.react(chart, ...picture);
  sight.observe(chart);
}

// What is late hangs on the chart, so that it goes with it when another page is opened.
function drawLate(chart) {
  const draw = chart.late;
  delete chart.late;
  draw?.();
}

window.addEventListener("beforeprint", () => document.querySelectorAll(".ns-chart").forEach(drawLate));
