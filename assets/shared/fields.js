// Where text is typed, or keys have a meaning of their own: no key of the page's is taken there.

export const FIELDS = "input, textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=slider], [role=spinbutton], [role=textbox]";

// While somebody is asked something, or reads the class's link, no key acts on what lies behind.
export const hasDialog = () => Boolean(document.querySelector("dialog[open], [role=dialog], [role=alertdialog]:not([hidden])"));

// Where a key was pressed: in an element with a shadow of its own (the cube) what the document hears of is that element.
export const pressedIn = (event) => event.composedPath?.()[0] ?? event.target;
