// Where text is typed, or keys have a meaning of their own: no key of the page's is taken there.

export const FIELDS = "input, textarea, select, [contenteditable], [role=combobox], [role=listbox], [role=slider], [role=spinbutton], [role=textbox]";
