// A run as a file that the browser saves, by the name of the format.

import { _ } from "./language.js";
import { noConnection } from "./standing.js";
import { address, inLanguage, inTime, save } from "./web.js";

export const formatName = (form) => ({ csv: "CSV", parquet: "Parquet", json: "JSON", script: _("Script"), notebook: _("Notebook"), report: _("Report"),
  bundle: _("Bundle"), tensorboard: "TensorBoard", onnx: "ONNX", weights: _("Weights") })[form] ?? form;

// Resolves to "" when it is saved, else to why not: the browser would save the server's "no" as the file.
export const savedAs = (run, format) => savedFrom(`api/runs/${run}/export/${format}`, `normscope-${run}`);

// The same of any route that gives a file; `name` is for one without.
export async function savedFrom(path, name) {
  const answer = await inTime(() => fetch(address(inLanguage(path)), { cache: "no-store" })).catch(() => null);
  if (!answer?.ok) return (await answer?.json().catch(() => null))?.error ?? noConnection();
  const file = await answer.blob().catch(() => null);
  if (!file) return noConnection();
  save(file, answer.headers.get("content-disposition")?.match(/filename="([^"]*)"/)?.[1] ?? name);
  return "";
}
