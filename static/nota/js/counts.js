// The line above the glitch: votes, level, how often experts agreed.

import { byId } from "./dom.js";
import { ngettext } from "./words.js";

function add(id, by) {
  byId(id).textContent = String(Number(byId(id).textContent) + by);
}

export function countVote(by) {
  add("votes", by);
  byId("votes-word").textContent = ngettext("vote", "votes", Number(byId("votes").textContent));
}

export function countGold(correct) {
  add("gold-seen", 1);
  if (correct) add("gold-correct", 1);
}

export const levelShown = () => Number(byId("level").textContent);

export const setLevel = (level) => (byId("level").textContent = String(level));
