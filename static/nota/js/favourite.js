// The star beside the glitch: a favourite, or not. Who has no account has no star.

import { byId } from "./dom.js";

export class Favourite {
  // list(): resolves with the favourites of before. send(method, gravityspyId): puts or deletes.
  constructor(list, send, failed) {
    this.button = byId("favourite");
    this.send = send;
    this.failed = failed;
    this.marked = new Set();
    this.touched = new Set(); // on this page: newer than the list of before
    this.button.addEventListener("click", () => this.toggle());
    if (!this.button.hidden) this.#load(list);
  }

  async #load(list) {
    const earlier = await list().catch(() => ({ gravityspy_ids: [] }));
    for (const id of earlier.gravityspy_ids) if (!this.touched.has(id)) this.marked.add(id);
    this.#show();
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
    if (!id || this.button.hidden) return;
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
    this.touched.add(id);
    if (on) this.marked.add(id);
    else this.marked.delete(id);
    this.#show();
  }
}
