// What a sweep has found so far, as the server tells it: groups, each of one combination of settings and one arm.

export class Results {
  constructor() {
    this.forget();
  }

  forget() {
    [this.generation, this.latest, this.groups] = [0, 0, new Map()];
  }

  // Whether there is something new. A sweep that was begun again is told from its beginning.
  add({ generation, latest, groups }) {
    const isAnew = generation !== this.generation;
    if (isAnew) this.groups = new Map();
    const isNew = isAnew || groups.length > 0;
    for (const group of groups) this.groups.set(keyOf(group), group);
    [this.generation, this.latest] = [generation, latest];
    return isNew;
  }

  at(where, arm, part) {
    return this.groups.get(keyOf({ part, where, arm }));
  }

  has(part) {
    return [...this.groups.values()].some((group) => group.part === part);
  }
}

export const keyOf = ({ part = 0, where, arm }) => JSON.stringify([part, where, arm]);

// A value as it is shown.
export const textOf = ({ values, texts }, value) => texts[values.indexOf(value)] ?? value;

// All combinations of a sweep in its order: the first setting that is varied lies along the map, the second goes down it
// with the arms. [{ where, arm, group }, …], a row each.
export function rowsOf({ varied, arms, part }, results) {
  const [across, down] = varied;
  return (down?.values ?? [null]).flatMap((value) => arms.map(({ name }) => ({
    value, arm: name,
    cells: (across?.values ?? [null]).map((along) => {
      const where = [along, value].filter((each) => each !== null);
      return { where, arm: name, group: results.at(where, name, part) };
    }),
  })));
}

// In the order of the table: as the map is read.
export const allGroups = (plan, results) => rowsOf(plan, results).flatMap(({ cells }) => cells.map(({ group }) => group)).filter(Boolean);
