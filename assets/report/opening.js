// A file that opens offline: what is packed in it is unpacked and drawn, and drawn again in the dark and on paper.

import { bring, speak } from "../shared/language.js";

export const part = (name) => document.querySelector(`[data-part=${name}]`);

// `make` is handed plotly.js and the values of the file; what it returns has `show` and `redraw`.
export function open(make) {
  opened(make).catch((error) => {
    part("broken").hidden = false;
    part("broken").append(` (${error.message})`);
  });
}

async function opened(make) {
  const { language, catalog, ...values } = JSON.parse(await unpacked("run"));
  bring(language, catalog);
  await speak(language);
  const report = make(await plotly(), values);
  await report.show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => report.redraw());
  for (const event of ["beforeprint", "afterprint"]) {
    window.addEventListener(event, () => {
      document.body.classList.toggle("printing", event === "beforeprint");
      report.redraw();
    });
  }
  document.body.dataset.ready = "true";
}

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.codePointAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function plotly() {
  const source = new Blob([await unpacked("plotly")], { type: "text/javascript" });
  const script = Object.assign(document.createElement("script"), { src: URL.createObjectURL(source) });
  await new Promise((done, failed) => {
    script.addEventListener("load", done);
    script.addEventListener("error", failed);
    document.head.append(script);
  });
  return globalThis.Plotly;
}
