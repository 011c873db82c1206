// Where panels stand in one chart, one a layer: as many beside each other as their numbers have room, the others below.

const LEAST = 7; // of a panel's width, in sizes of type: two numbers of steps, or a layer's name
const BETWEEN = 5; // from one row of panels to the next, in sizes of type: steps, their title, and the layers' names
const AROUND = 7; // above and below all of them

// In how many rows and columns so many panels stand in `width`; rows are about alike.
export function rowsOf(count, width, type) {
  const most = Math.max(1, Math.floor(width / (LEAST * type)));
  const rows = Math.max(1, Math.ceil(count / most));
  return { rows, columns: Math.ceil(count / rows) };
}

// The domains of panel `i` in a chart so high: along x, and of its upper and its lower half along y.
export function domainsOf(i, { rows, columns }, height, type) {
  const [row, column] = [Math.floor(i / columns), i % columns];
  const gap = (BETWEEN * type) / Math.max(1, height - AROUND * type);
  const high = (1 - (rows - 1) * gap) / rows;
  const top = 1 - row * (high + gap);
  const foot = Math.max(0, top - high);
  return { row, x: [(column + (column ? 0.06 : 0)) / columns, (column + 0.96) / columns], upper: [foot + 0.54 * high, top], lower: [foot, foot + 0.46 * high] };
}
