// The keys of the practice: a class's key answers, Enter goes on.

import { byId } from "./dom.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !singleKeys()) return;
  if (event.key === "Enter" && !event.target.closest("a, button, summary")) byId("next")?.click();
  if (event.key.length !== 1) return;
  document.querySelector(`button.class[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});

function singleKeys() {
  try {
    return localStorage.getItem("nota.single-keys") !== "off";
  } catch {
    return true;
  }
}
