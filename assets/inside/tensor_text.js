// A tensor as PyTorch prints it: four decimals, or an exponent where they would not do, 80 characters a line.
export function printed(values) {
  const known = values.filter((value) => value != null && value !== 0).map(Math.abs);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const whole = known.every(Number.isInteger);
  const powers = known.length && (high / low > 1000 || high > 1e8 || (!whole && low < 1e-4));
  const one = (value) => (value == null ? "nan" : powers ? value.toExponential(4).replace(/e([+-])(\d)$/, "e$10$2") : whole ? `${value}.` : value.toFixed(4));
  const texts = values.map(one);
  const width = Math.max(...texts.map((text) => text.length));
  const each = Math.max(1, Math.floor((80 - 7) / (width + 2)));
  const rows = Array.from({ length: Math.ceil(texts.length / each) }, (_, i) => texts.slice(i * each, (i + 1) * each).map((text) => text.padStart(width)).join(", "));
  return `tensor([${rows.join(",\n" + " ".repeat(9))}])`;
}
