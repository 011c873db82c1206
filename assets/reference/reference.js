// The page Reference: about what you see, the glossary with both languages side by side, and each term in full. A link
// with ?term=<slug> opens it there.

import "../shared/address_bar.js";
import { _ } from "../shared/language.js";
import { project, projectorButton } from "../shared/look.js";
import { inReference, leadOn } from "../shared/terms.js";
import { get } from "../shared/web.js";
import { contents, sought } from "./contents.js";

const pages = new WeakMap();

export function mount({ parentElement }) {
  if (!pages.has(parentElement)) pages.set(parentElement, new Reference(parentElement));
}

class Reference {
  constructor(root) {
    this.element = document.createElement("section");
    this.element.className = "ns ns-reference";
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("input", ({ target }) => target.matches("[type=search]") && this.filter(target.value));
    root.append(this.element);
    this.fetch();
  }

  async fetch() {
    this.element.innerHTML = `<p>${_("Fetching …")}</p>`;
    const answer = await get("api/terms").catch(() => null);
    if (!answer || answer.error) {
      this.element.innerHTML = `<p>${_("The texts did not come.")} <button data-again="1">${_("Ask again")}</button></p>`;
      return;
    }
    this.element.innerHTML = `<div class="ns-buttons">${projectorButton()}</div>${contents(answer)}`;
    leadOn(this.element);
    this.goTo(new URLSearchParams(location.search).get("term"));
  }

  clicked(event) {
    const { target } = event;
    const button = target.closest("button");
    if (button?.dataset.projector) project();
    if (button?.dataset.again) this.fetch();
    const slug = target.closest("a") && new URL(target.closest("a").href).searchParams.get("term");
    if (!slug || event.ctrlKey || event.metaKey || event.shiftKey) return; // these open another tab
    event.preventDefault();
    history.pushState(history.state, "", inReference(slug));
    this.goTo(slug);
  }

  // Its heading, as far up as the page goes, and marked.
  goTo(slug) {
    const term = slug && this.element.querySelector(`#${CSS.escape(slug)}`);
    for (const each of this.element.querySelectorAll(".ns-meant")) each.classList.remove("ns-meant");
    if (!term) return;
    if (term.hidden) this.filter((this.element.querySelector("[type=search]").value = ""));
    term.classList.add("ns-meant");
    term.scrollIntoView();
    term.focus({ preventScroll: true });
  }

  filter(text) {
    const articles = [...this.element.querySelectorAll("article[data-term]")];
    const { slugs, byName } = sought(articles.map(({ dataset, textContent }) => ({
      slug: dataset.term, words: dataset.words, text: textContent.toLowerCase(),
    })), text);
    for (const each of this.element.querySelectorAll("[data-term]")) each.hidden = !slugs.has(each.dataset.term);
    for (const topic of this.element.querySelectorAll(".ns-topic")) topic.hidden = !topic.querySelector("article:not([hidden])");
    this.element.querySelector("[role=status]").textContent = byName ? "" : outcome(slugs.size, text);
  }
}

const outcome = (found, text) =>
  found ? _("No term is called “{text}”; these speak of it.", { text }) : _("No term has “{text}” in its name or its text.", { text });
