// What the train page shows before there is a run: the chosen arms, in their colours, between one batch and the curves.

import { _, pgettext } from "../shared/language.js";
import { armColors } from "../shared/look.js";
import { escape } from "../shared/web.js";

const GAP = 46; // from one arm's box to the next
const MIDDLE = 76;

export const pills = (arms, look) => {
  const colors = armColors(arms, look);
  return arms.map((arm) => `<li class="ns-pill" style="--arm:${colors.get(arm.name)}">${escape(arm.title)}</li>`).join("");
};

// What the heading may promise of the chosen arms: an arm may also have a dropout or a learning rate of its own.
export function whatDiffers(arms) {
  if (arms.length < 2) return _("Choose another arm beside it, and one thing differs.");
  return arms.some(({ name }) => /:(dropout|lr)=/.test(name)) ? _("What differs stands on each arm.") : _("One thing differs: the norm.");
}

export function drawing(arms, look) {
  const colors = armColors(arms, look);
  const gap = Math.min(GAP, 150 / Math.max(1, arms.length - 1));
  const high = Math.min(28, gap - 6);
  const rows = arms.map((arm, i) => ({ arm, color: colors.get(arm.name), y: MIDDLE + (i - (arms.length - 1) / 2) * gap }));
  const fan = rows.map(({ y }) => `M96 ${MIDDLE}C130 ${MIDDLE} 120 ${y} 156 ${y}M262 ${y}C290 ${y} 290 ${towards(y)} 314 ${towards(y)}`).join("");
  const boxes = rows.map(({ arm, color, y }) => `
    <rect x="158" y="${y - high / 2}" width="102" height="${high}" rx="${high / 2}" fill="none" stroke="${color}" stroke-width="2"/>
    <text x="209" y="${y + 4}" fill="${color}" font-size="12">${escape(short(arm.name))}</text>`).join("");
  return `
    <g fill="none" stroke="currentColor" stroke-width="1.5" opacity=".55">
      <path d="M330 10v150h290"/><rect x="20" y="66" width="44" height="44" rx="3"/><rect x="28" y="58" width="44" height="44" rx="3"/><rect x="36" y="50" width="44" height="44" rx="3"/>
      <path d="${fan}" stroke-dasharray="3 4"/>
    </g>
    <g font-size="13" fill="currentColor" font-family="inherit" text-anchor="middle"><text x="58" y="136">${_("one batch")}</text>
      <text x="475" y="182" opacity=".7">${pgettext("a chart’s axis", "step")}</text><text x="475" y="88" font-size="14" opacity=".7">${_("your curves will grow here")}</text>${boxes}</g>`;
}

// The lines end closer to each other than the boxes stand: all lead into one picture.
const towards = (y) => Math.round(MIDDLE + (y - MIDDLE) * 0.45);
const short = (name) => (name.length > 14 ? `${name.slice(0, 13)}…` : name);
