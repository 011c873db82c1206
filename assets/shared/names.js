// An arm's name in lines of at most so many letters, broken where its parts join: bn:book / :dropout=0.5.

export function broken(name, letters) {
  const [first, ...rest] = name.split(/(?=[:/])/);
  const found = [first];
  for (const part of rest) {
    if (found.at(-1).length + part.length <= letters) found.push(found.pop() + part);
    else found.push(part);
  }
  return found;
}
