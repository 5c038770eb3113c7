// The four durations: all at once, or one large; on a phone always one.

import { element, seconds, simulatedTag } from "./dom.js";

const PHONE = matchMedia("(max-width: 40rem)");
const FIRST_LARGE = 1.0;

export class Pictures {
  constructor(box, tabs, name) {
    this.box = box;
    this.tabs = tabs;
    this.name = name;
    this.figures = [...box.querySelectorAll("figure")];
    this.durations = [];
    this.large = null; // a duration, or null for all four
    tabs.addEventListener("click", (event) => {
      const show = event.target.closest("[data-show]")?.dataset.show;
      if (show) this.show(show === "four" ? null : Number(show));
    });
    box.addEventListener("click", (event) => {
      const figure = event.target.closest("figure");
      if (figure && !PHONE.matches) this.show(this.large === null ? durationOf(figure) : null);
    });
    PHONE.addEventListener("change", () => this.show(this.large));
  }

  // Shows a glitch; the pictures were loaded ahead, so they are there at once.
  display(glitch) {
    this.durations = glitch.pictures.map((picture) => picture.duration);
    for (const figure of this.figures) {
      const picture = glitch.pictures.find((p) => p.duration === durationOf(figure));
      figure.classList.toggle("missing", !picture);
      const image = figure.querySelector("img");
      if (!picture) {
        image.removeAttribute("src");
        continue;
      }
      image.src = picture.url;
      image.width = picture.width;
      image.height = picture.height;
      image.classList.toggle("bare", picture.width !== 800 || picture.height !== 600);
      image.alt = `Spectrogram of ${seconds(picture.duration)} around glitch ` +
        `${glitch.gravityspy_id} in ${glitch.ifo}`;
    }
    this.name.replaceChildren(
      `${glitch.ifo} ${glitch.gravityspy_id} `, glitch.is_simulated ? simulatedTag() : "",
    );
    for (const tab of this.tabs.querySelectorAll("[data-show]")) {
      const show = tab.dataset.show;
      tab.hidden = show !== "four" && !this.durations.includes(Number(show));
    }
    this.box.classList.remove("waiting");
    this.show(this.large);
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
    this.show(this.durations[Math.max(0, Math.min(this.durations.length - 1, next))]);
  }

  toggleAll() {
    this.show(this.large === null ? FIRST_LARGE : null);
  }

  wait() {
    this.box.classList.add("waiting");
    this.name.replaceChildren(element("span", {}, "loading …"));
  }
}

const durationOf = (figure) => Number(figure.dataset.duration);
