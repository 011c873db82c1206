// Where the server is asked too often it says for how long it is not to be asked. So does the page, until it goes on.

let line = null;

// What is said, in one line over the page; "" takes it away.
export function say(words) {
  if (!line) {
    line = Object.assign(document.createElement("p"), { className: "ns-held-up" });
    line.setAttribute("role", "status");
    document.body.append(line);
  }
  line.textContent = words;
  line.hidden = !words;
}
