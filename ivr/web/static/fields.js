// Fields typed but not sent outlast a redraw, and a question in between; what the phone answered meanwhile wins.
const kept = new Map(); // name -> { value, answered }: as typed, and what the call had for an answer then

const names = (root) => new Set([...root.querySelectorAll("[name^='answer.']")].map((each) => each.name));
const controls = (root, name) => [...root.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
const isPick = (control) => control.type === "radio";

function value(root, name) {
  const [first, ...others] = controls(root, name);
  return isPick(first) ? [first, ...others].find((each) => each.checked)?.value ?? "" : first.value;
}

const answered = (root, name) => controls(root, name)[0].dataset.answered;

/** Remember what was typed into `screen` that the call does not have yet; of what was sent and taken, nothing. */
export function keep(screen) {
  for (const name of names(screen)) {
    if (screen.dataset.sent) { kept.delete(name); continue; }
    const now = { value: value(screen, name), answered: answered(screen, name) };
    if (now.value !== now.answered) kept.set(name, now);
    else kept.delete(name);
  }
}

/** Put back into `screen` what was typed, unless it has got another answer meanwhile. */
export function restore(screen) {
  for (const name of names(screen)) {
    const before = kept.get(name);
    if (!before || answered(screen, name) !== before.answered) continue;
    for (const control of controls(screen, name)) {
      if (isPick(control)) control.checked = control.value === before.value;
      else control.value = before.value;
    }
  }
}

/** Focus the first field that has to be mended, else the field that had the focus. False: there is none. */
export function refocus(now, active, next) {
  const same = now.contains(active) && active.name?.startsWith("answer.")
    ? controls(next, active.name).find((each) => !isPick(each) || each.value === active.value) : null;
  const target = next.querySelector("[aria-invalid]") ?? same;
  target?.focus({ preventScroll: target === same });
  if (target && target === same && active.selectionStart != null) target.setSelectionRange(active.selectionStart, active.selectionEnd);
  return Boolean(target);
}
