// The words at the lines' ends, beside the plot. They change with every point; as plotly's own annotations each such change
// would be another layout, and axes, numbers and titles would be drawn anew.

const STYLE = { position: "absolute", pointerEvents: "none", whiteSpace: "pre" };
const WORD = { ...STYLE, left: 0, transform: "translateY(-50%)", lineHeight: 1.3 };
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
    while (this.box.children.length < labels.length) made("span", WORD, this.box);
    while (this.box.children.length > labels.length) this.box.lastChild.remove();
    labels.forEach((label, i) => tell(this.box.children[i], label));
  }

  hang() {
    this.element.style.position = "relative";
    const box = made("div", STYLE);
    box.className = "ns-ends";
    this.element.prepend(box); // under what plotly says at a point
    const place = () => {
      const { l, t, w, h } = this.element._fullLayout._size;
      Object.assign(box.style, { left: `${l + w + ASIDE}px`, top: `${t}px`, height: `${h}px` });
    };
    this.element.on("plotly_afterplot", place);
    place();
    return box;
  }
}

function made(kind, style, parent) {
  const element = document.createElement(kind);
  Object.assign(element.style, style);
  parent?.append(element);
  return element;
}

function tell(span, { y, text, font }) {
  Object.assign(span.style, { top: `${100 * (1 - y)}%`, color: font.color, fontSize: `${font.size}px` });
  if (span.told === text) return;
  span.told = text;
  span.replaceChildren(...text.split(/(<b>.*?<\/b>|<br>)/).map(node));
}

// A name is a visitor's, and no HTML, whatever it looks like.
function node(part) {
  if (part === "<br>") return document.createElement("br");
  const bold = part.match(/^<b>(.*)<\/b>$/);
  return bold ? Object.assign(document.createElement("b"), { textContent: bold[1] }) : part;
}
