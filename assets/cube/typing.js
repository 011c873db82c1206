// A value typed over the cell that is picked, in the worked example: Python reads it, and says what it changes.

import { cellInWords } from "./frame.js";
import { number } from "./pens.js";
import { _ } from "../shared/language.js";

export function listenToTyping(view) {
  const { typing, typed, untype } = view.parts;
  const send = (text) => {
    const { layer, typed: before } = view.data.typing;
    view.tell("typed", { layer, cell: view.local.cell, text, before });
  };
  typed.addEventListener("change", () => send(typed.value));
  typing.addEventListener("keydown", (event) => event.stopPropagation()); // its arrows are the field's
  untype.addEventListener("click", () => {
    typed.value = "";
    send("");
  });
}

// The field is the picked cell's: empty, or with what is typed over it; a text that is no value stays to be mended.
export function showTyping(view) {
  const { typing, typed, typedLabel, untype, problem } = view.parts;
  const asked = view.data.typing;
  typing.hidden = !asked;
  if (!asked) return;
  const cell = view.local.cell.join(".");
  const [place, value] = asked.typed.split("=");
  typedLabel.textContent = _("Type over the value at {where}", { where: cellInWords(view.data.axes, view.local.cell) });
  typed.placeholder = number(view.panels[0].values.before[view.picked] ?? NaN);
  untype.textContent = _("Take it back");
  untype.hidden = !asked.typed;
  problem.textContent = view.isAnswered() ? asked.problem : "";
  const shown = `${cell}|${asked.typed}`;
  if (shown !== view.shownTyped && !problem.textContent) typed.value = place === cell ? value : "";
  view.shownTyped = shown;
}
