// A place inside the networks: the page, the layer, the step and the images at which something is seen. A link has it as
// look=STEP,LAYER,IMAGES,SHOWN; what the page then shows, the tab keeps, as if it had been chosen there.

import { hold } from "./cursor.js";
import { keep, keptList } from "./kept.js";
import { links } from "./stage.js";
import { address } from "./web.js";

const KEY = "look"; // core/words/reasons.py has it, too
const SHOWN = { activations: "stage", gradients: "metric" };

const INSIDE = new Set(["activations", "gradients", "parameters"]);

// The page there, with the run in view, or with another `run`.
export function linkTo({ page, step, layer, source, shown }, run = "") {
  const url = new URL(address(page));
  url.search = run ? other(run) : location.search;
  if (INSIDE.has(page)) url.searchParams.set(KEY, [step, layer, source, shown].join());
  return url.href;
}

function other(run) {
  const language = new URLSearchParams(location.search).get("lang");
  return new URLSearchParams({ ...(language && { lang: language }), run });
}

// A press on a link goes there, with `run` in view, as the sidebar would, without reading everything anew; with a key held
// it is the browser's.
export function follow(event, link, run, place) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  turnTo(run, place);
  const beside = links().find(({ pathname }) => pathname === link.pathname);
  if (!beside) return;
  event.preventDefault();
  beside.click();
}

// From now on the page shows it, of arms that are not hidden.
export function turnTo(run, { page, step, layer, source, shown, arms = [] }) {
  if (SHOWN[page] && shown) keep(SHOWN[page], shown);
  keep(`${page} layer`, layer);
  keep("source", source);
  keep("hidden", keptList("hidden").filter((arm) => !arms.includes(arm)));
  hold(run, step);
}

// A page that is opened by such a link turns there, once: where the visitor goes from there, a reload leaves them.
export function arrive() {
  const url = new URL(location.href);
  const [step, layer, source, shown] = (url.searchParams.get(KEY) ?? "").split(",");
  const run = url.searchParams.get("run");
  if (!url.searchParams.has(KEY)) return;
  if (run && layer && /^\d{1,9}$/.test(step)) turnTo(run, { page: url.pathname.split("/").at(-1), step: Number(step), layer, source, shown });
  url.searchParams.delete(KEY);
  history.replaceState(history.state, "", url);
}
