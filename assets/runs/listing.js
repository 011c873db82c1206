// Which runs are listed, and in what order. Knows nothing of the page.

import { spoken } from "../shared/language.js";
import { ENDED, statusWord } from "../shared/standing.js";
import { SETTINGS, toldOf, valueOf } from "./settings.js";

export const PAGE = 50; // rows; more would take the browser longer than a blink

export const isUnderWay = ({ status }) => !ENDED.has(status);

export const canBeDeleted = (run) => run.mine && run.kept && !isUnderWay(run);

// What the filter calls by one word.
export const groupOf = (run) => (isUnderWay(run) ? "active" : run.status === "interrupted" ? "stopped" : run.status);

// The server sends of a run's settings those that are not as usual.
export const whole = (answer) => answer.runs.map((run) => ({ ...run, settings: { ...answer.usual, ...run.settings } }));

// The list as it will be: `ordered` has, by run, what is on its way to the server.
export const foreseen = (runs, ordered) => runs.filter(({ id }) => !ordered.get(id)?.isDeleted).map((run) => ({ ...run, ...ordered.get(run.id) }));

export const best = ({ accuracies }) => Math.max(-1, ...Object.values(accuracies));

const ORDERS = {
  name: (a, b) => (a.name === "") - (b.name === "") || a.name.localeCompare(b.name, spoken()),
  when: (a, b) => a.started - b.started,
  data: (a, b) => valueOf("data", a.settings.data).localeCompare(valueOf("data", b.settings.data), spoken()),
  accuracy: (a, b) => best(a) - best(b),
  status: (a, b) => RANK.indexOf(groupOf(a)) - RANK.indexOf(groupOf(b)),
  duration: (a, b) => a.seconds - b.seconds,
};
export const SORTS = Object.keys(ORDERS);
const RANK = ["active", "finished", "stopped", "failed"];

// choice: {search, status, data, arm, sort, down}; "" is any. Pinned ones come first, and of two that are alike the newer.
export function arranged(runs, choice) {
  const words = plain(choice.search).split(/\s+/).filter(Boolean);
  const direction = choice.down ? -1 : 1;
  return runs
    .filter((run) => fits(run, choice) && words.every((word) => textOf(run).includes(word)))
    .toSorted((a, b) => b.pinned - a.pinned || direction * ORDERS[choice.sort](a, b) || b.started - a.started);
}

function fits(run, { status, data, arm }) {
  return (!status || groupOf(run) === status) && (!data || run.settings.data === data) && (!arm || run.settings.arms.includes(arm));
}

// However wide the letters are that somebody types.
const plain = (text) => text.normalize("NFKC").toLowerCase();

// All that a search finds a run by, in the language that is spoken; said once for all letters that are typed.
const texts = new WeakMap();
function textOf(run) {
  const of = [spoken(), run.name].join();
  const before = texts.get(run);
  if (before?.of === of) return before.text;
  const words = plain([run.name, run.id, statusWord(run.status), ...toldOf(run, SETTINGS)].join(" "));
  const text = `${words} ${words.replace(/(?<=\d),(?=\d{3})/g, "")}`; // 3,000 is found by 3000, too
  texts.set(run, { of, text });
  return text;
}

// The rows of a page, counted from 0, as far as there are so many.
export function paged(rows, page) {
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const now = Math.min(Math.max(0, page), pages - 1);
  return { now, pages, from: now * PAGE, rows: rows.slice(now * PAGE, (now + 1) * PAGE) };
}
