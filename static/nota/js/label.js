// The label page: choose, confirm, next. What can fail is said on the page with what to do.

import { Answers } from "./answers.js";
import { call } from "./api.js";
import { byId, element } from "./dom.js";
import { clearFeedback, describe, showGold, showPromotion } from "./feedback.js";
import { listen } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Pictures } from "./pictures.js";
import { Queue } from "./queue.js";

const table = byId("table");
const { user, api: base, classesUrl, logIn } = table.dataset;
const count = Object.fromEntries(
  ["votes", "level", "gold-correct", "gold-seen"].map((id) => [id, byId(id)]),
);

const pictures = new Pictures(byId("pictures"), document.querySelector(".tabs"), byId("glitch-name"));
const answers = new Answers(classesUrl, { chosen: onChosen, confirm: vote });
const outbox = new Outbox(user, sendVote, { receipt: onReceipt, refused: onRefused, state: onState });
const queue = new Queue(
  (want, level) => call(base, "GET", `next?want=${want}${level ? `&level=${level}` : ""}`),
  (id) => outbox.has(id),
);
let shown = null; // the assignment on the page
let waitingForNext = null;

function sendVote(kept) {
  const { assignment, label, alike, idempotency_key } = kept;
  const answer = label === undefined ? { alike } : { label };
  return call(base, "POST", "votes", { assignment, ...answer, idempotency_key });
}

function add(id, by) {
  count[id].textContent = String(Number(count[id].textContent) + by);
}

function onChosen(answer) {
  const confirm = byId("confirm");
  confirm.disabled = answer === null;
  byId("chosen").classList.toggle("has", answer !== null);
  confirm.replaceChildren(
    answer ? `Vote ${answers.nameOf(answer)} ` : "Vote ", element("kbd", {}, "↵"),
  );
  describe(answer, answers);
}

// The vote is stored in the browser first; then the next glitch is shown, without waiting.
function vote() {
  if (!shown || answers.answer === null) return;
  const assignment = shown;
  const kept = {
    assignment: assignment.id,
    ...answers.answer,
    idempotency_key: newKey(),
    gravityspy_id: assignment.glitch.gravityspy_id,
    pictures: assignment.glitch.pictures,
  };
  clearFeedback();
  queue.advance();
  const sent = outbox.add(kept);
  showCurrent();
  sent.then((allSent) => allSent && fill());
}

function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Only secure contexts have randomUUID; a site without https on a local network has not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function onReceipt(kept, receipt) {
  const { gold, promoted_to: promoted } = receipt;
  if (receipt.created) {
    add("votes", 1);
    byId("votes-s").textContent = count.votes.textContent === "1" ? "" : "s";
    if (gold) add("gold-seen", 1);
    if (gold?.correct) add("gold-correct", 1);
  }
  if (gold) showGold(kept, gold, answers.facts[kept.label] ?? { name: kept.label, twins: [] });
  if (promoted) {
    count.level.textContent = String(promoted);
    const before = new Set(Object.keys(answers.facts));
    await answers.refresh().catch(() => {});
    const fresh = Object.keys(answers.facts).filter((label) => !before.has(label));
    showPromotion(promoted, fresh.map((label) => answers.facts[label].name));
  }
}

function onRefused(kept, error) {
  if (error.status === 400) queue.reopen(kept.assignment);
  trouble(`Your vote on ${kept.gravityspy_id} was not taken: ${error.message}`);
}

function onState({ waiting, error }) {
  const pill = byId("waiting");
  pill.hidden = waiting === 0 || (error === null && pill.hidden);
  const votes = waiting === 1 ? "1 vote waits" : `${waiting} votes wait`;
  pill.textContent = `${votes} in this browser`;
  if (error?.isLoggedOut) {
    trouble(`You were logged out. Nothing is lost: ${votes} here and will be sent once you log in.`, "Log in", () => {
      location.href = logIn;
    });
  } else if (error) {
    trouble(`${error.message} Go on if you like: ${votes} in this browser and will be sent by ${waiting === 1 ? "itself" : "themselves"}.`, "Send now", () => outbox.retry().then((sent) => sent && fill()));
  } else if (waiting === 0 && byId("trouble").dataset.of === "passing") {
    noTrouble();
  }
}

