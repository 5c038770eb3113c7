// Small helpers to build pages: text is always text, never markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== ""));
  return made;
}

export const seconds = (duration) => `${Number(duration)} s`;

// The picture of this duration, else the one nearest to it in octaves.
export function nearest(pictures, duration) {
  const apart = (picture) => Math.abs(Math.log2(picture.duration / duration));
  return [...pictures].sort((a, b) => apart(a) - apart(b))[0] ?? null;
}

export const thumbUrl = (picture) => picture.url.replace("/pictures/", "/thumbnails/");

export function thumb(picture, alt) {
  return element("img", {
    class: "thumb", src: thumbUrl(picture), width: 160, height: 134, alt, loading: "lazy",
  });
}

export function simulatedTag() {
  return element(
    "span", { class: "tag simulated", title: "Made by a program, not by nature" }, "simulated",
  );
}
