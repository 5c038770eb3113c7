// The label page: choose, confirm, next. What can fail is said on the page with what to do.

import { Answers } from "./answers.js";
import { call } from "./api.js";
import { countGold, countVote, levelShown, setLevel } from "./counts.js";
import { byId, element, newKey } from "./dom.js";
import { Favourite } from "./favourite.js";
import { clearFeedback, closeFeedback, describe, showGold, showPromotion } from "./feedback.js";
import { listen } from "./keys.js";
import { showLevels, showNothing } from "./levels.js";
import { Outbox } from "./outbox.js";
import { Pictures, Zoom } from "./pictures.js";
import { AHEAD, Queue } from "./queue.js";
import { noPassingTrouble, trouble } from "./trouble.js";
import { Undo } from "./undo.js";
import { fill, gettext, ngettext } from "./words.js";

const { user, name, api: base, classesUrl, glitchesUrl, logIn, undoSeconds } = byId("table").dataset;

const pictures = new Pictures(
  byId("pictures"), document.querySelector(".tabs"), byId("glitch-name"), glitchesUrl,
);
const zoom = new Zoom(byId("pictures"));
const answers = new Answers(classesUrl, { chosen: onChosen, confirm: vote });
const outbox = new Outbox(user, name, sendVote, {
  receipt: onReceipt, refused: onRefused, state: onState, sent: fillQueue,
});
const undo = new Undo(
  (assignment) => call(base, "POST", "votes/undo", { assignment }),
  { done: onUndone, failed: onStands },
);
const favourite = new Favourite(
  () => call(base, "GET", "favourites"),
  (method, id) => call(base, method, `favourites/${id}`, {}),
  (error) => trouble(error.message),
);
// The answer to a vote brings the next glitches along: one request where there were two.
let brought = { next: null, level: "" };
const queue = new Queue(askForNext, (id) => outbox.has(id));
let shown = null; // the assignment on the page
let votedAt = null; // milliseconds, until the glitch after the vote can be seen
let waitingForNext = null;
const castHere = new Set(); // keys of the votes cast on this page

async function askForNext(want, level, afresh) {
  const { next, level: asked } = brought;
  brought = { next: null, level: "" };
  if (next && asked === level && !afresh) return next;
  return call(base, "GET", `next?want=${want}${level ? `&level=${level}&afresh=${afresh}` : ""}`);
}

async function sendVote(kept) {
  const { assignment, label, alike, idempotency_key } = kept;
  const answer = label === undefined ? { alike } : { label };
  const level = byId("levels").value;
  const receipt = await call(base, "POST", "votes", {
    assignment, ...answer, idempotency_key, want: AHEAD, level: level ? Number(level) : null,
  });
  brought = { next: receipt.next, level };
  return receipt;
}

function onChosen(answer) {
  const confirm = byId("confirm");
  confirm.disabled = answer === null;
  byId("chosen").classList.toggle("has", answer !== null);
  const said = answer
    ? fill(gettext("Vote %(name)s"), { name: answers.nameOf(answer) })
    : gettext("Vote");
  confirm.replaceChildren(`${said} `, element("kbd", {}, "↵"));
  describe(answer, answers);
}

// The vote is stored in the browser first; then the next glitch is shown, without waiting.
function vote() {
  if (!shown || answers.answer === null) return;
  votedAt = performance.now();
  const kept = {
    assignment: shown.id,
    ...answers.answer,
    idempotency_key: newKey(),
    gravityspy_id: shown.glitch.gravityspy_id,
    pictures: shown.glitch.pictures,
  };
  castHere.add(kept.idempotency_key);
  undo.clear();
  clearFeedback();
  queue.advance();
  outbox.add(kept);
  showCurrent();
}

// How long a person waits from a vote to the next glitch: seen by the browser's own tools.
function measureNext() {
  if (votedAt === null) return;
  const start = votedAt;
  votedAt = null;
  requestAnimationFrame(() => performance.measure("nota-next", { start }));
}

function onReceipt(kept, receipt) {
  const { gold } = receipt;
  // One recorded before whose answer was lost is counted too; one from before this page was
  // loaded is in its numbers already.
  if (receipt.created || castHere.has(kept.idempotency_key)) {
    countVote(1);
    if (gold) countGold(gold.correct);
  }
  if (gold) {
    const answered = answers.facts[kept.label] ?? { name: kept.label, twins: [] };
    showGold(kept, gold, answered, answers.facts[gold.label]?.look_at ?? 2.0);
  }
  if (receipt.undo_seconds > 0 && !outbox.all().length) offerUndo(kept, receipt.undo_seconds);
}

