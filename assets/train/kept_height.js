// What has once been as high stays so during a run, as long as a line has as much room, and it is not folded: the charts
// below would jump.

export class KeptHeight {
  constructor(element) {
    this.element = element;
  }

  forget() {
    this.element.style.minHeight = "";
  }

  keep() {
    const { element } = this;
    const { fontSize } = getComputedStyle(element);
    const room = `${element.clientWidth} ${fontSize} ${element.className}`;
    if (room !== this.room) this.forget();
    this.room = room;
    if (element.offsetHeight > (parseFloat(element.style.minHeight) || 0)) element.style.minHeight = `${element.offsetHeight}px`;
  }
}
