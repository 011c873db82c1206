// How the run in view stands, in the words of the Train page: a word with a symbol, what one has to know of it, and on
// the pill of an arm that has diverged or failed where it did. Whoever reads a page's conclusion must see that the run failed.

import { _ } from "./language.js";
import { Notices } from "./notices.js";

export const ENDED = new Set(["finished", "stopped", "failed"]);
export const statusWord = (status) => ({ queued: _("Waiting"), preparing: _("Preparing"), running: _("Running"), paused: _("Paused"),
  finished: _("Finished"), stopped: _("Stopped"), failed: _("Failed"), gone: _("Gone") })[status];
export const isGone = () => _("The server does not have this run any more.");
export const askedWord = (asked) => ({ pause: _("pausing…"), resume: _("resuming…"), stop: _("stopping…"), step: _("one step…") })[asked];
export const noConnection = () => _("No connection");
export const inLine = (place) => _("{place} ahead of you", { place });

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
    const step = this.told[this.hasDiverged(name) ? "diverged" : "failed"]?.[name];
    if (step == null) return "";
    const fate = this.hasDiverged(name) ? _("✕ diverged at step {step}", { step }) : _("✕ failed at step {step}", { step });
    return ` <span class="ns-lost">${fate}</span>`;
  }

  show(status, lost) {
    this.parts.status.textContent = lost ? noConnection() : statusWord(status) ?? "";
    this.parts.where.textContent = lost || this.where(status);
    this.showNotices();
  }

  where(status) {
    if (status === "gone") return isGone();
    const { asked, place } = this.told;
    if (asked) return askedWord(asked);
    return status === "queued" && place ? inLine(place) : "";
  }

  showNotices() {
    const { message, replaced, status } = this.told;
    this.notices.show(this.said ?? [], replaced, ENDED.has(status) && message);
  }
}
