// Charts that nobody can see cost as much to redraw as the others: one that is out of sight is drawn once it is seen.

const late = new Map(); // chart → how it is to be drawn

const sight = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      target.outOfSight = !isIntersecting;
      if (isIntersecting || !target.isConnected) drawLate(target);
    }
  },
  { scrollMargin: "200px" }, // it is to be there before it is seen
);

// As Plotly.react, for a chart that may be below the fold; its first drawing is always at once.
export async function react(Plotly, chart, ...picture) {
  if (chart.outOfSight && chart._fullLayout) return void late.set(chart, () => Plotly.react(chart, ...picture));
  late.delete(chart);
  await Plotly.react(chart, ...picture);
  sight.observe(chart);
}

function drawLate(chart) {
  const draw = late.get(chart);
  late.delete(chart);
  if (chart.isConnected) draw?.();
}

window.addEventListener("beforeprint", () => [...late.keys()].forEach(drawLate));
