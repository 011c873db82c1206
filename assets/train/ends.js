// The words at the lines' ends, beside the plot. They change with every point; as plotly's own annotations each such change
// would be another layout, and axes, numbers and titles would be drawn anew.

const STYLE = { position: "absolute", pointerEvents: "none", whiteSpace: "pre" };
const ASIDE = 11; // pixels from the plot

export class Ends {
  constructor(element) {
    this.element = element;
  }

  // As labels.js has them. A picture that is saved takes them from the chart.
  write(labels, font) {
    this.element.besidePlot = labels;
    this.box ??= this.hang();
    this.box.style.fontFamily = font;
    const known = [...this.box.children];
    labels.forEach((label, i) => word(known[i] ?? this.box.appendChild(document.createElement("span")), label));
    for (const old of known.slice(labels.length)) old.remove();
    this.place();
  }

  hang() {
    const box = document.createElement("div");
    box.className = "ns-ends";
    Object.assign(box.style, STYLE);
    this.element.style.position = "relative";
    this.element.prepend(box); // under what plotly says at a point
    this.element.on("plotly_afterplot", () => this.place());
    return box;
  }

  place() {
    const { l, t, w, h } = this.element._fullLayout._size;
    Object.assign(this.box.style, { left: `${l + w + ASIDE}px`, top: `${t}px`, height: `${h}px` });
  }
}

function word(span, { y, text, font }) {
  if (span.innerHTML !== text) span.innerHTML = text;
  Object.assign(span.style, {
    ...STYLE, left: 0, top: `${100 * (1 - y)}%`, transform: "translateY(-50%)", lineHeight: 1.3, color: font.color, fontSize: `${font.size}px`,
  });
}
