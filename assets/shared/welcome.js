// What a first visitor meets above a page: that the run in view was recorded, when and where, with one button to run it
// oneself, and three ways in. They go once there is a run of one's own.

import { day } from "./day.js";
import { _ } from "./language.js";
import { mounted } from "./mounted.js";
import { order } from "./orders.js";
import { formatName, savedAs } from "./saved_run.js";
import { address, escape, fill } from "./web.js";

const ARMS = "[data-testid=stSidebar] .st-key-arms input";
const OPENS_SIDEBAR = "[data-testid=stExpandSidebarButton], [data-testid=stSidebarCollapsedControl] button";

export const mount = mounted((root) => new Welcome(root));

class Welcome {
  constructor(root) {
    this.element = document.createElement("section");
    this.element.className = "ns ns-welcome";
    this.element.setAttribute("aria-label", _("Welcome"));
    root.append(this.element);
    this.element.addEventListener("click", ({ target }) => this.clicked(target.closest("button")));
  }

  close() {}

  update({ data }) {
    this.data = data;
    fill(this.element, mark(data) + (data.learn ? ways(data) : ""));
  }

  async clicked(button) {
    if (!button || button.disabled) return;
    const { do: what, format } = button.dataset;
    if (what === "compare") return void toArms();
    if (format) return void this.save(format, button);
    button.disabled = true; // a second press would be of another run
    await order({ do: "restart", run: this.data.run });
    button.disabled = false;
  }

  async save(format, button) {
    const says = this.element.querySelector("[data-part=says]");
    button.closest("details").open = false;
    says.textContent = _("Writing {format}…", { format: formatName(format) });
    says.textContent = await savedAs(this.data.run, format);
  }
}

export const mark = ({ recorded, formats }) => `
  <div class="ns-recorded"><span><b>${_("Recorded")}</b> ${told(recorded)}</span>
    <span class="ns-buttons"><button class="ns-primary" data-do="restart">${_("▶ Run it yourself")}</button>
    <details><summary>${_("Save as")} ▾</summary><span>${formats.map((form) => `<button data-format="${escape(form)}">${escape(formatName(form))}</button>`).join("")}</span></details>
    <span data-part="says" role="status"></span></span></div>`;

function told({ isFirstLook, when, processor, torch }) {
  const values = { date: day(when), processor: escape(processor), torch: escape(torch) };
  if (isFirstLook) return _("This First look was recorded on {date}, on {processor} with PyTorch {torch}. It is not running here.", values);
  return _("This run was recorded on {date}, on {processor} with PyTorch {torch}. It is not running here.", values);
}

export const ways = ({ learn }) => `
  <ul class="ns-ways" aria-label="${_("Three ways in")}">
    <li aria-current="true"><b>${_("Watch")}</b> <span>${_("Move over the curves of a finished run.")}</span></li>
    <li><a href="${address(learn)}" target="_self">${_("Learn")}</a> <span>${_("Lessons: predict, run, see what decides.")}</span></li>
    <li><button data-do="compare">${_("Compare")}</button> <span>${_("Choose arms, start, lay runs side by side.")}</span></li>
  </ul>`;

// The form’s arms; on a telephone the form is put away.
function toArms() {
  const focus = () => {
    const field = document.querySelector(ARMS);
    field?.scrollIntoView({ block: "center" });
    field?.focus();
    return Boolean(field);
  };
  document.querySelector(OPENS_SIDEBAR)?.click();
  requestAnimationFrame(() => focus() || setTimeout(focus, 400)); // it is drawn as it opens
}
