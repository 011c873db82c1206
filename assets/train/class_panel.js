// The class of whoever teaches, on Train: its link, as a code, too, how many follow it, and whether they are taken along.

import { _, ngettext } from "../shared/language.js";
import { order } from "../shared/orders.js";
import { CLASS } from "../shared/web.js";

const HERE_ONLY = new Set(["localhost", "127.0.0.1", "[::1]"]);

export class ClassPanel {
  constructor(parts) {
    this.parts = parts;
    this.taught = null;
    this.heard = ({ detail }) => this.hear(detail);
    document.addEventListener(CLASS, this.heard);
    parts.class.addEventListener("click", () => this.open());
    parts.classPanel.addEventListener("click", (event) => this.clicked(event));
    parts.classLeads.addEventListener("change", ({ target }) => order({ do: "lead", leads: target.checked }));
  }

  close() {
    document.removeEventListener(CLASS, this.heard);
  }

  // What Python says: the class that this browser teaches, if it does, and whether it may begin one.
  update({ class: taught, mine, run }) {
    const { parts } = this;
    this.taught = taught ?? null;
    parts.class.hidden = !taught && !(mine && run);
    if (!taught) parts.classPanel.close();
    if (!taught) this.watching = 0;
    parts.classCode.innerHTML = taught?.code ?? "";
    parts.classLink.textContent = taught?.link ?? "";
    parts.classLeads.checked = Boolean(taught?.leads);
    parts.classHere.hidden = !HERE_ONLY.has(location.hostname);
    this.showCount();
    if (this.isWanted && taught?.link) parts.classPanel.showModal();
    if (taught?.link) this.isWanted = false;
  }

  hear({ id, watching }) {
    if (!this.taught || id !== this.taught.id || watching === this.watching) return;
    this.watching = watching;
    this.showCount();
  }

  showCount() {
    const { parts, watching: n = 0 } = this;
    parts.classCount.textContent = ngettext("{n} follows it now.", "{n} follow it now.", n, { n });
    parts.class.textContent = this.taught ? _("Class: {n}", { n }) : _("Class link");
  }

  // The link is this browser's address of the page, which Python does not know; the panel opens when it is there.
  open() {
    if (this.taught?.link) return this.parts.classPanel.showModal();
    this.isWanted = true;
    order({ do: "class", address: `${location.origin}${location.pathname}` });
  }

  clicked({ target }) {
    const { parts } = this;
    if (target.closest("[data-copy]")) this.copy();
    if (target.closest("[data-end]")) order({ do: "end-class" });
    if (target.closest("[data-shut], [data-end]") || target === parts.classPanel) parts.classPanel.close();
  }

  // A page without https may not write to the clipboard: then the link is there, marked.
  async copy() {
    const { classLink, classCopy } = this.parts;
    try {
      await navigator.clipboard.writeText(classLink.textContent);
      classCopy.textContent = _("Copied");
    } catch {
      getSelection().selectAllChildren(classLink);
    }
  }
}
