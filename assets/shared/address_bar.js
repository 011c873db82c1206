// The browser's Back leads to the page before. Streamlit makes a new entry of its history at each change of the link, and
// the link holds every setting and every picked cell: each would take a press of Back that undoes nothing. So within a
// page the entry is replaced.

const push = history.pushState;
history.pushState = function (state, unused, url) {
  const within = new URL(url ?? "", location.href).pathname === location.pathname;
  (within ? history.replaceState : push).call(history, state, unused, url);
};
