// One chart of the lab: what is wanted last is drawn, once plotly.js is there.

import { plotly } from "../shared/plotly.js";
import { framed } from "../shared/web.js";

const CONFIG = framed({ displayModeBar: false });

export class Plot {
  // `press` hears of what is pressed in it.
  constructor(element, press) {
    Object.assign(this, { element, press });
  }

  close() {
    this.closed = true;
  }

  async draw(picture) {
    this.wanted = picture;
    if (this.drawing) return;
    this.drawing = true;
    try {
      const Plotly = (this.Plotly = await plotly());
      while (this.wanted && !this.closed) {
        const { traces, layout } = this.wanted;
        this.wanted = null;
        await Plotly.react(this.element, traces, layout, CONFIG);
        if (!this.heard) this.element.on("plotly_click", this.press);
        this.heard = true;
      }
    } finally {
      this.drawing = false;
    }
  }
}
