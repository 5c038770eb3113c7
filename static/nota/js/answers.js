// The buttons: classes in their stable places with a filter, or yes and no.

import { byId, element, seconds, thumb, nearest } from "./dom.js";
import { fill, gettext } from "./words.js";

export class Answers {
  // chosen(answer | null) is told when the choice changes; confirm() when it is chosen again.
  constructor(classesUrl, told) {
    this.classesUrl = classesUrl;
    this.told = told;
    this.assignment = null;
    this.answer = null;
    this.filter = byId("filter");
    this.filter.addEventListener("input", () => this.#applyFilter());
    this.chips = [...byId("traits").querySelectorAll("button")];
    for (const chip of this.chips) chip.addEventListener("click", () => this.#toggle(chip));
    for (const box of [byId("classes"), byId("ask-alike")]) {
      box.addEventListener("click", (event) => {
        const button = event.target.closest("button.class");
        if (button && !button.disabled) this.choose(answerOf(button));
      });
    }
    this.#readFacts();
  }

  #readFacts() {
    this.facts = JSON.parse(byId("class-facts").textContent);
    this.byKey = new Map(this.#buttons().map((b) => [b.dataset.key, b]));
  }

  #buttons() {
    return [...byId("classes").querySelectorAll("button.class")];
  }

  knows(labels) {
    return labels.every((label) => label in this.facts);
  }

  // Asks for the buttons anew: a level was reached or a class was born meanwhile.
  async refresh() {
    const response = await fetch(this.classesUrl, { credentials: "same-origin" });
    if (!response.ok || response.redirected) return;
    byId("classes").innerHTML = await response.text(); // our own page's fragment, escaped there
    this.#readFacts();
    if (this.assignment) this.#offer();
    this.#applyFilter();
  }

  display(assignment) {
    this.assignment = assignment;
    const alike = assignment.question === "alike";
    byId("ask-class").hidden = alike;
    byId("ask-alike").hidden = !alike;
    if (alike) this.#showReferences(assignment.references);
    else this.#offer();
    this.take(null);
  }

  // Buttons never move: what is not on offer for this glitch is switched off where it stands.
  #offer() {
    const offered = new Set(this.assignment.classes);
    for (const button of this.#buttons()) {
      button.disabled = !offered.has(button.dataset.label);
      button.title = button.disabled ? gettext("Not on offer for this glitch") : "";
    }
  }

  #showReferences(references) {
    byId("references").replaceChildren(
      ...references.map((reference) => {
        const picture = nearest(reference.pictures, 2.0);
        const alt = fill(gettext("Reference %(id)s"), { id: reference.gravityspy_id });
        return element(
          "li", {}, thumb(picture, alt),
          element("span", { class: "caption" }, `${reference.gravityspy_id}, ${seconds(picture.duration)}`),
        );
      }),
    );
  }

  choose(answer) {
    if (!this.assignment) return;
    if (this.answer !== null && same(answer, this.answer)) this.told.confirm();
    else this.take(answer);
  }

  take(answer) {
    this.answer = answer;
    for (const button of document.querySelectorAll("button.class")) {
      const pressed = answer !== null && same(answerOf(button), answer);
      button.setAttribute("aria-pressed", String(pressed));
    }
    this.told.chosen(answer);
  }

  // A key of a class, or of yes and no; true where it was one.
  press(key) {
    if (!this.assignment) return false;
    if (this.assignment.question === "alike") {
      if (key !== "y" && key !== "n") return false;
      this.choose({ alike: key === "y" });
      return true;
    }
    const button = this.byKey.get(key);
    if (!button || button.disabled) return false;
    this.choose(answerOf(button));
    return true;
  }

  #toggle(chip) {
    chip.setAttribute("aria-pressed", String(!isPressed(chip)));
    this.#applyFilter();
  }

  // Words typed are looked for in name, traits and description; traits pressed must be among its own.
  #applyFilter() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const traits = this.chips.filter(isPressed).map((chip) => chip.dataset.trait);
    const filters = words.length + traits.length > 0;
    const matching = [];
    for (const button of this.#buttons()) {
      const own = button.dataset.traits.split(" ");
      const matches =
        words.every((word) => button.dataset.words.includes(word)) &&
        traits.every((trait) => own.includes(trait));
      button.classList.toggle("dimmed", !matches);
      button.classList.toggle("match", matches && filters);
      if (matches && !button.disabled) matching.push(button);
    }
    this.only = filters && matching.length === 1 ? matching[0] : null;
  }

  // Enter in the filter box: take the only class that is left, then vote.
  enterInFilter() {
    if (this.only && !(this.answer && same(this.answer, answerOf(this.only)))) {
      this.take(answerOf(this.only));
      return true;
    }
    return false;
  }

  clearFilter() {
    this.filter.value = "";
    for (const chip of this.chips) chip.setAttribute("aria-pressed", "false");
    this.#applyFilter();
  }

  nameOf(answer) {
    if (answer.alike !== undefined) return answer.alike ? gettext("Yes") : gettext("No");
    return this.facts[answer.label]?.name ?? answer.label;
  }
}

function answerOf(button) {
  const { label, alike } = button.dataset;
  return label !== undefined ? { label } : { alike: alike === "true" };
}

const isPressed = (chip) => chip.getAttribute("aria-pressed") === "true";

const same = (a, b) => a.label === b.label && a.alike === b.alike;
