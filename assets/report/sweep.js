// The charts of a report of sweeps, each of which has an article: the page's own maps, and the curves of the cells that
// are pressed.

import { open } from "./opening.js";
import { isDrawn, lostSaid, picture as bandsOf } from "../lab/bands.js";
import { picture as mapOf } from "../lab/heat_map.js";
import { Results, rowsOf, textOf } from "../lab/results.js";
import { _ } from "../shared/language.js";
import { theme } from "../shared/look.js";

const STILL = { displayModeBar: false, responsive: true };
const MOST_SELECTED = 2;

class SweepReport {
  constructor(Plotly, { plan, groups }, element) {
    Object.assign(this, { Plotly, plan, element });
    this.results = new Results();
    this.results.add({ generation: 1, latest: 0, groups });
    this.rows = rowsOf(plan, this.results);
    this.maps = [...element.querySelectorAll("[data-map]")];
    this.curves = [...element.querySelectorAll("[data-curves]")];
    this.selected = plan.varied.length ? [this.best()] : this.rows.map((_row, row) => [0, row]);
  }

  async show() {
    if (!this.results.groups.size) return;
    await this.redraw();
    for (const element of this.maps) element.on("plotly_click", ({ points: [{ x, y }] }) => this.press(x, y));
  }

  // What is drawn before anything is pressed: the cell that reads most of the held-out images.
  best() {
    const cells = this.rows.flatMap(({ cells: of }, row) => of.map(({ group }, column) => ({ place: [column, row], merit: group?.validation?.median ?? -1 })));
    return cells.reduce((one, other) => (other.merit > one.merit ? other : one)).place;
  }

  press(column, row) {
    const others = this.selected.filter(([c, r]) => c !== column || r !== row);
    this.selected = others.length < this.selected.length ? others : [...others, [column, row]].slice(-MOST_SELECTED);
    return this.redraw();
  }

  part(name) {
    return this.element.querySelector(`[data-part=${name}]`);
  }

  async redraw() {
    const look = theme(document.body);
    for (const element of this.maps) await this.drawMap(element, look);
    const cells = this.selected.map(([column, row]) => this.rows[row].cells[column]);
    this.part("where").textContent = this.plan.varied.length ? cells.map((cell) => this.nameOf(cell)).join(" · ") : "";
    const shown = cells.map(({ group }) => group).filter(Boolean);
    for (const element of this.curves) await this.drawCurves(element, shown, look);
  }

  async drawCurves(element, shown, look) {
    const name = element.dataset.curves;
    element.hidden = name !== "bands" && !isDrawn(shown, name);
    this.element.querySelector(`[data-lost=${name}]`).textContent = lostSaid(shown, name);
    const { traces, layout } = bandsOf(this.plan, shown, look, name);
    if (!element.hidden) await this.Plotly.react(element, traces, layout, STILL);
  }

  async drawMap(element, look) {
    const { traces, layout, height } = mapOf(this.plan, this.results, element.dataset.map, this.selected, look);
    element.style.height = `${Math.round(height)}px`;
    await this.Plotly.react(element, traces, layout, STILL);
  }

  nameOf({ where, arm }) {
    const settings = this.plan.varied.map((setting, i) => _("{setting}: {values}", { setting: setting.label, values: textOf(setting, where[i]) }));
    return [...settings, arm].join(", ");
  }
}

open((Plotly, { sweeps }) => {
  const articles = document.querySelectorAll("article");
  const reports = sweeps.map((sweep, i) => new SweepReport(Plotly, sweep, articles[i]));
  const all = (what) => Promise.all(reports.map((each) => each[what]()));
  return { show: () => all("show"), redraw: () => all("redraw") };
});
