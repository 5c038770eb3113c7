// What is said after a vote, and beside a choice: kind, short, and with a picture to look at.

import { byId, element, nearest, seconds, thumb } from "./dom.js";
import { fill, gettext } from "./words.js";

function figure(pictures, duration, caption) {
  const picture = nearest(pictures, duration);
  if (!picture) return null;
  return element(
    "figure", {}, thumb(picture, caption),
    element("figcaption", {}, `${caption}, ${seconds(picture.duration)}`),
  );
}

// A level that was reached stays in sight until it is closed; all else until the next vote.
function show(kind, title, lines, pair = []) {
  if (kind !== "level") clearFeedback();
  const pictures = pair.filter(Boolean);
  const close = element("button", { type: "button", class: "quiet close", "aria-label": gettext("Close") }, "✕");
  const card = element(
    "div", { class: `card ${kind}` },
    element("h3", {}, title),
    pictures.length ? element("div", { class: "pair" }, ...pictures) : null,
    ...lines.map((line) => element("p", {}, line)),
    close,
  );
  close.addEventListener("click", () => card.remove());
  byId("feedback").append(card);
}

// vote: with the glitch's pictures; gold: the API's answer; answered, lookAt: what the page knows
// of the class voted for, and the duration (seconds) that shows the right one best.
export function showGold(vote, gold, answered, lookAt) {
  const yours = figure(vote.pictures, lookAt, gettext("The one you saw"));
  const name = gold.name_shown;
  if (gold.correct) {
    show(
      "agrees", `✓ ${fill(gettext("Yes: the experts also say %(name)s"), { name })}`,
      [gettext("That one had been labeled before. Well seen.")], [yours],
    );
    return;
  }
  const another = fill(gettext("Another %(name)s"), { name });
  const example = gold.example ? figure(gold.example.pictures, lookAt, another) : null;
  const said = answered.twins.includes(name)
    ? gettext("You said %(name)s, which is easily taken for it.")
    : gettext("You said %(name)s.");
  show(
    "differs", fill(gettext("The experts call it %(name)s"), { name }),
    [
      fill(said, { name: answered.name }),
      `${gettext("Where to look:")} ${gold.description || gettext("compare the two pictures.")}`,
    ],
    [yours, example],
  );
}

export function showPromotion(level, names) {
  const fresh = names.length
    ? fill(gettext("New for you: %(names)s."), { names: names.join(", ") })
    : gettext("The glitches get harder from here.");
  show(
    "level", fill(gettext("You have reached level %(level)s"), { level }),
    [fresh, gettext("A level reached is yours for good.")],
  );
}

export function clearFeedback() {
  for (const card of byId("feedback").querySelectorAll(".card:not(.level)")) card.remove();
}

export const closeFeedback = () => byId("feedback").replaceChildren();

// The panel of the class that is chosen: what it looks like, before the vote is cast.
export function describe(answer, answers) {
  const box = byId("chosen-text");
  if (answer === null) {
    const hint = gettext("Choose with a click or a key; the same again, or Enter, votes.");
    box.replaceChildren(element("p", { class: "dim hint" }, hint));
    return;
  }
  if (answer.alike !== undefined) {
    const text = answer.alike
      ? gettext("It looks like these.")
      : gettext("It does not look like these.");
    box.replaceChildren(
      element("div", { class: "words" }, element("h3", {}, answers.nameOf(answer)), element("p", {}, text)),
    );
    return;
  }
  const facts = answers.facts[answer.label];
  box.replaceChildren(...[words(facts), strip(facts)].filter(Boolean));
}

function words(facts) {
  const twins = fill(gettext("Easily taken for: %(names)s."), { names: facts.twins.join(", ") });
  return element(
    "div", { class: "words" },
    element("h3", {}, facts.name),
    facts.description ? element("p", {}, facts.description) : null,
    facts.twins.length ? element("p", { class: "dim more" }, twins) : null,
  );
}

function strip(facts) {
  const example = facts.examples[0];
  if (!example) return null;
  const alt = fill(gettext("Example of %(name)s"), { name: facts.name });
  return element(
    "div", { class: "strip more" },
    ...example.pictures.map((picture) =>
      element(
        "figure", {}, thumb(picture, alt),
        element("figcaption", {}, seconds(picture.duration)),
      )),
  );
}
