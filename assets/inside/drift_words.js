// What the drift of one layer shows, in words; what is known of it from elsewhere stands in the notes.

import { median } from "./distributions.js";
import { _ } from "../shared/language.js";
import { parted, sentences } from "../shared/lists.js";
import { brief } from "../shared/web.js";

// looks: those up to the cursor; arms: all that are drawn over the run, those too that have diverged since.
export function aboutDrift(layer, arms, looks) {
  const stageOf = (look, arm, stage) => look.arms[arm.name]?.[layer]?.stages[stage];
  const move = (arm, stage) => median(looks.map((look) => stageOf(look, arm, stage)?.drift).filter((value) => value != null));
  const moved = arms.map((arm) => ({ arm, before: move(arm, "before"), after: move(arm, "scaled") })).filter(({ before }) => before != null);
  if (!moved.length) return "";
  const moves = moved.map(({ arm, before, after }) => {
    const told = { arm: arm.title, before: brief(before), after: brief(after) };
    return after == null ? _("{arm} {before}", told) : _("{arm} {before} before the norm and {after} after", told);
  });
  const bare = moved.find(({ arm }) => arm.norm === "none");
  const normed = moved.find(({ arm, after }) => arm.norm === "bn" && after != null); // none/bn has none behind a convolution
  const times = bare && normed && normed.before / bare.before;
  return sentences([
    _("Median move of {layer} from look to look, up to this step: {moves}.", { layer, moves: parted(moves) }),
    times > 0 && times < Infinity && _("Before the norm BatchNorm’s means move {times} times as far as those without a norm.", { times: brief(times) }),
    normed && isBeta(stageOf(looks.at(-1), normed.arm, "scaled")) && _("Behind BatchNorm each mean is its β by construction, so how calm that row is proves nothing."),
  ]);
}

// By construction only as long as there are values: of an arm that has diverged nothing is seen.
const isBeta = (stage) => Boolean(stage) && !stage.nan && !stage.inf;
