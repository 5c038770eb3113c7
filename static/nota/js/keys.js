// The keyboard: one key a class, the same key or Enter votes. Single keys can be switched off.

import { byId } from "./dom.js";

const SWITCH = "nota.single-keys";

export function listen({ answers, pictures, zoom, undo, favourite, vote, closeFeedback }) {
  const single = singleKeys();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const target = event.target;
    const inFilter = target === answers.filter;
    if (!inFilter && target.matches("input, textarea, select, summary")) return;
    if (handle(event, inFilter)) event.preventDefault();
  });

  const doing = {
    "?": () => byId("help").showModal(),
    "/": () => answers.filter.focus(),
    "*": () => favourite.toggle(),
    "+": () => zoom.by(1),
    "=": () => zoom.by(1), // the same key as + without Shift
    "-": () => zoom.by(-1),
    ArrowLeft: () => pictures.step(-1),
    ArrowRight: () => pictures.step(1),
    Backspace: () => undo.take(),
  };
  const moving = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function handle(event, inFilter) {
    const { key, target } = event;
    if (key === "Escape") return escape(inFilter);
    if (key === "Enter") return !event.repeat && enter(target, inFilter);
    if (inFilter || (key.length === 1 && key !== " " && !single.checked)) return false;
    if (event.shiftKey && key in moving) return zoom.move(...moving[key]);
    if (key === " ") return target.matches("button, a") ? false : done(pictures.toggleAll());
    // A key held down must not vote on glitch after glitch, nor take back one after the other.
    if (event.repeat && !key.startsWith("Arrow")) return false;
    if (key in doing) return done(doing[key]());
    return key.length === 1 && answers.press(key.toLowerCase());
  }

  function enter(target, inFilter) {
    if (inFilter && answers.enterInFilter()) return true;
    const elsewhere = target.closest("button, a") && !target.closest(".class, .confirm");
    if (elsewhere || answers.answer === null) return false;
    vote();
    if (inFilter) {
      answers.clearFilter();
      answers.filter.blur();
    }
    return true;
  }

  function escape(inFilter) {
    if (inFilter) {
      answers.clearFilter();
      answers.filter.blur();
    } else if (answers.answer !== null) answers.take(null);
    else closeFeedback();
    return true;
  }
}

// WCAG 2.1.4: shortcuts of one character can be turned off. The browser remembers it.
function singleKeys() {
  const box = byId("single-keys");
  try {
    box.checked = localStorage.getItem(SWITCH) !== "off";
  } catch {
    // Where nothing may be stored, they work.
  }
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH, box.checked ? "on" : "off");
    } catch {
      // It holds for this page.
    }
  });
  return box;
}

const done = () => true;
