// How wide a text of the charts is, in pixels.

let pen;

export const ruler = (font) => (text, size) => {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `600 ${size}px ${font}`;
  return pen.measureText(text).width;
};
