// “How is this made” at the foot of a page: how its numbers are computed and what they do not say, out of the same texts
// as the “?” of its panels. They are fetched when it is opened.

import { _, spoken } from "./language.js";
import { inReference, leadOn, term } from "./terms.js";
import { escape } from "./web.js";

const ABOUT = "about-what-you-see"; // which has sections of its own, and is led to only
const TOLD = [1, 3]; // the sections: how it is computed, what not to conclude

// `more`: what is said beside the terms, as HTML.
export const explained = (summary, slugs, more = "") =>
  `<details data-terms="${slugs.join(" ")}"><summary>${summary}</summary><div class="ns-terms"></div>${more}</details>`;

const entry = ({ slug, title, sections }) =>
  `<h4><a href="${escape(inReference(slug))}">${escape(title)}</a></h4>` + (slug === ABOUT ? "" : TOLD.map((nth) => `<h5>${escape(sections[nth].title)}</h5>${sections[nth].html}`).join(""));

async function fill(details) {
  const place = details.querySelector(".ns-terms");
  if (place.spoken === spoken()) return;
  place.spoken = spoken();
  try {
    const terms = await Promise.all(details.dataset.terms.split(" ").map(term));
    place.innerHTML = `<p>${_("This is from Reference and holds for every run; figures in it were measured in others than the one in view.")}</p>` + terms.map(entry).join("");
    leadOn(place);
  } catch {
    place.spoken = "";
    place.innerHTML = `<p>${_("The texts did not come. Close this and open it again.")}</p>`;
  }
}

const opened = ({ target }) => target.open && target.dataset.terms && fill(target);
globalThis.document?.addEventListener?.("toggle", opened, true); // it does not bubble
