// Which of several quick presses count. A second click on what begins a run begins no second one, a double click on Pause
// does not resume, one on the cross of an earlier run does not drop the next one too. Each press of Step is a step.

export const BEGINS = new Set(["start", "restart", "renew"]);
const ONCE = new Set(["pause", "drop", "reveal"]);
const ONE_RUN_MS = 1000;
const TOUCHES = ["pointerdown", "input"];

export class Presses {
  constructor(now = Date.now) {
    this.now = now;
    this.underWay = 0; // orders that begin a run and are not heard yet
    this.last = null;
    // Whoever has touched something else meanwhile, such as a setting, means the next press.
    this.touched = ({ target }) => target.closest("button[data-do]") || (this.last = null);
    for (const each of TOUCHES) document.addEventListener(each, this.touched, true);
  }

  close() {
    for (const each of TOUCHES) document.removeEventListener(each, this.touched, true);
  }

  // Whether a press of `what`, with `run` in view, means nothing more than the one before. `clicks` is the event's detail:
  // what counts as a double click is the visitor's own setting; a key counts none.
  isRepeated(what, run, clicks) {
    const before = this.last?.what === what ? this.last : { at: -Infinity };
    const since = this.now() - before.at;
    const isSeries = BEGINS.has(what) && since < ONE_RUN_MS;
    this.last = { what, at: this.now(), run: isSeries ? before.run : run };
    if (isSeries) return this.underWay > 0 || before.run !== run; // a start that was refused can be tried again at once
    return ONCE.has(what) && clicks > 1;
  }
}
