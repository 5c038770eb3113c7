// The four durations: all at once, or one large; on a phone always one. The browser remembers it.

import { byId, element, seconds, simulatedTag } from "./dom.js";
import { fill, gettext } from "./words.js";

const PHONE = matchMedia("(max-width: 40rem)");
const FIRST_LARGE = 1.0;
const PAPER = 230; // of 255, as in ml/axes.py
const REMEMBERED = "nota.view";

export class Pictures {
  constructor(box, tabs, name, address) {
    this.box = box;
    this.tabs = tabs;
    this.name = name;
    this.address = address; // of a glitch's own page, with ID in the place of its id
    this.figures = [...box.querySelectorAll("figure")];
    this.durations = [];
    this.large = remembered(); // a duration, or null for all four
    tabs.addEventListener("click", (event) => {
      const show = event.target.closest("[data-show]")?.dataset.show;
      if (show) this.choose(show === "four" ? null : Number(show));
    });
    box.addEventListener("click", (event) => {
      const figure = event.target.closest("figure");
      if (figure && !PHONE.matches) this.choose(this.large === null ? durationOf(figure) : null);
    });
    PHONE.addEventListener("change", () => this.show(this.large));
    this.show(this.large);
  }

  // Shows a glitch; the pictures were loaded ahead, so they are there at once. Resolves once all
  // of them can be seen.
  display(glitch) {
    this.durations = glitch.pictures.map((picture) => picture.duration);
    for (const figure of this.figures) this.#fill(figure, glitch);
    const named = `${glitch.ifo} ${glitch.gravityspy_id}`;
    this.name.replaceChildren(`${named} `, glitch.is_simulated ? simulatedTag() : "");
    this.name.href = this.address.replace("ID", glitch.gravityspy_id);
    for (const tab of this.tabs.querySelectorAll("[data-show]")) {
      const show = tab.dataset.show;
      tab.disabled = show !== "four" && !this.durations.includes(Number(show)); // none moves
    }
    this.box.classList.remove("waiting");
    this.show(this.large);
    const shown = this.figures.filter((figure) => !figure.classList.contains("missing"));
    const images = shown.map((figure) => figure.querySelector("img"));
    return Promise.all(images.map(async (image) => {
      await image.decode();
      image.classList.toggle("bare", !hasMargins(image));
    })).catch(() => {});
  }

  #fill(figure, glitch) {
    const picture = glitch.pictures.find((p) => p.duration === durationOf(figure));
    const image = figure.querySelector("img");
    figure.classList.toggle("missing", !picture);
    if (!picture) {
      image.removeAttribute("src");
      return;
    }
    image.src = picture.url;
    image.width = picture.width;
    image.height = picture.height;
    image.alt = fill(gettext("Spectrogram of %(seconds)s around glitch %(id)s in %(ifo)s"), {
      seconds: seconds(picture.duration), id: glitch.gravityspy_id, ifo: glitch.ifo,
    });
  }

  // What a person chose is remembered; what fits the screen is not.
  choose(duration) {
    remember(duration);
    this.show(duration);
  }

  show(duration) {
    this.large = duration;
    const alone = this.durations.length === 1;
    const one = duration ?? (PHONE.matches || alone ? FIRST_LARGE : null);
    const shown = one === null ? null : this.#nearest(one);
    this.box.classList.toggle("four", shown === null);
    this.box.classList.toggle("one", shown !== null);
    for (const figure of this.figures) figure.classList.toggle("large", durationOf(figure) === shown);
    for (const tab of this.tabs.querySelectorAll("[data-show]")) {
      const pressed = tab.dataset.show === "four" ? shown === null : Number(tab.dataset.show) === shown;
      tab.setAttribute("aria-pressed", String(pressed));
    }
  }

  #nearest(duration) {
    const apart = (d) => Math.abs(Math.log2(d / duration));
    return [...this.durations].sort((a, b) => apart(a) - apart(b))[0] ?? duration;
  }

  // step -1: shorter, +1: longer.
  step(step) {
    const place = this.durations.indexOf(this.#nearest(this.large ?? FIRST_LARGE));
    const next = this.large === null ? place : place + step;
    this.choose(this.durations[Math.max(0, Math.min(this.durations.length - 1, next))]);
  }

  toggleAll() {
    this.choose(this.large === null ? FIRST_LARGE : null);
  }

  wait() {
    this.box.classList.add("waiting");
    this.name.replaceChildren(element("span", {}, gettext("loading …")));
  }
}

// Pictures that are larger than life: all of them show the same part, so that they compare.
export class Zoom {
  constructor(box) {
    this.box = box;
    this.level = 1;
    this.at = { x: 50, y: 50 }; // percent of a picture
    byId("zoom-in").addEventListener("click", () => this.by(1));
    byId("zoom-out").addEventListener("click", () => this.by(-1));
    box.addEventListener("pointermove", (event) => this.#follow(event));
  }

  by(step) {
    this.level = Math.max(1, Math.min(4, this.level + step));
    if (this.level === 1) this.at = { x: 50, y: 50 };
    this.#apply();
  }

  move(x, y) {
    if (this.level === 1) return false;
    const within = (value) => Math.max(0, Math.min(100, value));
    this.at = { x: within(this.at.x + 20 * x), y: within(this.at.y + 20 * y) };
    this.#apply();
    return true;
  }

  #follow(event) {
    const figure = event.target.closest("figure");
    if (this.level === 1 || !figure) return;
    const place = figure.getBoundingClientRect();
    this.at = {
      x: (100 * (event.clientX - place.left)) / place.width,
      y: (100 * (event.clientY - place.top)) / place.height,
    };
    this.#apply();
  }

  #apply() {
    byId("zoom-out").disabled = this.level === 1;
    byId("zoom-in").disabled = this.level === 4;
    this.box.classList.toggle("zoomed", this.level > 1);
    this.box.style.setProperty("--zoom", this.level);
    this.box.style.setProperty("--at", `${this.at.x}% ${this.at.y}%`);
  }
}

// Whether a picture is a plot on white paper: judged near its corner, within a thin border.
function hasMargins(image) {
  const canvas = element("canvas", { width: 1, height: 1 });
  const pencil = canvas.getContext("2d");
  pencil.drawImage(image, -8, -8);
  return Math.min(...pencil.getImageData(0, 0, 1, 1).data) >= PAPER;
}

const durationOf = (figure) => Number(figure.dataset.duration);

function remember(duration) {
  try {
    localStorage.setItem(REMEMBERED, duration ?? "four");
  } catch {
    // Where nothing may be stored, nothing is remembered.
  }
}

function remembered() {
  try {
    return Number(localStorage.getItem(REMEMBERED)) || null;
  } catch {
    return null;
  }
}
