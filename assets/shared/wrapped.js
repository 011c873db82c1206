// A text in rows of a width; links, which have no spaces, are broken behind their joints, and at last anywhere.

export function wrapped(text, width, widthOf) {
  const rows = [];
  let row = "";
  for (const word of text.split(/(?<=[ &])/)) {
    for (const piece of widthOf(word.trimEnd()) > width ? word : [word]) {
      if (row && widthOf((row + piece).trimEnd()) > width) {
        rows.push(row.trimEnd());
        row = "";
      }
      row += piece;
    }
  }
  return [...rows, row.trimEnd()];
}
