// How the run in view stands, in the words of the Train page: a word with a symbol, what one has to know of it, and on
// the pill of an arm that has diverged or failed where it did. Whoever reads a page's conclusion must see that the run failed.

import { Notices } from "./notices.js";

export const ENDED = new Set(["finished", "stopped", "failed"]);
export const WORDS = { queued: "Waiting", preparing: "Preparing", running: "Running", paused: "Paused",
  finished: "Finished", stopped: "Stopped", failed: "Failed", gone: "Gone" };
export const IS_GONE = "The server does not have this run any more.";
export const ASKED = { pause: "pausing…", resume: "resuming…", stop: "stopping…", step: "one step…" };

export const STANDING = `<span class="ns-status" role="status"><i></i><b data-part="status"></b><span data-part="where"></span></span>`;

export class Standing {
  // `parts` has status, where, notices, and what the notices stand before or behind: empty and scrub.
  constructor(element, parts) {
    this.element = element;
    this.parts = parts;
    this.notices = new Notices(parts.notices);
    this.forget();
  }

  forget() {
    this.told = {};
    this.element.dataset.status = "";
    this.show("", "");
  }

  // What Python says: notices about the link, and whether the settings can be run.
  hear({ notices, problem, run }) {
    this.said = [...notices, problem];
    if (run) this.parts.scrub.after(this.parts.notices);
    else this.parts.empty.before(this.parts.notices);
    this.showNotices();
  }

  // What the server says of the run; whether another arm has diverged or failed since.
  learn(answer) {
    const before = JSON.stringify([this.told.diverged, this.told.failed]);
    this.told = answer;
    return before !== JSON.stringify([answer.diverged, answer.failed]);
  }

  hasDiverged(name) {
    return this.told.diverged?.[name] != null;
  }

  ofArm(name) {
    const word = this.hasDiverged(name) ? "diverged" : "failed";
    const step = this.told[word]?.[name];
    return step == null ? "" : ` <span class="ns-lost">✕ ${word} at step ${step}</span>`;
  }

  show(status, lost) {
    this.parts.status.textContent = lost ? "No connection" : WORDS[status] ?? "";
    this.parts.where.textContent = lost || this.where(status);
    this.showNotices();
  }

  where(status) {
    if (status === "gone") return IS_GONE;
    const { asked, place } = this.told;
    if (asked) return ASKED[asked];
    return status === "queued" && place ? `${place} ahead of you` : "";
  }

  showNotices() {
    const { message, replaced, status } = this.told;
    this.notices.show(this.said ?? [], replaced, ENDED.has(status) && message);
  }
}
