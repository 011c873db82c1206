// What a page that looks inside will show, where it has nothing to show yet: its axes, and its charts by name.

import { _ } from "../shared/language.js";
import { ENDED } from "../shared/standing.js";

export const list = (shows) => `<ul>${shows.map((each) => `<li>${each}</li>`).join("")}</ul>`;

// Empty axes with a word on them.
export const sketch = ({ x, y }, word) => `<svg viewBox="0 0 640 190" aria-hidden="true"><path d="M120 10v140h400" fill="none" stroke="currentColor" stroke-width="1.5" opacity=".55"/>
      <g font-size="14" fill="currentColor" text-anchor="middle" opacity=".75"><text x="320" y="84">${word}</text>
        <text x="320" y="174">${x}</text><text transform="translate(104 80) rotate(-90)">${y}</text></g></svg>`;

export const promise = (page) => `<div class="ns-promise ns-idle"><p data-part="promised"></p>${list(page.shows)}${sketch(page, "")}</div>`;

export const promised = (status) => (ENDED.has(status) ? _("A run that has been looked into shows here:") : _("Soon here:"));
