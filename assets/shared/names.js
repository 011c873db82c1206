// An arm's name where there is little room for it.

// In lines of at most so many letters, broken where its parts join: bn:book / :dropout=0.5.
export function broken(name, letters) {
  const [first, ...rest] = name.split(/(?=[:/])/);
  const found = [first];
  for (const part of rest) {
    if (found.at(-1).length + part.length <= letters) found.push(found.pop() + part);
    else found.push(part);
  }
  return found;
}

// In one, of which the end is left out: bn:book:dr…
export const cut = (name, letters) => (name.length > letters ? `${name.slice(0, letters - 1)}…` : name);
