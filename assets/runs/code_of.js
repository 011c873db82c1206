// The Code panel below the list: of the run whose code was asked for, else of the only one that is ticked, else of the one
// in view. The sidebar's settings have theirs on Train.

import { Code } from "../train/code.js";
import { _ } from "../shared/language.js";
import { isolated, titleOf } from "./row.js";

export class CodeOf {
  constructor(parts) {
    this.parts = parts;
    this.code = new Code(parts);
    this.chosen = "";
    parts.codeWhose.hidden = true;
  }

  open(id, show) {
    this.chosen = id;
    this.parts.code.open = true;
    show();
    this.parts.code.scrollIntoView({ block: "start" });
    this.parts.code.querySelector("summary").focus({ preventScroll: true });
  }

  show(runs, ticked, inView, chapter) {
    const run = runs.find(({ id }) => id === this.chosen) ?? (ticked.length === 1 ? ticked[0] : runs.find(({ id }) => id === inView));
    this.parts.code.hidden = !run;
    if (!run) return;
    this.parts.codeOf.innerHTML = _("of {run}", { run: isolated(titleOf(run)) });
    this.code.show({ run: run.id, form: "", chapter, stamp: `${run.status} ${run.name}` });
  }
}
