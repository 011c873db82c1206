// The class that this browser is in. News of it come with the answers to what the pages ask anyway; where a page asks
// nothing, as after a run's end, they are asked for here. Who follows has Python bring into view what the teacher shows;
// the cursor is moved here. Who teaches and leads has it told where the cursor is.

import { followLive, hold, whenMoved } from "./cursor.js";
import { keep, kept } from "./kept.js";
import { CLASS, get, inClass } from "./web.js";

export const LED = "normscope-led"; // the document hears of it when the teacher's cursor has moved that of this page
const SILENCE_MS = 2500; // without news, one asks
const SETTLED_MS = 300; // after the last move, the cursor is told
const APART_MS = 20; // of hundreds that follow, not all come to the server at once
const MOST_MS = 8000;

let known = null; // what Python knows: {id, teaches, leads} or {id, run, turned}
let send = () => {};
let heardAt = 0;
let going = false;
let silence, settling;

// `data` is what Python says, `order` sends an order.
export function attend(data, order) {
  known = data ?? null;
  send = order;
  inClass(known?.id ?? "");
  whenMoved(tell);
  document.addEventListener(CLASS, hear); // which hears once, however often it is added
  clearInterval(silence);
  if (known) silence = setInterval(ask, SILENCE_MS);
}

const following = () => Boolean(known && !known.teaches);

function ask() {
  if (Date.now() - heardAt < SILENCE_MS) return;
  get(`api/classes/${known.id}`).catch(() => {}); // when the server is back, it is asked again
}

function hear({ detail: news }) {
  heardAt = Date.now();
  if (!following() || (news.id && news.id !== known.id)) return;
  const isElsewhere = news.ended || news.run !== known.run || (news.leads && news.turned !== known.turned);
  if (isElsewhere) goAlong(news);
  else if (news.leads) moveAlong(news);
}

async function goAlong({ watching = 0 }) {
  if (going) return;
  going = true;
  await new Promise((done) => setTimeout(done, Math.random() * Math.min(MOST_MS, APART_MS * watching)));
  if (following()) await send({ do: "follow" });
  going = false;
}

function moveAlong({ id, run, step, moved }) {
  const move = `${id} ${moved}`;
  if (kept("moved", "") === move) return;
  keep("moved", move);
  if (step === null) followLive(run);
  else hold(run, step);
  document.dispatchEvent(new Event(LED));
}

function tell(run, step) {
  if (!known?.teaches || !known.leads) return;
  clearTimeout(settling);
  settling = setTimeout(() => send({ do: "point", run, step }), SETTLED_MS);
}
