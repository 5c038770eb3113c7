// What went wrong, and what can be done: one line above the glitch.

import { byId } from "./dom.js";

// act: what the button does. With one the trouble passes by itself; without, it is a refusal.
export function trouble(text, action = "", act = null) {
  const box = byId("trouble");
  const button = byId("trouble-button");
  byId("trouble-text").textContent = text;
  button.hidden = act === null;
  button.textContent = action;
  button.onclick = act;
  box.dataset.of = act === null ? "refusal" : "passing";
  box.hidden = false;
}

export const noTrouble = () => (byId("trouble").hidden = true);

export function noPassingTrouble() {
  if (byId("trouble").dataset.of === "passing") noTrouble();
}
