// What has been typed but not sent outlives a redraw, a reload and a killed tab. Secrets do not: they live in their field only.
import { remember, remembered } from "./storage.js";

const NAME = "duet.draft";
const fields = (screen) => screen.querySelectorAll("input:not([type=hidden]), textarea, select");
const isChoice = (field) => field.type === "radio" || field.type === "checkbox";
const nameOf = (field) => (isChoice(field) ? `${field.name}=${field.value}` : field.name);
const valueOf = (field) => (isChoice(field) ? field.checked : field.value);

/** Write down what is typed into `screen`, for its step only. */
export function keepDraft(screen, owner) {
  const typed = {};
  for (const field of fields(screen)) if (field.type !== "password") typed[nameOf(field)] = valueOf(field);
  remember(NAME, { owner, step: screen.dataset.step, typed });
}

/** After a reload: put back what was typed at the same step of the same call; of any other it is forgotten. */
export function restoreDraft(screen, owner) {
  const draft = remembered(NAME);
  if (!draft) return;
  if (draft.owner === owner && draft.step === screen.dataset.step) fill(screen, draft.typed);
  else forgetDraft();
}
export const forgetDraft = () => remember(NAME, null);

/** From one drawing of a question to the next, secrets too. */
export function carryOver(before, after) {
  const typed = {};
  for (const field of fields(before)) typed[nameOf(field)] = valueOf(field);
  fill(after, typed);
}

function fill(screen, typed) {
  for (const field of fields(screen)) {
    const value = typed[nameOf(field)];
    if (value === undefined) continue;
    if (isChoice(field)) field.checked = value;
    else field.value = value;
  }
}
