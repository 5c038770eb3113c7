// The glitches lent to this volunteer: the one in front and two more, pictures loaded ahead.

export const AHEAD = 3;

export class Queue {
  // ask(want, level, afresh): the API's answer to `next`. isVoted(id): a vote on it waits to be sent.
  constructor(ask, isVoted) {
    this.ask = ask;
    this.isVoted = isVoted;
    this.items = [];
    this.done = new Set();
    this.loaded = new Map(); // picture address -> Image, so that the browser keeps it
    this.filling = null;
    this.afresh = false; // another level was chosen: what was lent at others goes, in front too
  }

  get current() {
    return this.items[0] ?? null;
  }

  advance() {
    const gone = this.items.shift();
    if (gone) this.done.add(gone.id);
    return this.current;
  }

  // A vote was taken back: its glitch, lent anew, comes before all others.
  putBack(assignment) {
    this.items.unshift(assignment);
    this.#load(assignment);
  }

  // A vote was refused for good: the glitch may come again.
  reopen(id) {
    this.done.delete(id);
  }

  // Resolves with the API's answer. The server's list is the truth for all but the one in front:
  // a lease that ran out is dropped, and nobody is shown a glitch that went to someone else.
  fill(level) {
    this.filling ??= this.#fill(level).finally(() => (this.filling = null));
    return this.filling;
  }

  async #fill(level) {
    const afresh = this.afresh;
    const answer = await this.ask(AHEAD, level, afresh);
    if (afresh) this.afresh = false;
    const lent = answer.assignments.filter((a) => !this.done.has(a.id) && !this.isVoted(a.id));
    const stays = !afresh || !level || lent.some((a) => a.id === this.current?.id);
    const front = stays ? this.current : null;
    const rest = lent.filter((a) => a.id !== front?.id);
    this.items = front ? [front, ...rest] : rest;
    this.items.forEach((assignment) => this.#load(assignment));
    this.#forget();
    return answer;
  }

  #load(assignment) {
    for (const url of addresses(assignment)) {
      if (this.loaded.has(url)) continue;
      const image = new Image();
      image.src = url;
      image.decode?.().catch(() => this.loaded.delete(url));
      this.loaded.set(url, image);
    }
  }

  #forget() {
    const needed = new Set(this.items.flatMap(addresses));
    for (const url of this.loaded.keys()) if (!needed.has(url)) this.loaded.delete(url);
  }
}

function addresses(assignment) {
  return assignment.glitch.pictures.map((picture) => picture.url);
}
