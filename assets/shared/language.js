// Sentences in the language of who reads. English is in the calls themselves; another language's catalog, made of the same
// one as Python's, is fetched before a page's script begins.
//
//   _("step {step} of {total}", { step, total })          a sentence with its values, which the caller has written and escaped
//   ngettext("{n} epoch", "{n} epochs", n)                one or many
//   pgettext("one mini-batch", "Step")                    a word that two places translate differently
//
// The texts stand in the calls as they are, in double quotation marks, and calls stand in functions: what a module says
// while it is read stays in the language that was spoken then.

const TAGS = { en: "en", zh: "zh-CN" }; // as core/language/languages.py has them

let language = "en";
let catalog = {};
let asked = language;
const catalogs = { en: Promise.resolve({}) };

export const spoken = () => language;

// From now on, on this page; resolves when it can be spoken. `chosen`: by the visitor, so that the next visit speaks it too.
export async function speak(wanted, chosen) {
  asked = wanted;
  catalogs[wanted] ??= fetched(wanted);
  const found = await catalogs[wanted];
  if (asked !== wanted) return; // another was chosen while its catalog was on its way
  [language, catalog] = [wanted, found];
  // Streamlit says "en", and a browser that takes Chinese for Japanese draws other characters.
  if (document.documentElement.lang !== TAGS[wanted]) document.documentElement.lang = TAGS[wanted];
  if (chosen) remember(wanted);
}

// A file that is opened without a server has the catalog in it.
export const bring = (wanted, found) => {
  catalogs[wanted] = Promise.resolve(found);
};

async function fetched(wanted) {
  try {
    return await (await fetch(new URL(`../locale/${wanted}.json`, import.meta.url))).json();
  } catch {
    delete catalogs[wanted]; // who asks again may be luckier; until then English is better than an empty page
    return {};
  }
}

// The server reads it with the next visit's first request, before it writes a word.
const YEAR = 365 * 24 * 3600;
function remember(wanted) {
  const path = new URL(".", document.baseURI).pathname;
  document.cookie = `normscope_language=${wanted}; path=${path}; max-age=${YEAR}; samesite=lax`;
}

export const _ = (text, values) => filled(catalog[text] ?? text, values);
export const pgettext = (context, text, values) => filled(catalog[`${context}\u0004${text}`] ?? text, values);
export const ngettext = (one, many, n, values) => filled(catalog[one] ?? (Number(n) === 1 ? one : many), { n, ...values });

const filled = (text, values) => (values ? text.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole) : text);
