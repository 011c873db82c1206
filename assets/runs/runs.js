// The Runs page: the table of what this browser has started or opened. It asks the server for the list, draws a page of
// it, and asks again; what changes a run is an order, which Python carries out.

import "../shared/address_bar.js";
import "../shared/decimal_comma.js";
import { options, skeleton } from "./body.js";
import { Choice } from "./choice.js";
import { CodeOf } from "./code_of.js";
import { Comparison } from "./comparison.js";
import { arranged, canBeDeleted, foreseen, isUnderWay, paged, whole } from "./listing.js";
import { brokenRun, row, size, titleOf } from "./row.js";
import { differing, valueOf } from "./settings.js";
import { takeUp } from "../shared/earlier.js";
import { forget, known } from "../shared/known.js";
import { _, ngettext } from "../shared/language.js";
import { project } from "../shared/look.js";
import { mounted } from "../shared/mounted.js";
import { Notices } from "../shared/notices.js";
import { order } from "../shared/orders.js";
import { formatName, savedAs } from "../shared/saved_run.js";
import { links } from "../shared/stage.js";
import { noConnection } from "../shared/standing.js";
import { Surroundings } from "../shared/surroundings.js";
import { escape, fill, get, number } from "../shared/web.js";

export const mount = mounted((root) => new Panel(root));

const PERIOD_MS = { active: 1000, quiet: 10_000 };
const MOST_GHOSTS = 4;
const MOST_COMPARED = 10;
const ON_TRAIN = new Set(["open", "revive", "refill", "first"]); // what is seen there