function offerUndo(kept, seconds) {
  const name = answers.nameOf(kept);
  undo.offer(kept, name, seconds);
  byId("told").textContent = fill(
    gettext("Voted %(name)s. Backspace takes it back for %(seconds)s seconds."),
    { name, seconds: undoSeconds },
  );
}

async function promote(level) {
  setLevel(level);
  const before = new Set(Object.keys(answers.facts));
  await answers.refresh().catch(() => {});
  const fresh = Object.keys(answers.facts).filter((label) => !before.has(label));
  showPromotion(level, fresh.map((label) => answers.facts[label].name));
}

function onUndone(kept, assignment) {
  countVote(-1);
  queue.putBack(assignment);
  showCurrent();
  byId("told").textContent = fill(gettext("Your vote on %(id)s was taken back. Vote anew."), {
    id: kept.gravityspy_id,
  });
}

function onStands(kept, error) {
  trouble(
    fill(gettext("Your vote on %(id)s was not taken back: %(why)s"), {
      id: kept.gravityspy_id, why: error.message,
    }),
  );
}

function onRefused(kept, error) {
  if (error.status === 400) queue.reopen(kept.assignment);
  trouble(
    fill(gettext("Your vote on %(id)s was not taken: %(why)s"), {
      id: kept.gravityspy_id, why: error.message,
    }),
  );
}

function onState({ waiting, error }) {
  const pill = byId("waiting");
  pill.hidden = waiting === 0 || (error === null && pill.hidden);
  const text = ngettext("%(count)s vote waits in this browser", "%(count)s votes wait in this browser", waiting);
  const votes = fill(text, { count: waiting });
  pill.textContent = votes;
  if (error?.isLoggedOut) {
    trouble(`${gettext("You were logged out. Nothing is lost:")} ${votes} ${gettext("and will be sent once you log in.")}`, gettext("Log in"), toLogIn);
  } else if (error) {
    trouble(`${error.message} ${gettext("Go on if you like:")} ${votes} ${gettext("and will be sent automatically.")}`, gettext("Send now"), () => outbox.retry());
  } else if (waiting === 0) {
    noPassingTrouble();
  }
}

const toLogIn = () => (location.href = logIn);

async function fillQueue() {
  clearTimeout(waitingForNext);
  let answer;
  try {
    answer = await queue.fill(byId("levels").value);
  } catch (error) {
    if (queue.current) return; // told when it matters
    if (error.isLoggedOut) {
      trouble(gettext("You were logged out."), gettext("Log in"), toLogIn);
    } else if (!error.isPassing) {
      trouble(error.message, gettext("Try again"), fillQueue);
    } else {
      trouble(`${error.message} ${gettext("The next glitch comes by itself as soon as it can.")}`, gettext("Try again"), fillQueue);
      waitingForNext = setTimeout(fillQueue, 3000);
    }
    return;
  }
  if (outbox.all().length === 0) noPassingTrouble();
  showLevels(answer.levels);
  // Not by the vote's receipt: the one that told of the new level may have been lost.
  if (answer.level > levelShown()) await promote(answer.level);
  const labels = queue.items.flatMap((assignment) => assignment.classes);
  if (!answers.knows(labels)) await answers.refresh().catch(() => {});
  if (!shown || shown.id !== queue.current?.id) showCurrent();
  if (answer.nothing_left) showNothing(answer.levels, chooseLevel);
  else if (!queue.current) waitingForNext = setTimeout(fillQueue, 3000);
}

// A vote on its way goes first: its glitch may not be given back before.
async function chooseLevel() {
  queue.afresh = true;
  await outbox.flush();
  await queue.filling?.catch(() => {});
  if (queue.afresh) await fillQueue();
}

function showCurrent() {
  shown = queue.current;
  if (shown === null) {
    answers.assignment = null;
    answers.take(null);
    favourite.display(null);
    pictures.wait();
    return;
  }
  byId("bench").hidden = false;
  byId("nothing").hidden = true;
  byId("bench").append(byId("feedback"));
  pictures.display(shown.glitch).then(measureNext);
  favourite.display(shown.glitch.gravityspy_id);
  answers.display(shown);
}

byId("confirm").addEventListener("click", vote);
byId("look-again").addEventListener("click", fillQueue);
byId("levels").addEventListener("change", chooseLevel);
byId("help-button").addEventListener("click", () => byId("help").showModal());
// Back after a while: leases may have run out and glitches gone to others.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") outbox.flush();
});
listen({ answers, pictures, zoom, undo, favourite, vote, closeFeedback });

pictures.wait();
outbox.flush().then((sent) => sent || fillQueue());
