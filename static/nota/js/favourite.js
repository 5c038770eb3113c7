// The star beside the glitch: a favourite, or not.

import { byId } from "./dom.js";

export class Favourite {
  // send(method, gravityspyId): puts or deletes.
  constructor(send, failed) {
    this.button = byId("favourite");
    this.send = send;
    this.failed = failed;
    this.marked = new Set(); // on this page; earlier ones are on the page of collections
    this.button.addEventListener("click", () => this.toggle());
  }

  display(gravityspyId) {
    this.id = gravityspyId;
    this.#show();
  }

  #show() {
    this.button.setAttribute("aria-pressed", String(this.marked.has(this.id)));
  }

  async toggle() {
    const id = this.id;
    if (!id) return;
    const on = !this.marked.has(id);
    this.#set(id, on);
    try {
      await this.send(on ? "PUT" : "DELETE", id);
    } catch (error) {
      this.#set(id, !on);
      this.failed(error);
    }
  }

  #set(id, on) {
    if (on) this.marked.add(id);
    else this.marked.delete(id);
    this.#show();
  }
}
