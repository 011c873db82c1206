// What a step computes in place of a run: the server is asked for it, and answers with tables, code and a verdict.

import { _ } from "../shared/language.js";
import { escape, get } from "../shared/web.js";

export class Demonstration {
  // `changed` hears of every answer, and of every question that is asked.
  constructor(path, changed) {
    Object.assign(this, { path, changed, blocks: [], verdict: null, problem: "", isAsking: false });
  }

  close() {
    this.closed = true;
  }

  // The newest question counts. What cannot be read is said, and what was there before stays.
  async ask(given) {
    const mine = (this.asked = {});
    this.isAsking = true;
    this.changed();
    const answer = await get(`${this.path}?${new URLSearchParams(given)}`).catch(() => ({ error: _("The result did not come. Load the page again.") }));
    if (this.closed || mine !== this.asked) return;
    this.isAsking = false;
    this.problem = answer.error ?? "";
    if (!answer.error) Object.assign(this, answer);
    this.changed();
  }
}

// `canType`: the matrix may be typed over.
export const blocks = (found, canType) => found.map((block) => (block.kind === "code" ? code(block) : table(block, canType))).join("");

const code = ({ title, text }) => `<figure class="ns-shown"><figcaption>${escape(title)}</figcaption><pre tabindex="0"><code>${escape(text)}</code></pre></figure>`;

function table({ title, columns, rows, marked, typed }, canType) {
  const isMarked = new Set(marked.map(String));
  const inside = (text, row, column) => {
    const where = `${rows[row].head}, ${columns[column]}`;
    return typed && canType ? `<input data-typed="${row * columns.length + column}" value="${escape(text)}" inputmode="decimal" autocomplete="off" aria-label="${escape(where)}">` : escape(text);
  };
  const cell = (text, row, column) => `<td${isMarked.has(`${row},${column}`) ? ' class="ns-marked"' : ""}>${inside(text, row, column)}</td>`;
  const body = rows.map(({ head, cells }, row) => `<tr><th scope="row">${escape(head)}</th>${cells.map((text, column) => cell(text, row, column)).join("")}</tr>`).join("");
  const heads = columns.map((column) => `<th scope="col">${escape(column)}</th>`).join("");
  const back = typed && canType && marked.length ? `<button data-untype="1">${_("Put the first numbers back")}</button>` : "";
  return `<figure class="ns-shown"><figcaption>${escape(title)}</figcaption><div class="ns-scrolled"><table><thead><tr><td></td>${heads}</tr></thead><tbody>${body}</tbody></table></div>${back}</figure>`;
}

// The matrix as it stands in its fields, row after row.
export const typedIn = (element) => [...element.querySelectorAll("[data-typed]")].map(({ value }) => value).join(";");

// What is being typed just now stays, whatever comes: `draw` writes the fields anew.
export function keepingTyped(element, draw) {
  const field = document.activeElement;
  const now = element.contains(field) && field.dataset.typed !== undefined ? { place: field.dataset.typed, text: field.value } : null;
  draw();
  const same = now && element.querySelector(`[data-typed="${now.place}"]`);
  if (!same) return;
  same.focus({ preventScroll: true });
  same.value = now.text;
}
