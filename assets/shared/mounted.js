// What Streamlit calls for a component: the page there is made once, told of every message, and closed when it has left.
// `make` makes it for a root; `told` is what its update is handed of a message.
export function mounted(make, told = (component) => component) {
  const pages = new WeakMap();
  return (component) => {
    const root = component.parentElement;
    if (!pages.has(root)) pages.set(root, make(root));
    const page = pages.get(root);
    page.update(told(component));
    // A newer call may already have taken over when this runs: only a page that has left the screen ends.
    return () => queueMicrotask(() => root.isConnected || page.close());
  };
}
