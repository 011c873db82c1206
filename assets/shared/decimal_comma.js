// A comma typed or pasted into a field of a decimal number is its decimal sign. Where the browser's language has a point
// there, the browser drops the comma and says nothing: 0,3 became 3. And the full-width signs of a Chinese input method are
// their ASCII twins in any field of numbers: ０。３ is 0.3.

const DECIMAL_COMMA = /^[+-]?\d*,\d*(e[+-]?\d+)?$/i;

// What to put into the field in place of `text`; null where the text may go as it is.
export function pointed(text, step) {
  const narrow = (text ?? "").replaceAll(FULL_WIDTH, narrowed);
  const isDecimal = step !== "" && !Number.isInteger(Number(step));
  const instead = isDecimal && DECIMAL_COMMA.test(narrow) ? narrow.replace(",", ".") : narrow;
  return instead === (text ?? "") ? null : instead;
}

const FULL_WIDTH = /[！-～。]/g;
const narrowed = (sign) => (sign === "。" ? "." : sign.normalize("NFKC"));

globalThis.document?.addEventListener(
  "beforeinput",
  (event) => {
    const { target: field } = event;
    const instead = field.type === "number" ? pointed(event.data, field.step) : null;
    if (instead === null) return;
    event.preventDefault();
    document.execCommand("insertText", false, instead); // as typed: React hears of it, and Undo takes it back
  },
  true,
);
