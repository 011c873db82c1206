// A chart of the lab as a picture: what was asked, what is drawn, and the link to the sweep.

import { MEASURES } from "./heat_map.js";
import { common, described, explained, heldOut } from "./lab_body.js";
import { _ } from "../shared/language.js";
import { theme } from "../shared/look.js";
import { saveImage } from "../shared/saved_image.js";
import { address } from "../shared/web.js";

// `name` is map or bands.
export function savePicture(lab, name) {
  const plot = lab[name];
  return plot.Plotly && saveImage(plot.Plotly, plot.element, wordsOf(lab, name), theme(lab.element));
}

export function wordsOf({ plan, measure, link }, name) {
  const isMap = name === "map";
  return {
    title: isMap ? MEASURES[measure].name() : _("Training loss"),
    about: described(plan),
    key: [{ text: isMap ? explained(measure) : _("line: median over the seeds; band: from the least to the greatest") }],
    foot: [common(plan), heldOut(plan), `${address("lab")}?${link}`],
    name: `normscope-lab-${isMap ? measure : "loss"}-${plan.id}.png`,
  };
}
