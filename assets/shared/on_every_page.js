// What every page has beside its own: the way that orders go, and the stage.

import { mount as hear, order } from "./orders.js";
import { meet } from "./stage.js";

export function mount(component) {
  hear(component);
  meet(component.data, order);
}
