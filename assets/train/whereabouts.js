// Where the run in view is, in words, behind the word for its status: the step it is at, what it waits for, what was asked.

import { _ } from "../shared/language.js";
import { askedWord, duration, inLine, isGone } from "../shared/standing.js";
import { number } from "../shared/web.js";

export function whereabouts(status, state, series) {
  if (status === "gone") return _("{gone} What is drawn here is what this page has seen of it.", { gone: isGone() });
  if (!status) return "";
  if (state?.asked) return askedWord(state.asked);
  if (status === "queued") return state?.place ? inLine(state.place, state.wait_seconds) : "";
  if (status === "preparing") return series.arriving ? arrival(series.arriving) : _("reading the images");
  return state ? progress(state, series.started) : "";
}

function progress({ step, total_steps: total, epochs: all, eta_seconds: eta }, started) {
  return [
    _("step {step} of {total}", { step: number(step), total: number(total) }),
    started && _("epoch {epoch} of {all}", { epoch: (step / started.steps_per_epoch).toFixed(1), all }),
    eta != null && _("{duration} left", { duration: duration(eta) }),
  ].filter(Boolean).join(" · ");
}

function arrival({ file, done, total }) {
  const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const values = { file, done: mb(done), total: mb(total) };
  return total ? _("downloading {file}: {done} of {total} MB", values) : _("downloading {file}: {done} MB", values);
}
