// The keyboard: one key a class, the same key or Enter votes.

import { byId } from "./dom.js";

export function listen({ answers, pictures, vote, clearFeedback }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const target = event.target;
    const inFilter = target === answers.filter;
    if (!inFilter && target.matches("input, textarea, select")) return;
    if (handle(event, inFilter)) event.preventDefault();
  });

  function handle(event, inFilter) {
    const { key, target } = event;
    if (key === "Escape") return escape(inFilter);
    if (key === "Enter") return !event.repeat && enter(target, inFilter);
    if (inFilter) return false;
    if (key === "?") return done(byId("help").showModal());
    if (key === "/") return done(answers.filter.focus());
    if (key === "ArrowLeft") return done(pictures.step(-1));
    if (key === "ArrowRight") return done(pictures.step(1));
    if (key === " ") return target.matches("button, a") ? false : done(pictures.toggleAll());
    // A key held down must not vote on glitch after glitch.
    if (event.repeat || key.length !== 1) return false;
    return answers.press(key.toLowerCase());
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
    else clearFeedback();
    return true;
  }
}

const done = () => true;
