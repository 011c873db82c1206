// Several things in one sentence, and several sentences: as core/language/lists.py has them for Python.
//
//   enumerated   a, b, c    a、b、c
//   parted       a; b; c    a；b；c   where the things have commas themselves
//   sentences    One. Two.  一。二。   what is false or empty is left out

import { pgettext } from "./language.js";

export const enumerated = (things) => things.join(pgettext("between the things of a list", ", "));
export const parted = (things) => things.join(pgettext("between the things of a list that have commas", "; "));

export function sentences(all) {
  const [first = "", ...others] = all.filter(Boolean);
  return others.reduce((said, next) => pgettext("two sentences", "{said} {next}", { said, next }), first);
}
