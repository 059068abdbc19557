import { all, one } from "./dom.js";
import { command, composing } from "./keys.js";
import { toastFailed } from "./toast.js";

// Forms of many fields ([data-form]) are saved with a button or Ctrl Enter; Enter in a field does not send them half filled.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || composing(event)) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const alone = command(event) ? one("form.withfoot[data-form]") : null; // the form of the page, wherever the focus is
  const form = /** @type {HTMLFormElement | null} */ (target.closest("form") ?? alone);
  if (!form) return;
  if (command(event)) {
    event.preventDefault();
    form.requestSubmit(/** @type {HTMLElement | null} */ (form.querySelector("button.pri:not([type=button], :disabled)")));
  } else if (form.matches("[data-form]") && target.matches("input:not([type=submit], [type=button], [type=checkbox], [type=radio])")) {
    event.preventDefault();
    const fields = all("input:not([type=hidden], [type=file], [type=radio]), select, textarea", form).filter((field) => field.checkVisibility());
    fields[fields.indexOf(target) + 1]?.focus(); // as the key of phones promises
  }
});

// Files that will be sent along are named in [data-files] of their form; its button takes them back.
document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.type === "file" && target.form) tellFiles(target);
});
document.addEventListener("click", ({ target }) => {
  const form = target instanceof Element && target.closest("[data-files] button")?.closest("form");
  const field = form && form.querySelector("input[type=file]");
  if (field instanceof HTMLInputElement) (field.value = ""), tellFiles(field);
});

/** @param {HTMLInputElement} field */
function tellFiles(field) {
  const box = one("[data-files]", field.form ?? document);
  const names = [...(field.files ?? [])].map((file) => `${file.name} (${file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} KB` : `${(file.size / 1e6).toFixed(1)} MB`})`);
  if (!box) return;
  box.hidden = !names.length;
  const words = one("span", box);
  if (words) words.textContent = names.join(", ");
}

/** @param {HTMLFormElement} form @param {boolean} on */
export function busy(form, on) {
  form.toggleAttribute("data-busy", on);
  for (const button of all("button:not([type=button])", form)) button.ariaDisabled = on ? "true" : null;
}

/** Forms of which the server was reached though the browser believes to be offline. @type {WeakSet<HTMLFormElement>} */
const reached = new WeakSet();

// One press, one request. In the capture phase, so that nothing else sees the second one.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.method !== "post") return;
  const editing = form.closest("[data-editing]"); // that one asks by itself
  const offline = !navigator.onLine && !editing && !reached.delete(form);
  if (offline || form.hasAttribute("data-busy")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (offline) send(form, event.submitter);
  } else if (!editing) setTimeout(() => busy(form, true));
}, true);

/**
 * Without a network the server may still be there, on this very machine. If it is not, the form stays: to leave the page
 * now would end on one of the browser's.
 * @param {HTMLFormElement} form @param {HTMLElement | null} by
 */
async function send(form, by) {
  try {
    await fetch("/health", { cache: "no-store" });
  } catch {
    return toastFailed(0);
  }
  reached.add(form);
  form.requestSubmit(by);
}
document.addEventListener("htmx:finally:request", (event) => {
  const form = event.target instanceof Element && event.target.closest("form");
  if (form instanceof HTMLFormElement) setTimeout(() => busy(form, false));
});
addEventListener("pageshow", () => all("form[data-busy]").forEach((form) => busy(/** @type {HTMLFormElement} */ (form), false)));

// A choice that acts by itself: [data-submit] sends its form.
document.addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.matches("[data-submit]")) field.form?.requestSubmit();
  // In [data-resend] a choice brings more with it: sent by the button meant for that, [data-refresh].
  const { form } = field;
  if (form && field.closest("[data-resend]")) form.requestSubmit(/** @type {any} */ (one("[data-refresh]", form)));
});

// Who gives one of many fields a value means to set it: its box in front ([name=set]) is ticked along.
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    const box = /** @type {HTMLInputElement | null} */ (field.closest(".setf")?.querySelector("[name=set]") ?? null);
    if (box && box !== field) box.checked = true;
  });
}

// A list narrows while one writes, once the word is settled: [data-search] sends its form after a rest.
/** @type {ReturnType<typeof setTimeout> | undefined} */
let rest;
for (const kind of /** @type {const} */ (["input", "compositionend"])) {
  document.addEventListener(kind, (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (!field.matches("[data-search]") || (kind === "input" && composing(/** @type {InputEvent} */ (event)))) return;
    clearTimeout(rest);
    rest = setTimeout(() => field.form?.requestSubmit(), kind === "input" ? 300 : 50);
  });
}

// After a refusal the first wrong field is where the work is, with what is said of it, clear of the bars that lie over a page.
// Once: whatever is swapped in later leaves the focus alone.
/** @type {WeakSet<Element>} */
const told = new WeakSet();
function toFault() {
  const field = one("form [aria-invalid=true]");
  if (!field || told.has(field)) return;
  told.add(field);
  (field.matches("fieldset") ? one("input", field) : field)?.focus({ preventScroll: true });
  (field.closest(".field") ?? field).scrollIntoView({ block: "center" });
}
document.addEventListener("htmx:after:swap", toFault);
toFault();

// Shift on a column's head sorts by it as well, behind the present order.
document.addEventListener("click", (event) => {
  const head = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-also]"));
  if (!head || !event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  location.assign(head.dataset.also ?? "");
}, true);
