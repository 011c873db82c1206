// A text in rows of a width; links, which have no spaces, are broken behind their joints, and at last anywhere.

// Where a line may end: behind a space, and beside a Chinese character, yet no line begins with a mark or ends with one that opens.
export const BETWEEN = /(?<= )|(?<=[\u2e80-\u9fff，。、：；？！）》」])(?![，。、：；？！）》」”’… ])|(?<![（《「“‘ ])(?=[\u2e80-\u9fff（《「])/;

// A line and what stood behind it before the text was broken there.
const CHINESE = /[\u2e80-\u9fff\uff00-\uffef]/;
export const joined = (line, next) => line + (CHINESE.test(line.at(-1)) || CHINESE.test(next[0]) ? "" : " ") + next;

export function wrapped(text, width, widthOf) {
  const rows = [];
  let row = "";
  for (const word of text.split(BETWEEN).flatMap((each) => each.split(/(?<=&)/))) {
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
