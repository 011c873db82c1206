// A chart of the lab as a picture: what was asked, what is drawn, and the link to the sweep.

import { MEASURES } from "./heat_map.js";
import { common, described, explained, heldOut } from "./lab_body.js";
import { _ } from "../shared/language.js";
import { theme } from "../shared/look.js";
import { saveImage } from "../shared/saved_image.js";
import { address } from "../shared/web.js";

// `name` is map, or one of OVER_STEPS.
export function savePicture(lab, name) {
  const plot = lab.plots[name];
  return plot.Plotly && saveImage(plot.Plotly, plot.element, wordsOf(lab, name), theme(lab.element));
}

export function wordsOf({ plan, drawn = plan, measure, link }, name) {
  const isMap = name === "map";
  const told = isMap ? measure : name;
  const key = [...(isMap ? [] : [_("line: median over the seeds; band: from the least to the greatest")]), ...(name === "bands" ? [] : [explained(told)])];
  return {
    title: name === "bands" ? _("Training loss") : MEASURES[told].name(),
    about: described(drawn),
    key: key.map((text) => ({ text })),
    foot: [common(plan), heldOut(plan), `${address("lab")}?${link}`],
    name: `normscope-lab-${{ map: measure, bands: "loss" }[name] ?? `${name}-by-step`}-${plan.id}.png`,
  };
}
