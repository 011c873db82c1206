// What is in no bin of a histogram, in words or as a table; and names and shares in the cells of tables.

import { _, ngettext } from "../shared/language.js";
import { escape, number, percent } from "../shared/web.js";

// `all`: [arm, summary] of what is drawn; with `isWhole` the bins reach from the smallest to the largest value. A table
// for the arms that have any of it: a table of zeros would say it less plainly.
export function outside(all, isWhole, colors) {
  if (!all.length) return "";
  const cells = ({ fixed, nan, positive_inf, negative_inf }) => [...(isWhole ? [0, 0] : [fixed.underflow, fixed.overflow]), nan, positive_inf + negative_inf];
  const { low, high } = all[0][1].fixed;
  const [first, last] = [low, high].map((end) => String(end).replace("-", "−"));
  const some = all.filter(([, summary]) => cells(summary).some(Boolean));
  const nothing = () => (isWhole ? _("no NaN, no ±Inf") : _("nothing below {first} or above {last}, no NaN, no ±Inf", { first, last }));
  if (!some.length) return `<p class="ns-small">${nothing()}</p>`;
  const heads = [...(isWhole ? [_("below"), _("above")] : [_("below {end}", { end: first }), _("above {end}", { end: last })]), "NaN", "±Inf"];
  const row = ([arm, summary]) => `<tr><th scope="row" style="color:${colors.get(arm.name)}">${breakable(arm.name)}</th>${cells(summary)
    .map((count) => `<td${count ? ` class="ns-some"` : ""} title="${_("{some} of {all}", { some: number(count), all: number(summary.values) })}">${share(count, summary.values)}</td>`).join("")}</tr>`;
  const others = all.length - some.length;
  return `<table><tr><td></td>${heads.map((name) => `<th scope="col">${name}</th>`).join("")}</tr>${some.map(row).join("")}</table>` +
    (others ? `<p class="ns-small">${ngettext("nothing in the other arm", "nothing in the other arms", others)}</p>` : "");
}

export const share = (count, of) => (count === 0 ? "0" : count / of < 0.0005 ? "<0.1 %" : percent(count / of));

// A name in HTML that a narrow column breaks where its parts join: bn:book / :dropout / =0.5.
export const breakable = (name) => escape(name).replace(/[:/=]/g, "<wbr>$&");
