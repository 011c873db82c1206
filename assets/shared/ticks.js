// Where a log axis has its numbers, and how they are written: plotly's own either crowd or leave one, or none.

const LADDERS = [[1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const MOST_DECADES = 7;

// {tickvals, ticktext} for a log axis that shows `low` to `high` (values, not exponents); at least three ticks.
export function logTicks([low, high]) {
  if (!(low > 0 && high > low && high < Infinity)) return {};
  const tickvals = places(low, high);
  return { tickvals, ticktext: tickvals.map(writer(tickvals)) };
}

// An axis that shows few steps has a number for each: there is no half a step. Steps are counted: 20,000.
const FEW_STEPS = 8;
export const wholeSteps = (shown) => ({ exponentformat: "none", separatethousands: true, ...(shown < FEW_STEPS && { dtick: 1 }) });

// Keeps the ticks of a chart's log axes right whatever changed their range: new data, a zoom, a double click. "yaxis" names
// all upright ones, those too that a later drawing adds: yaxis2, yaxis3.
export function ticksFollow(Plotly, element, ...names) {
  element.on("plotly_afterplot", () => {
    const axes = Object.entries(element._fullLayout).filter(([name]) => names.some((each) => name.startsWith(each)));
    const changes = Object.assign({}, ...axes.map(([name, axis]) => newTicks(axis, name)));
    if (Object.keys(changes).length) Plotly.relayout(element, changes); // at once: each relayout draws the chart again
  });
}

function newTicks(axis, name) {
  if (axis?.type !== "log") return {};
  const ticks = logTicks(axis.range.map((exponent) => 10 ** exponent).toSorted((a, b) => a - b));
  if (!ticks.tickvals || String(ticks.tickvals) === String(axis.tickvals)) return {};
  return { [`${name}.tickvals`]: ticks.tickvals, [`${name}.ticktext`]: ticks.ticktext };
}

function places(low, high) {
  const decades = Math.log10(high / low);
  const inside = (values) => values.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
  if (decades >= 3) {
    const tens = inside(exponents(low, high).map(power));
    const stride = Math.ceil(tens.length / MOST_DECADES);
    return tens.filter((v) => Math.round(Math.log10(v)) % stride === 0);
  }
  const steps = exponents(low, high);
  const found = inside(steps.flatMap((e) => LADDERS[decades < 1 ? 1 : 0].map((m) => scaled(m, e))));
  return found.length >= 3 ? found : evenly(low, high);
}

// A narrow range looks linear, so its ticks are: multiples of 1, 2 or 5 of a power of ten.
function evenly(low, high) {
  let exponent = Math.floor(Math.log10(high - low)) + 1;
  for (;;) {
    for (const multiple of [5, 2, 1]) {
      const step = scaled(multiple, exponent);
      const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
      if (last - first >= 2) {
        return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
      }
    }
    exponent -= 1;
  }
}

const exponents = (low, high) => {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
};

// Read from text, since 10 ** -5 and 3 * 0.1 are not what they look like.
const scaled = (multiple, exponent) => Number(`${multiple}e${exponent}`);
const power = (exponent) => scaled(1, exponent);

// One way of writing for a whole axis: 0.5, 2, 100 where all fit, else 1, 10, 10², 2·10⁻³.
function writer(values) {
  const plain = values[0] > 0.001 && values.at(-1) < 1e4;
  return plain ? (v) => String(Number(v.toPrecision(12))) : powers;
}

function powers(value) {
  if (value === 1 || value === 10) return String(value);
  const [mantissa, exponent] = Number(value.toPrecision(12)).toExponential().split("e");
  return mantissa === "1" ? tenTo(exponent) : `${mantissa}·${tenTo(exponent)}`;
}

// 10⁻³; `exponent` may come as text, with a plus.
export const tenTo = (exponent) => `10${[...String(Number(exponent))].map((c) => SUPERSCRIPTS[c]).join("")}`;

// A number beside a name: `digits` after the point up to 100, whole up to 10,000, in powers of ten beyond either.
export function written(value, digits) {
  const size = Math.abs(value);
  if (size && (size < 0.5 * 10 ** -digits || size >= 1e4)) return powers(Number(value.toPrecision(2)));
  return size < 100 ? value.toFixed(digits) : String(Math.round(value));
}

const SUPERSCRIPTS = Object.fromEntries([..."0123456789-"].map((c, i) => [c, [..."⁰¹²³⁴⁵⁶⁷⁸⁹⁻"][i]]));
