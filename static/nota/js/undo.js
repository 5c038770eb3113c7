// The last vote can be taken back for some seconds after the site has confirmed it.
//
// The vote itself was sent at once: what is shown as taken is stored, and a gold answer is told
// without delay. Only a confirmed vote can be taken back, so the two requests never overtake each
// other; the server says for how long, and 0 where something followed from the vote.

import { byId } from "./dom.js";
import { fill, gettext } from "./words.js";

export class Undo {
  // send(assignment): resolves with the glitch lent anew. done(vote, assignment); failed(vote, error).
  constructor(send, { done, failed }) {
    this.button = byId("undo");
    this.send = send;
    this.done = done;
    this.failed = failed;
    this.vote = null;
    this.button.addEventListener("click", () => this.take());
  }

  // name: of the answer, as the button says it.
  offer(vote, name, seconds) {
    this.clear();
    this.button.style.setProperty("--undo-seconds", `${seconds}s`);
    this.vote = vote;
    byId("undo-text").textContent = fill(gettext("Undo %(name)s"), { name });
    this.button.setAttribute("aria-disabled", "false");
    void this.button.offsetWidth; // the bar that runs out begins anew
    this.button.classList.add("runs");
    this.timer = setTimeout(() => this.clear(), seconds * 1000);
  }

  clear() {
    clearTimeout(this.timer);
    this.vote = null;
    this.button.classList.remove("runs");
    this.button.setAttribute("aria-disabled", "true");
  }

  async take() {
    const vote = this.vote;
    if (vote === null) return;
    this.clear();
    try {
      this.done(vote, (await this.send(vote.assignment)).assignment);
    } catch (error) {
      this.failed(vote, error);
    }
  }
}
