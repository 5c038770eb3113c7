// What is said after a vote, and beside a choice: kind, short, and with a picture to look at.

import { byId, element, nearest, seconds, thumb } from "./dom.js";

const EXAMPLE_DURATION = 1.0;

function figure(pictures, caption) {
  const picture = nearest(pictures, EXAMPLE_DURATION);
  if (!picture) return null;
  return element(
    "figure", {}, thumb(picture, caption),
    element("figcaption", {}, `${caption}, ${seconds(picture.duration)}`),
  );
}

function show(kind, title, lines, pair = []) {
  const pictures = pair.filter(Boolean);
  byId("feedback").replaceChildren(
    element(
      "div", { class: `card ${kind}` },
      element("h3", {}, title),
      pictures.length ? element("div", { class: "pair" }, ...pictures) : null,
      ...lines.map((line) => element("p", {}, line)),
    ),
  );
}

// vote: with the glitch's pictures; gold: the API's answer; answered: the class voted for.
export function showGold(vote, gold, answered) {
  const yours = figure(vote.pictures, "The one you saw");
  if (gold.correct) {
    show("agrees", `Yes: the experts also say ${gold.name_shown}`, ["That one had been labeled before. Well seen."], [yours]);
    return;
  }
  const example = gold.example ? figure(gold.example.pictures, `Another ${gold.name_shown}`) : null;
  show(
    "differs", `The experts call it ${gold.name_shown}`,
    [
      `You said ${answered.name}${answered.twins.includes(gold.name_shown) ? ", which is easily taken for it" : ""}.`,
      `Where to look: ${gold.description || "compare the two pictures."}`,
    ],
    [yours, example],
  );
}

export function showPromotion(level, names) {
  const fresh = names.length ? `New for you: ${names.join(", ")}.` : "The glitches get harder from here.";
  show("level", `You have reached level ${level}`, [fresh, "A level reached is yours for good."]);
}

export const clearFeedback = () => byId("feedback").replaceChildren();

// The panel of the class that is chosen: what it looks like, before the vote is cast.
export function describe(answer, answers) {
  const box = byId("chosen-text");
  if (answer === null) {
    box.replaceChildren(
      element(
        "p", { class: "dim hint" }, "Choose with a click or a key; the same again, or ",
        element("kbd", {}, "Enter"), ", votes.",
      ),
    );
    return;
  }
  if ("alike" in answer) {
    const text = answer.alike ? "It looks like these." : "It does not look like these.";
    box.replaceChildren(
      element("div", { class: "words" }, element("h3", {}, answers.nameOf(answer)), element("p", {}, text)),
    );
    return;
  }
  const facts = answers.facts[answer.label];
  const example = facts.examples[0];
  const strip = example && element(
    "div", { class: "strip more" },
    ...example.pictures.map((picture) =>
      element(
        "figure", {}, thumb(picture, `Example of ${facts.name}`),
        element("figcaption", {}, seconds(picture.duration)),
      )),
  );
  const words = element(
    "div", { class: "words" },
    element("h3", {}, facts.name),
    facts.description ? element("p", {}, facts.description) : null,
    facts.twins.length ? element("p", { class: "dim more" }, `Easily taken for: ${facts.twins.join(", ")}.`) : null,
  );
  box.replaceChildren(...[words, strip].filter(Boolean));
}
