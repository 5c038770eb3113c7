// The levels to choose from, and what is said where nothing is left at one of them.

import { byId, element } from "./dom.js";
import { fill, gettext } from "./words.js";

export function showLevels(levels) {
  const choice = byId("levels");
  const offered = [...choice.options].slice(1).map((option) => Number(option.value));
  if (levels.join() === offered.join()) return;
  const chosen = choice.value;
  choice.replaceChildren(
    element("option", { value: "" }, gettext("all")),
    ...levels.map((level) => element("option", { value: level }, String(level))),
  );
  choice.value = levels.map(String).includes(chosen) ? chosen : "";
  byId("level-choice").hidden = levels.length < 2;
}

// look(): asks for glitches again, at the level that is chosen then.
export function showNothing(levels, look) {
  const chosen = byId("levels").value;
  byId("bench").hidden = true;
  byId("nothing").hidden = false;
  byId("nothing").before(byId("feedback")); // what was said of the last vote stays in sight
  byId("nothing-text").textContent = chosen
    ? fill(gettext("You have seen every glitch of level %(level)s that needs a vote. Try another level:"), { level: chosen })
    : gettext("You have seen every glitch that needs a vote here. Thank you! New ones come by themselves.");
  const others = chosen ? ["", ...levels.map(String)].filter((level) => level !== chosen) : [];
  byId("nothing-levels").replaceChildren(...others.map((level) => levelButton(level, look)));
  byId("nothing").focus();
}

function levelButton(level, look) {
  const text = level ? fill(gettext("Level %(level)s"), { level }) : gettext("All levels");
  const button = element("button", { type: "button" }, text);
  button.addEventListener("click", () => {
    byId("levels").value = level;
    look();
  });
  return button;
}
