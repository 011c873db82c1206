// How the run in view stands, in the words of the Train page: a word with a symbol, what one has to know of it, and on
// the pill of an arm that has diverged or failed where it did. Whoever reads a page's conclusion must see that the run failed.

import { _ } from "./language.js";
import { Notices } from "./notices.js";

export const ENDED = new Set(["finished", "stopped", "failed", "interrupted"]);
// Whether nothing more comes of a run: its hidden arms may be revealed; to who follows a class its teacher may hide some yet.
export const isSettled = (status, hidden, follows) => ENDED.has(status) && !hidden && !follows;
export const statusWord = (status) => ({ queued: _("Waiting"), preparing: _("Preparing"), running: _("Running"), paused: _("Paused"),
  finished: _("Finished"), stopped: _("Stopped"), failed: _("Failed"), interrupted: _("Interrupted"), gone: _("Gone") })[status];
export const isGone = () => _("The server does not have this run any more.");
export const askedWord = (asked) => ({ pause: _("pausing…"), resume: _("resuming…"), stop: _("stopping…"), step: _("one step…") })[asked];
// A point of a sweep belongs to nobody, and has nothing for the pages that look inside.
export const sweptSaid = () => _("This is a run of a sweep, which keeps its curves, and not its looks or networks.");
export const noConnection = () => _("No connection");
export const connectionLost = () => _("The connection to the server is lost; trying again.");
// Where the status would stand, while nothing is heard of it: `lost` is why.
export const withoutAnswer = (lost) => (lost === connectionLost() ? noConnection() : _("No answer"));

// `seconds` until the device is free, if anybody can say.
export function inLine(place, seconds) {
  const ahead = _("{place} ahead of you", { place });
  return seconds == null ? ahead : _("{ahead} · about {duration} to wait", { ahead, duration: duration(seconds) });
}

export function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 90) return _("{n} s", { n: s });
  return s < 5400 ? _("{n} min", { n: Math.round(s / 60) }) : _("{n} h", { n: (s / 3600).toFixed(1) });
}

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
  hear({ notices, problem, run, recorded }) {
    this.isRecorded = recorded;
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
    this.parts.status.textContent = lost ? withoutAnswer(lost) : this.isRecorded && status ? _("Recorded") : statusWord(status) ?? "";
    this.parts.where.textContent = lost || this.where(status);
    this.showNotices();
  }

  where(status) {
    if (status === "gone") return isGone();
    const { asked, place, wait_seconds: wait } = this.told;
    if (asked) return askedWord(asked);
    return status === "queued" && place ? inLine(place, wait) : "";
  }

  showNotices() {
    const { message, notes = [], replaced, status, next } = this.told;
    this.notices.show([...(this.said ?? []), ...notes], replaced, ENDED.has(status) && message, next);
  }
}
