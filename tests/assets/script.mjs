// Where the page's scripts lie: by name, in whatever folder of assets/.

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ASSETS = fileURLToPath(new URL("../../assets/", import.meta.url));

// As it is when a page is opened, where `visit` says which.
export function script(name, visit = "") {
  const found = readdirSync(ASSETS, { recursive: true }).filter((path) => basename(path) === name);
  if (found.length !== 1) throw new Error(`${found.length} scripts in assets/ are called ${name}: one is meant`);
  return import(pathToFileURL(join(ASSETS, found[0])).href + visit);
}
