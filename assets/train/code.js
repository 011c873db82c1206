// The program of an experiment, folded below the charts: of the run in view, or of what the sidebar says; to be copied, or
// taken away as a script or a notebook. It is asked for when it is opened, and again when it would say something else.

import { _ } from "../shared/language.js";
import { address, escape, inLanguage, inTime } from "../shared/web.js";

const NOTHING = "";

export const codePanel = () => `
  <details class="ns-code" data-part="code"><summary>${_("Code")} <span>${_("this experiment as a plain PyTorch program")}</span> <b data-part="codeOf"></b></summary>
    <div class="ns-tools">
      <span class="ns-group" role="group" aria-label="${_("Whose code")}" data-part="codeWhose"><button data-code="run">${_("the run in view")}</button><button data-code="form">${_("the sidebar’s settings")}</button></span>
      <button data-part="codeCopy">${_("Copy")}</button>
      <a data-part="codeScript" download="experiment.py">experiment.py</a>
      <a data-part="codeNotebook" download="experiment.ipynb">experiment.ipynb</a>
      <a data-part="codeChapter" target="_blank" rel="noopener">${_("the section in the book")}</a>
      <span data-part="codeSays" role="status"></span>
    </div>
    <div><pre tabindex="0" role="region" aria-label="${_("Code")}"><code data-part="codeText"></code></pre></div>
  </details>`;

export class Code {
  constructor(parts) {
    this.parts = parts;
    this.whose = "run";
    this.shown = { run: "", form: "", chapter: "", stamp: "" };
    parts.code.addEventListener("toggle", () => this.draw());
    parts.code.addEventListener("click", ({ target }) => this.clicked(target));
  }

  // `run` is an id, `form` the sidebar's settings as in a link; "" where there is none. `stamp` changes with the
  // run's program.
  show(shown) {
    this.shown = shown;
    this.draw();
  }

  clicked(target) {
    const { code } = target.dataset;
    if (code) this.whose = code;
    if (target === this.parts.codeCopy) this.copy();
    else if (code) this.draw();
  }

  // What is lit, if there is such a one; else the other.
  get lit() {
    const { run, form } = this.shown;
    return this.whose === "run" ? (run ? "run" : "form") : form || !run ? "form" : "run";
  }

  where(form) {
    const { run, form: settings } = this.shown;
    return inLanguage(this.lit === "run" ? `api/runs/${run}/experiment.${form}` : `api/experiment.${form}?${settings}`);
  }

  async draw() {
    const { parts, lit, shown } = this;
    for (const button of parts.code.querySelectorAll("[data-code]")) {
      button.setAttribute("aria-pressed", button.dataset.code === lit);
      button.disabled = !shown[button.dataset.code];
    }
    parts.codeChapter.href = shown.chapter;
    parts.codeScript.href = shown[lit] ? address(this.where("py")) : "";
    parts.codeNotebook.href = shown[lit] ? address(this.where("ipynb")) : "";
    for (const name of ["codeScript", "codeNotebook", "codeCopy"]) parts[name].hidden = !shown[lit];
    if (!parts.code.open) return;
    const key = `${this.where("py")} ${lit === "run" ? shown.stamp : ""}`;
    if (key === this.key) return;
    this.key = key;
    if (!shown[lit]) return this.write("", _("The sidebar’s settings cannot be run: there is no code for them."));
    const [text, problem] = await fetched(this.where("py"));
    if (key !== this.key) return; // something else was chosen while it was on its way
    if (problem) this.key = NOTHING; // the next drawing asks again
    this.write(text, problem);
  }

  write(text, says) {
    this.text = text;
    this.parts.codeText.innerHTML = text.split("\n").map(painted).join("\n");
    this.parts.codeSays.textContent = says;
  }

  async copy() {
    const isDone = await copied(this.text, this.parts.codeText);
    this.parts.codeSays.textContent = isDone ? _("Copied.") : _("The browser did not copy it: it is selected, press Ctrl+C.");
  }
}

async function fetched(path) {
  try {
    const response = await inTime(() => fetch(address(path), { cache: "no-store" }));
    if (response.ok) return [await response.text(), ""];
    return ["", (await response.json()).error];
  } catch {
    return ["", _("The code did not come from the server.")];
  }
}

// Comments are softer than code. A # within a text has no two spaces before it.
export function painted(line) {
  const at = line.startsWith("# ") ? 0 : line.lastIndexOf("  # ");
  return at < 0 ? escape(line) : `${escape(line.slice(0, at))}<i>${escape(line.slice(at))}</i>`;
}

// Only pages of https and of the own machine get the clipboard; elsewhere what is selected can be copied.
async function copied(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}
