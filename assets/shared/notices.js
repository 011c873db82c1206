// What one has to be told of the run in view, on every page: what Python says, whether other images took the place of those
// that were asked for, why the run has ended, and where to if another one was begun in its place.

import { _ } from "./language.js";

export class Notices {
  constructor(element) {
    this.element = element;
    this.shown = "[]";
  }

  // `replaced`: { settings, reason } of the run's record, or nothing. What is shown already is left as it is, opened or not.
  show(said, replaced, ending, next = "") {
    const told = [[...new Set(said.filter(Boolean))], replaced, ending, next];
    const text = JSON.stringify(told);
    if (text === this.shown) return;
    this.shown = text;
    const [words, digits, end] = told;
    this.element.replaceChildren(...words.map(paragraph), ...(digits ? [instead(digits)] : []), ...(end ? [paragraph(end)] : []), ...(next ? [leadingOn(next)] : []));
  }
}

// The reason has paths and addresses, which only whoever runs the server can use: it is folded.
function instead({ settings, reason }) {
  const notice = document.createElement("div");
  const why = document.createElement("details");
  why.append(element("summary", _("Why, and how to get the images that were asked for")), element("div", reason));
  const words = settings ? _("Training on the built-in digits instead. {settings}", { settings }) : _("Training on the built-in digits instead.");
  notice.append(words, why);
  return notice;
}

// Whoever began the next run has it in view by now; this is for those who watched. What is pressed, orders.js hears.
export function leadingOn(id) {
  const notice = paragraph(_("Who started this run has begun another one in its place."));
  const button = element("button", _("Watch that one"));
  button.dataset.leadOn = id;
  notice.append(" ", button);
  return notice;
}

const element = (kind, text) => Object.assign(document.createElement(kind), { textContent: text });
const paragraph = (text) => element("p", text);
