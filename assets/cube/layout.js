// Where the cells of a tensor are: depth × across × up in the cube (up is H·W), rows and columns on the sheet.

export const MOVES = { ArrowLeft: 1, ArrowRight: 1, ArrowUp: 1, ArrowDown: 1, PageUp: 1, PageDown: 1 };

// A tensor as depth × across × up (up is H·W) and as a sheet of rows and columns. Cells are numbered in C order.
export function layOut(axes) {
  const sizes = axes.map((axis) => axis.ids.length);
  const count = sizes.reduce((a, b) => a * b, 1);
  const [depth, across] = sizes;
  const up = count / depth / across;
  const inner = { 4: sizes[3], 3: 1, 2: 1 }[axes.length];
  const split = (i) => sizes.reduceRight(([cell, rest], size) => [[rest % size, ...cell], Math.floor(rest / size)], [[], i])[0];
  const join = (position) => position.reduce((i, p, axis) => i * sizes[axis] + p, 0);
  const layout = { axes, sizes, count, depth, across, up, inner, split, join };
  layout.cellAt = (i) => split(i).map((p, axis) => axes[axis].ids[p]);
  layout.indexOf = (cell) => {
    const position = cell.map((id, axis) => axes[axis].ids.indexOf(id));
    return position.includes(-1) || position.length !== axes.length ? -1 : join(position);
  };
  layout.index = (n, c, u) => (n * across + c) * up + u;
  layout.sheet = sheetOf(sizes);
  layout.step = (i, key, flat) => (flat ? stepOnSheet(layout, i, key) : stepInCube(layout, i, key));
  return layout;
}

// Tiles of cells: [N, C] tiles of [H, W]; [N, 1] tiles of [D, T]; one tile of [N, D].
function sheetOf(sizes) {
  const shape = { 4: [...sizes], 3: [sizes[0], 1, sizes[2], sizes[1]], 2: [1, 1, ...sizes] }[sizes.length];
  const [tileRows, tileColumns, rows, columns] = shape;
  const place = {
    4: ([n, c, h, w]) => [n, c, h, w],
    3: ([n, t, d]) => [n, 0, d, t],
    2: ([n, d]) => [0, 0, n, d],
  }[sizes.length];
  const back = {
    4: (tr, tc, r, c) => [tr, tc, r, c],
    3: (tr, tc, r, c) => [tr, c, r],
    2: (tr, tc, r, c) => [r, c],
  }[sizes.length];
  return { tileRows, tileColumns, rows, columns, place, back };
}

function stepInCube(layout, i, key) {
  const { depth, across, up, index } = layout;
  let [n, c, u] = [Math.floor(i / up / across), Math.floor(i / up) % across, i % up];
  if (key === "ArrowLeft") c--;
  if (key === "ArrowRight") c++;
  if (key === "ArrowUp") u--;
  if (key === "ArrowDown") u++;
  if (key === "PageUp") n++;
  if (key === "PageDown") n--;
  return n < 0 || c < 0 || u < 0 || n >= depth || c >= across || u >= up ? -1 : index(n, c, u);
}

function stepOnSheet({ sheet, split, join }, i, key) {
  const [tr, tc, r, c] = sheet.place(split(i));
  let [row, column] = [tr * sheet.rows + r, tc * sheet.columns + c];
  if (key === "ArrowLeft") column--;
  if (key === "ArrowRight") column++;
  if (key === "ArrowUp") row--;
  if (key === "ArrowDown") row++;
  if (key === "PageUp") row -= sheet.rows;
  if (key === "PageDown") row += sheet.rows;
  if (row < 0 || column < 0 || row >= sheet.tileRows * sheet.rows || column >= sheet.tileColumns * sheet.columns) return -1;
  const [R, C] = [sheet.rows, sheet.columns];
  return join(sheet.back(Math.floor(row / R), Math.floor(column / C), row % R, column % C));
}

// The same rule as core/cube/axes.py's family(): equal on every axis that is not averaged, and in the same group.
export function shares({ over, groups, feature }, { axes }, picked, cell) {
  return over.every((averaged, axis) => {
    if (!averaged) return picked[axis] === cell[axis];
    if (axis !== feature || groups === 1) return true;
    const each = axes[axis].size / groups;
    return Math.floor(picked[axis] / each) === Math.floor(cell[axis] / each);
  });
}