function trouble(text, action = "", act = null) {
  const box = byId("trouble");
  const button = byId("trouble-button");
  byId("trouble-text").textContent = text;
  button.hidden = act === null;
  button.textContent = action;
  button.onclick = act;
  box.dataset.of = act === null ? "refusal" : "passing";
  box.hidden = false;
}

function noTrouble() {
  byId("trouble").hidden = true;
}

async function fill() {
  clearTimeout(waitingForNext);
  let answer;
  try {
    answer = await queue.fill(byId("levels").value);
  } catch (error) {
    if (queue.current) return; // told when it matters
    if (error.isLoggedOut) {
      trouble("You were logged out.", "Log in", () => (location.href = logIn));
    } else {
      trouble(`${error.message} The next glitch comes by itself as soon as it can.`, "Try again", fill);
      waitingForNext = setTimeout(fill, 3000);
    }
    return;
  }
  if (byId("trouble").dataset.of === "passing" && outbox.all().length === 0) noTrouble();
  showLevels(answer.levels);
  const labels = queue.items.flatMap((assignment) => assignment.classes);
  if (!answers.knows(labels)) await answers.refresh().catch(() => {});
  if (!shown || shown.id !== queue.current?.id) showCurrent();
  if (answer.nothing_left) showNothing(answer.levels);
  else if (!queue.current) waitingForNext = setTimeout(fill, 3000);
}

function showLevels(levels) {
  const choice = byId("levels");
  const offered = [...choice.options].slice(1).map((option) => Number(option.value));
  if (levels.join() === offered.join()) return;
  const chosen = choice.value;
  choice.replaceChildren(
    element("option", { value: "" }, "all"),
    ...levels.map((level) => element("option", { value: level }, String(level))),
  );
  choice.value = levels.map(String).includes(chosen) ? chosen : "";
  byId("level-choice").hidden = levels.length < 2;
}

function showCurrent() {
  shown = queue.current;
  if (shown === null) {
    answers.assignment = null;
    answers.take(null);
    pictures.wait();
    return;
  }
  byId("bench").hidden = false;
  byId("nothing").hidden = true;
  byId("bench").append(byId("feedback"));
  pictures.display(shown.glitch);
  answers.display(shown);
}

function showNothing(levels) {
  const chosen = byId("levels").value;
  byId("bench").hidden = true;
  byId("nothing").hidden = false;
  byId("nothing").before(byId("feedback")); // what was said of the last vote stays in sight
  byId("nothing-text").textContent = chosen
    ? `You have seen every glitch of level ${chosen} that needs a vote. Try another level:`
    : "You have seen every glitch that needs a vote here. Thank you! New ones come by themselves.";
  const others = chosen ? ["", ...levels.map(String)].filter((level) => level !== chosen) : [];
  byId("nothing-levels").replaceChildren(
    ...others.map((level) => {
      const button = element("button", { type: "button" }, level ? `Level ${level}` : "All levels");
      button.addEventListener("click", () => {
        byId("levels").value = level;
        fill();
      });
      return button;
    }),
  );
  byId("nothing").focus();
}

byId("confirm").addEventListener("click", vote);
byId("look-again").addEventListener("click", fill);
byId("levels").addEventListener("change", fill);
byId("help-button").addEventListener("click", () => byId("help").showModal());
addEventListener("online", () => shown || fill());
// Back after a while: leases may have run out and glitches gone to others.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") outbox.flush().then((sent) => sent && fill());
});
listen({ answers, pictures, vote, clearFeedback });

pictures.wait();
outbox.flush().then(fill);
