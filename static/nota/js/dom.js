// Small helpers to build pages: text is always text, never markup.

import { gettext } from "./words.js";

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
    "span", { class: "tag simulated", title: gettext("Made by a program, not by nature") },
    gettext("simulated"),
  );
}

// A random UUID, also where the site has no https: only secure contexts have randomUUID.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
