// What the server says of the terms as the HTML of the page Reference.

import { _, spoken } from "../shared/language.js";
import { inReference } from "../shared/terms.js";
import { escape } from "../shared/web.js";

// Whether words, in any language and case, have all of what is looked for.
export const isMeant = (words, text) => text.toLowerCase().split(/\s+/).every((part) => words.includes(part));

// Of terms with their `words` and the `text` of their article: those that are called what is looked for, and where there
// are none, those that speak of it.
export function sought(terms, text) {
  const called = terms.filter(({ words }) => isMeant(words, text));
  const found = called.length ? called : terms.filter((each) => isMeant(each.text, text));
  return { slugs: new Set(found.map(({ slug }) => slug)), byName: called.length > 0 };
}

export const contents = ({ about, topics }) => `
  <article id="${about.slug}" tabindex="-1"><h2>${escape(about.title)}</h2>${about.short}
    ${about.sections.map(({ title, html }) => `<h3>${escape(title)}</h3>${html}`).join("")}</article>
  <h2 id="glossary">${_("Glossary")}</h2>
  <p><label>${_("find a term")} <input type="search" aria-controls="ns-glossary"></label> <span role="status"></span></p>
  <div class="ns-wide"><table id="ns-glossary"><thead><tr><th scope="col" lang="en">English</th><th scope="col" lang="zh-CN">中文</th>
    <th scope="col">${_("also")}</th><th scope="col">${_("in the book’s section on batch normalization")}</th></tr></thead>
    <tbody>${topics.flatMap(({ terms }) => terms).map(row).join("")}</tbody></table></div>
  ${topics.map(({ title, terms }) => `<section class="ns-topic"><h2>${escape(title)}</h2>${terms.map(full).join("")}</section>`).join("")}`;

const words = ({ slug, titles, also }) => escape([slug, titles.en, titles.zh, also].join(" ").toLowerCase());

const row = (term) => `<tr data-term="${term.slug}">
  <th scope="row" lang="en">${lead(term, term.titles.en)}</th><td lang="zh-CN">${lead(term, term.titles.zh)}</td>
  <td lang="zh-CN">${escape(term.also)}</td><td>${escape(term.place)}</td></tr>`;

const lead = ({ slug }, title) => `<a href="${escape(inReference(slug))}">${escape(title)}</a>`;

const full = (term) => `<article id="${term.slug}" data-term="${term.slug}" data-words="${words(term)}" tabindex="-1">
  <h3>${lead(term, term.title)} ${other(term)}</h3>${term.short}
  ${term.sections.map(({ title, html }) => `<h4>${escape(title)}</h4>${html}`).join("")}</article>`;

const other = ({ titles }) => (spoken() === "zh" ? `<span lang="en">${escape(titles.en)}</span>` : `<span lang="zh-CN">${escape(titles.zh)}</span>`);
