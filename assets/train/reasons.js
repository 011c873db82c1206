// Why the arms stand where they stand, as the server says it, each with a link to the page, the layer and the step.

import { keep, kept } from "../shared/kept.js";
import { _, ngettext } from "../shared/language.js";
import { follow as goThere, linkTo } from "../shared/place.js";

// What is there already is written over: a link that is pressed or has the focus must stay.
export function showReasons({ reasons: list, moreReasons: button }, reasons) {
  while (list.children.length > reasons.length) list.lastChild.remove();
  reasons.forEach((reason, i) => {
    const item = list.children[i] ?? list.appendChild(made());
    const [said, link] = item.children;
    said.textContent = reason.said.replaceAll(" %", "\u00a0%");
    link.textContent = `→\u00a0${reason.place}`;
    link.href = linkTo(reason);
    link.reason = reason;
  });
  showFold(list, button);
}

// On a low screen the first stands alone until the button is pressed, so that the charts below stay in sight.
function showFold(list, button) {
  const n = list.children.length - 1;
  const isOpen = kept("allReasons", false);
  list.classList.toggle("ns-open", isOpen);
  button.hidden = n < 1;
  button.setAttribute("aria-expanded", isOpen);
  button.textContent = isOpen ? _("the first reason only") : ngettext("{n} more reason", "{n} more reasons", n, { n });
}

// Whether it was that button, which is what it says from now on.
export function fold({ reasons }) {
  if (reasons) keep("allReasons", !kept("allReasons", false));
  return Boolean(reasons);
}

function made() {
  const item = document.createElement("li");
  item.innerHTML = `<span></span> <a target="_self"></a>`;
  return item;
}

export function follow(event, run) {
  const link = event.target.closest("a");
  if (link?.reason) goThere(event, link, run, link.reason);
}