class Panel {
  constructor(root) {
    this.data = {};
    this.answer = null;
    this.runs = [];
    this.choice = new Choice();
    this.deleted = []; // what Undo takes back
    this.ordered = new Map(); // run: what becomes of it once Python has heard
    this.element = document.createElement("section");
    this.element.className = "ns ns-runs";
    this.element.innerHTML = skeleton();
    root.append(this.element);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((e) => [e.dataset.part, e]));
    this.notices = new Notices(this.parts.notices);
    this.surroundings = new Surroundings(this.element);
    this.comparison = new Comparison(this.parts, this.surroundings);
    this.codeOf = new CodeOf(this.parts);
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("change", (event) => this.changed(event));
    this.element.addEventListener("input", ({ target }) => target === this.parts.search && this.choose({ search: target.value }));
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("focusout", ({ target }) => target.matches("[data-rename]") && this.rename(target));
    this.outside = ({ target }) => this.closeMenus(target.closest?.("details"));
    document.addEventListener("pointerdown", this.outside);
    this.back = () => document.hidden || this.ask();
    document.addEventListener("visibilitychange", this.back);
    this.parts.search.value = this.choice.search;
    this.ask();
  }

  close() {
    clearTimeout(this.timer);
    document.removeEventListener("pointerdown", this.outside);
    document.removeEventListener("visibilitychange", this.back);
    this.surroundings.close();
    this.comparison.close();
    this.closed = true;
  }

  update({ data }) {
    this.data = data;
    this.show();
  }

  // --- what the server says -----------------------------------------------------------------------------------------

  // Resolves when the list is at least as new as the question.
  async ask() {
    const asking = (this.asking = this.fetch());
    await asking;
    if (asking !== this.asking) await this.asking;
  }

  async fetch() {
    clearTimeout(this.timer);
    const asked = (this.fetched = (this.fetched ?? 0) + 1);
    const answer = await get(`api/runs?known=${known().join()}&seen=${this.answer?.seen ?? ""}`).catch(() => null);
    if (this.closed || asked !== this.fetched) return;
    this.lost = answer && !answer.error ? "" : answer?.error ?? _("The connection to the server is lost; trying again.");
    if (!this.lost && !answer.same) this.hear(answer);
    else this.show();
    const period = this.lost || this.runs.some(isUnderWay) ? PERIOD_MS.active : PERIOD_MS.quiet;
    this.timer = setTimeout(() => this.ask(), document.hidden ? PERIOD_MS.quiet : period);
  }

  hear(answer) {
    this.answer = answer;
    this.runs = foreseen(whole(answer), this.ordered);
    this.choice.meet(this.runs);
    this.show();
  }

  // --- what is shown ------------------------------------------------------------------------------------------------

  show() {
    const { answer, choice, parts } = this;
    this.notices.show([this.lost, this.said, answer?.problem, ...(this.data.notices ?? [])], null, "");
    const isEmpty = Boolean(answer) && !this.runs.length && !answer.broken?.length;
    const compared = choice.isComparing ? choice.ticked(this.runs) : [];
    const isComparing = compared.length > 1;
    parts.empty.hidden = !isEmpty;
    parts.emptyWhy.hidden = Boolean(answer?.problem); // which says that nothing is kept
    parts.compare.hidden = !isComparing;
    parts.list.hidden = !answer || isEmpty || isComparing;
    parts.find.hidden = isEmpty || isComparing;
    parts.back.hidden = !isComparing;
    [parts.importButton.hidden, parts.importButton.disabled] = [isComparing, Boolean(answer?.problem)];
    if (isComparing) this.comparison.show(compared, answer.arms);
    else if (answer && !isEmpty) this.showList();
    if (!isComparing) this.comparison.rest();
    this.element.dataset.shows = isComparing ? "comparison" : isEmpty ? "nothing" : answer ? "list" : "";
  }

  showList() {
    const { choice, parts } = this;
    const found = arranged(this.runs, choice);
    const page = paged(found, choice.page);
    choice.page = page.now;
    this.showFilters();
    this.showRows(page.rows, found);
    parts.count.textContent = found.length === this.runs.length
      ? ngettext("{n} run", "{n} runs", found.length, { n: number(found.length) }) : _("{n} of {all} runs", { n: number(found.length), all: number(this.runs.length) });
    parts.none.hidden = found.length > 0;
    parts.pager.hidden = page.pages < 2;
    parts.where.textContent = _("{from} to {to} of {all}", { from: number(page.from + 1), to: number(page.from + page.rows.length), all: number(found.length) });
    [parts.before.disabled, parts.after.disabled] = [page.now === 0, page.now === page.pages - 1];
    this.showTicked(page.rows);
    this.codeOf.show(this.runs, choice.ticked(this.runs), this.data.run, this.data.chapter);
    this.showStore();
  }

  showFilters() {
    const { choice, parts } = this;
    const unique = (values) => [...new Set(values)].toSorted();
    fill(parts.images, options(_("any images"), unique(this.runs.map(({ settings }) => settings.data)).map((data) => [escape(data), escape(valueOf("data", data))])));
    fill(parts.arm, options(_("any arm"), unique(this.runs.flatMap(({ settings }) => settings.arms)).map((arm) => [escape(arm), escape(arm)])));
    for (const select of this.element.querySelectorAll("[data-filter]")) select.value = choice[select.dataset.filter];
    parts.sort.value = choice.sort;
    for (const head of this.element.querySelectorAll("[data-column]")) {
      const isSorted = head.dataset.column === choice.sort;
      if (isSorted) head.setAttribute("aria-sort", choice.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  // A row stays the element that it is: what is opened or focused in it stays so.
  showRows(runs, all) {
    if (this.parts.rows.querySelector("[data-rename]")) return; // a name is being typed there
    const look = this.surroundings.look("rows", () => this.show());
    const differs = differing(all).filter((setting) => setting !== "data" && setting !== "arms");
    const before = new Map([...this.parts.rows.children].map((element) => [element.dataset.id, element]));
    const rows = runs.map((run) => {
      const element = before.get(run.id) ?? document.createElement("tr");
      element.dataset.id = run.id;
      const isTicked = this.choice.isTicked(run.id);
      const html = row(run, { arms: this.answer.arms, formats: this.answer.formats, look, differs, isInView: run.id === this.data.run });
      if (!element.querySelector("details[open]")) fill(element, html);
      element.querySelector("[data-tick]").checked = isTicked;
      element.classList.toggle("ns-chosen", isTicked);
      return element;
    });
    if (rows.some((element, i) => element !== this.parts.rows.children[i]) || rows.length !== this.parts.rows.children.length) {
      const focused = document.activeElement;
      this.parts.rows.replaceChildren(...rows);
      if (this.parts.rows.contains(focused)) focused.focus({ preventScroll: true });
    }
    const restored = rows.find(({ dataset }) => dataset.id === this.restored); // the focus was on Undo, which is gone
    if (restored && document.activeElement === document.body) restored.querySelector(".ns-title button").focus({ preventScroll: true });
    if (restored) this.restored = null;
  }

  showTicked(rows) {
    const { parts } = this;
    const ticked = this.choice.ticked(this.runs);
    const own = ticked.filter(canBeDeleted);
    parts.ticked.textContent = ticked.length ? _("{n} ticked", { n: number(ticked.length) }) : _("Tick two or more to compare them.");
    parts.compareButton.disabled = ticked.length < 2 || ticked.length > MOST_COMPARED;
    parts.compareButton.title = ticked.length > MOST_COMPARED ? _("At most {n} runs are compared at a time.", { n: MOST_COMPARED }) : "";
    parts.ghostsButton.disabled = !ticked.length || ticked.length > MOST_GHOSTS;
    parts.deleteButton.disabled = !own.length;
    parts.untickButton.disabled = !ticked.length;
    const here = rows.filter(({ id }) => this.choice.isTicked(id)).length;
    parts.all.checked = here > 0 && here === rows.length;
    parts.all.indeterminate = here > 0 && here < rows.length;
  }

  showStore() {
    const { used, limit, broken = [], shared } = this.answer;
    const values = { used: size(used), limit: size(limit) };
    this.parts.used.textContent = limit ? _("Runs take {used} of {limit} on the server’s disk. Beyond that, the oldest runs that are not pinned are deleted.", values) : "";
    this.parts.whose.textContent = shared
      ? _("All runs of this server are listed; only who started one can change it.")
      : _("The list has what this browser has started or opened by a link.");
    fill(this.parts.broken, broken.map((each) => brokenRun(each, each.id === this.asked)).join(""));
  }

  // --- what the visitor does ----------------------------------------------------------------------------------------

  choose(change) {
    this.choice.choose(change);
    this.show();
  }

  clicked(event) {
    if (event.target.matches("[data-tick]")) return this.tick(event);
    if (event.target === this.parts.all) return this.tickAll(event.target.checked);
    const button = event.target.closest("button");
    if (!button || button.disabled) return undefined;
    const { dataset } = button;
    if (dataset.projector) return project();
    if (dataset.sort) return this.choose({ sort: dataset.sort });
    if (this.comparison.clicked(dataset)) return undefined;
    if (dataset.do) this.carry(dataset.do, dataset.id ?? button.closest("tr")?.dataset.id, button);
    return undefined;
  }

  changed({ target }) {
    if (target.dataset.filter) this.choose({ [target.dataset.filter]: target.value });
    if (target === this.parts.sort) this.choose({ sort: target.value });
    if (target === this.parts.file && target.files.length) import("./imported.js").then(({ bringIn }) => bringIn(this, target), () => this.say(noConnection()));
    if (target === this.parts.base) this.comparison.compareWith(target.value);
  }

  // With Shift, all from the one ticked last.
  tick({ target, shiftKey }) {
    const rows = [...this.parts.rows.children].map(({ dataset }) => dataset.id);
    const { id } = target.closest("tr").dataset;
    const [from, to] = [rows.indexOf(this.lastTick), rows.indexOf(id)].toSorted((a, b) => a - b);
    this.choice.tick(shiftKey && from >= 0 ? rows.slice(from, to + 1) : [id], target.checked);
    this.lastTick = id;
    this.show();
  }

  tickAll(isOn) {
    this.choice.tick([...this.parts.rows.children].map(({ dataset }) => dataset.id), isOn);
    this.show();
  }

  pressed(event) {
    const { key, target } = event;
    if (target.matches("[data-rename]")) {
      if (key === "Escape") target.value = target.dataset.before;
      if (key !== "Escape" && (key !== "Enter" || event.isComposing)) return;
      event.preventDefault(); // or Enter would press what has the focus next
      leave(target);
      return;
    }
    const menu = target.closest("details[open]");
    if (key === "Escape" && menu) close(menu);
  }

  closeMenus(except) {
    for (const menu of this.element.querySelectorAll(".ns-menu details[open]")) if (menu !== except) close(menu);
  }

  // One press: what is the page's own is done here, the rest is ordered.
  async carry(what, id, button) {
    this.closeMenus();
    const run = this.runs.find((each) => each.id === id);
    if (what === "rename") return this.editName(button.closest("tr"), run);
    if (what === "untick") return this.choose({ ticks: [] });
    if (what === "compare" || what === "list") return this.choose({ isComparing: what === "compare" });
    if (what === "anything") return this.choose({ search: (this.parts.search.value = ""), status: "", data: "", arm: "" });
    if (what === "before" || what === "after") return this.turn(what === "after" ? 1 : -1);
    if (what === "dismiss") return this.offerUndo([]);
    if (what === "forget") return this.forget(id);
    if (what === "ask" || what === "keep") return this.askWhetherAside(what === "ask" ? id : "", id);
    if (what === "import") return this.parts.file.click();
    if (what === "code") return this.codeOf.open(id, () => this.show());
    if (what === "export") return this.export(run, button.dataset.format);
    if (what === "delete") return this.delete(id ? [run] : this.choice.ticked(this.runs).filter(canBeDeleted));
    if (what === "undelete") return this.undelete();
    if (what === "ghost" || what === "ghosts") return this.drawFaint(id ? [id] : this.choice.ticked(this.runs).map((each) => each.id));
    if (what === "first") return order({ do: "start", run: this.data.run }).then(toTrain);
    await this.order({ do: what, id });
    if (ON_TRAIN.has(what)) toTrain();
    return undefined;
  }

  // Have it done, and see what has come of it.
  async order(what) {
    await order({ ...what, run: this.data.run });
    await this.ask();
  }

  turn(by) {
    this.choose({ page: this.choice.page + by });
    this.element.scrollIntoView({ block: "start" });
  }

  editName(element, run) {
    const field = Object.assign(document.createElement("input"), { value: run.name, dir: "auto", maxLength: 200 });
    Object.assign(field.dataset, { rename: run.id, before: run.name });
    field.setAttribute("aria-label", _("Name"));
    element.querySelector(".ns-title").replaceChildren(field);
    field.select();
    field.focus();
  }

  async rename(field) {
    const { rename: id, before } = field.dataset;
    const run = this.runs.find((each) => each.id === id);
    const name = field.value.trim().replaceAll(/\s+/g, " ");
    const element = field.closest("tr");
    delete field.dataset.rename;
    element.html = null;
    if (run && name !== before) await this.foresee([run], { name }, { do: "rename", id, name });
    else this.show();
  }

  // Shown at once, and until Python has heard: it may be refused then, and all is as it was.
  async foresee(runs, change, what) {
    for (const { id } of runs) this.ordered.set(id, change);
    this.hear(this.answer);
    await this.order(what);
    for (const { id } of runs) this.ordered.delete(id);
    this.hear(this.answer);
  }

  async delete(runs) {
    const ids = runs.map(({ id }) => id);
    this.choice.tick(ids, false);
    this.offerUndo(runs);
    const offered = this.deleted;
    await this.foresee(runs, { isDeleted: true }, { do: "delete", ids });
    if (this.lost || this.deleted !== offered) return; // the bar was closed since, or speaks of others
    const gone = runs.filter(({ id }) => !this.runs.some((each) => each.id === id));
    if (gone.length < runs.length) this.offerUndo(gone); // those that were refused are here still
  }

  offerUndo(runs) {
    this.deleted = runs.map(({ id }) => id);
    this.parts.undo.hidden = !runs.length;
    this.parts.undone.textContent = runs.length === 1 ? _("Deleted: {run}.", { run: titleOf(runs[0]) }) : _("{n} runs deleted.", { n: number(runs.length) });
    if (runs.length) this.parts.undo.querySelector("button").focus();
  }

  undelete() {
    const ids = this.deleted;
    this.offerUndo([]);
    [this.restored] = ids;
    return this.order({ do: "undelete", ids });
  }

  forget(id) {
    forget(id);
    return this.ask();
  }

  askWhetherAside(id, of) {
    this.asked = id;
    this.show();
    this.parts.broken.querySelector(`[data-do=${id ? "aside" : "ask"}][data-id="${CSS.escape(of)}"]`)?.focus();
  }

  async export(run, format) {
    this.say(_("Writing {run} as {format}…", { run: titleOf(run), format: formatName(format) }));
    this.say(await savedAs(run.id, format));
  }

  say(said) {
    this.said = said;
    this.show();
  }

  async drawFaint(ids) {
    takeUp(ids);
    await this.order({ do: "ghosts", ids });
    toTrain();
  }
}

// Streamlit changes pages by its own links.
const toTrain = () => links()[0]?.click();

// The focus is not lost with what is in it.
function close(menu) {
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  menu.open = false;
}

// The focus goes back to the name.
function leave(field) {
  const element = field.closest("tr"); // its cells are others once the name is there
  field.blur();
  element.querySelector(".ns-title button")?.focus();
}
