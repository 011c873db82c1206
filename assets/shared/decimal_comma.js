// A comma typed or pasted into a field of a decimal number is its decimal sign. Where the browser's language has a point
// there, the browser drops the comma and says nothing: 0,3 became 3.

const DECIMAL_COMMA = /^[+-]?\d*,\d*(e[+-]?\d+)?$/i;

// What to put into the field in place of `text`; null where the text may go as it is.
export function pointed(text, step) {
  const isDecimal = step !== "" && !Number.isInteger(Number(step));
  return isDecimal && DECIMAL_COMMA.test(text ?? "") ? text.replace(",", ".") : null;
}

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
