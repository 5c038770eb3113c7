// Votes that the site has not confirmed yet: kept in the browser, sent again until it has.
//
// Each carries an idempotency key, so that sending one twice (a lost answer, two tabs, a reload in
// the middle) stores it once.

const DELAYS_S = [1, 2, 4, 8, 15, 30];

export class Outbox {
  // user: the id, which stays when a person changes name; name: under which votes were kept before.
  // send(vote): resolves with the receipt or rejects with an ApiError.
  // told: {receipt(vote, data), refused(vote, error), state({waiting, error}), sent()}; sent() comes
  // whenever nothing waits any more, whoever asked for it: a vote, a timer, the network's return.
  constructor(user, name, send, told) {
    this.name = `nota.votes.${user}`;
    this.send = send;
    this.told = told;
    this.memory = []; // votes that the browser would not store: they live as long as this page
    this.settled = new Set(); // keys that were answered, also where storage takes no removal
    this.failures = 0;
    this.timer = null;
    this.flushing = null;
    this.#take(`nota.outbox.${name}`);
    addEventListener("online", () => this.retry());
    addEventListener("storage", (event) => event.key === this.name && this.tell(null));
  }

  all() {
    const waits = (vote) => !this.settled.has(vote.idempotency_key);
    return [...this.#stored(), ...this.memory].filter(waits);
  }

  #stored() {
    try {
      const stored = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }

  // Whether the browser took the votes: storage may be full, or forbidden.
  #store(votes) {
    try {
      localStorage.setItem(this.name, JSON.stringify(votes));
      return true;
    } catch {
      return false;
    }
  }

  #keep(votes) {
    const stored = this.#store([...this.#stored(), ...votes]);
    if (!stored) this.memory.push(...votes);
    return stored;
  }

  // Votes that an earlier version of this page had kept elsewhere.
  #take(older) {
    try {
      const found = JSON.parse(localStorage.getItem(older) ?? "[]");
      if (found.length && this.#keep(found)) localStorage.removeItem(older);
    } catch {
      // Nothing is stored here, or nothing that could be read.
    }
  }

  has(assignment) {
    return this.all().some((vote) => vote.assignment === assignment);
  }

  add(vote) {
    this.#keep([vote]);
    return this.flush();
  }

  #remove(key) {
    this.settled.add(key);
    this.memory = this.memory.filter((vote) => vote.idempotency_key !== key);
    const stored = this.#stored();
    const others = stored.filter((vote) => vote.idempotency_key !== key);
    if (others.length < stored.length) this.#store(others);
  }

  retry() {
    clearTimeout(this.timer);
    this.failures = 0;
    return this.flush();
  }

  // Sends what waits, one after the other; true once nothing waits any more.
  flush() {
    this.flushing ??= this.#flush().finally(() => (this.flushing = null));
    return this.flushing;
  }

  async #flush() {
    clearTimeout(this.timer);
    for (let vote = this.all()[0]; vote; vote = this.all()[0]) {
      try {
        const receipt = await this.send(vote);
        this.failures = 0;
        this.#remove(vote.idempotency_key);
        this.tell(null);
        this.told.receipt(vote, receipt);
      } catch (error) {
        if (error.isPassing || error.isLoggedOut) {
          this.#wait(error);
          return false;
        }
        this.#remove(vote.idempotency_key); // asking again would get the same refusal
        this.tell(null);
        this.told.refused(vote, error);
      }
    }
    this.tell(null);
    this.told.sent();
    return true;
  }

  #wait(error) {
    const step = DELAYS_S[Math.min(this.failures, DELAYS_S.length - 1)];
    const seconds = Math.max(step, error.retryAfter ?? 0);
    this.failures += 1;
    this.timer = setTimeout(() => this.flush(), seconds * 1000);
    this.tell(error);
  }

  tell(error) {
    this.told.state({ waiting: this.all().length, error });
  }
}
