// A bundle from the visitor's disk, on its way to the server, which checks all of it before it keeps any.

// bringIn  the file that was chosen, for the Runs page
// sent     a file, to the server

import { _ } from "../shared/language.js";
import { noConnection } from "../shared/standing.js";
import { address, inLanguage, inTime } from "../shared/web.js";
import { size } from "./row.js";

// What has been chosen once can be chosen again. The new run is ticked, and no filter hides it.
export async function bringIn(panel, field) {
  const [file] = field.files;
  panel.say(_("Importing {file}…", { file: file.name }));
  const { id, error } = await sent(file, panel.answer?.most ?? Infinity);
  field.value = "";
  panel.say(error ?? "");
  if (id) panel.choose({ ticks: [id], search: (panel.parts.search.value = ""), status: "", data: "", arm: "" });
  await panel.ask();
}

// { id } of the run that is kept now, or { error }: why not. `most` bytes are read of a file.
export async function sent(file, most) {
  if (file.size > most) {
    return { error: _("A bundle has at most {most}, and {file} has {size}: nothing was sent. Choose a file that was exported as a bundle.", { most: size(most), file: file.name, size: size(file.size) }) };
  }
  try {
    const response = await inTime(() => fetch(address(inLanguage("api/import")), { method: "POST", headers: { "content-type": "application/zip" }, body: file }));
    if (response.status === 413) return { error: tooMuch(file) };
    const { id, error } = await response.json();
    return id ? { id } : { error: _("{file} was not imported. {why}", { file: file.name, why: error }) };
  } catch {
    return { error: noConnection() }; // or the file cannot be read any more
  }
}

// A proxy says so, whose limit is not NormScope's.
const tooMuch = (file) => _("{file} was not imported: something between this browser and NormScope takes no file of {size}.", { file: file.name, size: size(file.size) });
