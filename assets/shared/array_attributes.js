// Plotly looks up anew, for each trace at each drawing, which of its type's hundreds of attributes are arrays: a fourth of
// what a drawing takes. The answer depends on the type and on which attributes of the trace hold arrays: it is remembered
// for these. (`Plotly.PlotSchema.findArrayAttributes`, of plotly.js 3; who hovers has the arrays' values by it.)

export function rememberArrays({ PlotSchema }) {
  const find = PlotSchema?.findArrayAttributes;
  if (!find) return; // another plotly.js: slower, and right
  const found = new Map();
  PlotSchema.findArrayAttributes = (trace) => {
    const paths = arraysOf(trace, "");
    if (paths.some((path) => path.endsWith("[]"))) return find(trace); // of objects, which may have arrays themselves
    const key = `${trace.type} ${paths.join(" ")}`;
    if (!found.has(key)) found.set(key, find(trace));
    return [...found.get(key)];
  };
}

// What begins with _ is Plotly's own.
function arraysOf(value, path) {
  return Object.keys(value).flatMap((name) => {
    const inside = value[name];
    if (name.startsWith("_") || !inside || typeof inside !== "object") return [];
    if (Array.isArray(inside) || ArrayBuffer.isView(inside)) return [`${path}${name}${typeof inside[0] === "object" ? "[]" : ""}`];
    return arraysOf(inside, `${path}${name}.`);
  });
}
