// A chart of a page that looks inside as a picture: what it shows, of which step and images, and of which run.

import { numberOf } from "../shared/earlier.js";
import { _ } from "../shared/language.js";
import { theme } from "../shared/look.js";
import { fileName, linkTo, origin } from "../shared/origin.js";
import { headings, keyOf, saveImage } from "../shared/saved_image.js";
import { get, number } from "../shared/web.js";

export async function savePicture(page, chart) {
  const { data, colors, picture } = page;
  const run = numberOf(data.run);
  const { title, notes } = headings(chart);
  const own = page.wordsOf(chart);
  const { step, epoch } = picture.look;
  const about = own.about ?? [_("step {step}", { step: number(step) }), _("epoch {epoch}", { epoch: epoch.toFixed(2) }), page.sourceName, page.layer()];
  const words = {
    title: own.title ?? title,
    about: [_("Run {number}", { number: run }), ...about].filter(Boolean).join(" · "),
    key: [...keyOf(armsIn(page, chart), colors, (arm) => symbolOf(chart, arm)), ...notes, ...(own.key ?? []), ...ghostIn(page, chart)],
    foot: [await settingsOf(data), linkTo(data.link)],
    name: fileName([page.view, partOf(chart), armOf(page, chart)?.name].filter(Boolean), run),
  };
  await saveImage(page.Plotly, chart, words, theme(page.element));
}

const armsIn = (page, chart) => page.arms.filter(({ name }) => chart.data.some((trace) => trace.name === name));

const symbolOf = (chart, { name }) => chart.data.find((trace) => trace.name === name && trace.mode?.includes("markers"))?.marker.symbol;

function ghostIn({ ghost, ghostLook, earlier, colors }, chart) {
  const names = new Set(chart.data.filter(({ name, opacity }) => name && opacity < 0.5).map(({ name }) => name));
  const isDrawn = ghostLook && names.size;
  if (!isDrawn) return [];
  const text = _("{run}, at step {step}", { run: earlier.find(({ id }) => id === ghost.id).label, step: number(ghostLook.step) });
  return [{ text, colors: [...names].map((name) => colors.get(name)), faint: true }];
}

const partOf = (chart) => chart.closest("[data-column]")?.dataset.column ?? chart.closest("[data-part]").dataset.part;

// The arm of a chart that is one's alone; its caption names it.
export function armOf({ arms }, chart) {
  const caption = chart.closest("figure")?.querySelector("figcaption b").textContent;
  return arms.find(({ title }) => title === caption);
}

// As the page was told, but for what the run's own records say otherwise: other data, another rate.
async function settingsOf(data) {
  const { records = [] } = await get(`api/runs/${data.run}/points?since=0`).catch(() => ({}));
  return origin({ started: records.find(({ kind }) => kind === "started"), rates: records.filter(({ kind }) => kind === "lr") }, data);
}
