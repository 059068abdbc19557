import { all, one } from "./dom.js";

/** @param {HTMLDialogElement} dialog */
export function raise(dialog) {
  const opener = /** @type {HTMLElement | null} */ (document.activeElement); // which may say where the work is
  if (!dialog.open) dialog.showModal();
  const wanted = one(opener?.dataset.first || "[aria-invalid=true]", dialog) ?? all("[autofocus]", dialog).at(-1);
  (wanted ?? one("input:not([type=hidden]), select, textarea", dialog))?.focus(); // not the closing cross
}

// [data-open="id"] opens a dialog, [data-close] closes the one it is in, a press beside a dialog closes it.
document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const opener = /** @type {HTMLElement | null} */ (target.closest("[data-open]"));
  const dialog = opener && document.getElementById(opener.dataset.open ?? "");
  if (dialog instanceof HTMLDialogElement) {
    event.preventDefault();
    raise(dialog);
  }
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement && target.matches("[data-light]")) target.close();
});

// Rows of a short list change places with [data-up].
document.addEventListener("click", (event) => {
  const row = /** @type {Element} */ (event.target).closest("[data-up]")?.closest("li");
  if (row?.previousElementSibling) row.after(row.previousElementSibling);
});

// A form that the server sends into the sheet opens it; one that takes the place of another keeps the focus inside.
document.addEventListener("htmx:after:swap", () => {
  const sheet = document.getElementById("sheet");
  if (!(sheet instanceof HTMLDialogElement) || !one("[data-sheet]", sheet)) return;
  if (!sheet.open || document.activeElement === document.body) raise(sheet);
});
// The event `close` from the server closes it. A closed one is empty, else the next part of the page would open it again.
document.body.addEventListener("close", () => {
  const sheet = document.getElementById("sheet");
  if (sheet instanceof HTMLDialogElement && sheet.open) sheet.close();
});
document.addEventListener("close", (event) => {
  const sheet = /** @type {HTMLElement} */ (event.target);
  if (sheet.id === "sheet") sheet.replaceChildren();
}, true);

// Menus open at their button; browsers that cannot place them in CSS get help.
if (!CSS.supports("position-area", "block-end")) {
  document.addEventListener("toggle", (event) => {
    const menu = /** @type {HTMLElement} */ (event.target);
    const button = menu.matches("[popover]:popover-open") && one(`[popovertarget="${menu.id}"]`);
    if (!button) return;
    const { left, bottom } = button.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = `${Math.min(bottom + 4, innerHeight - menu.offsetHeight - 8)}px`;
  }, true);
}

// Arrows walk through an open menu, from its button on.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = step && one(".menu[popover]:popover-open");
  const target = /** @type {HTMLElement} */ (event.target);
  if (!step || !menu || !(menu.contains(target) || target.getAttribute("popovertarget") === menu.id)) return;
  event.preventDefault();
  const items = all("a, button, input:not([type=hidden])", menu).filter((item) => item.checkVisibility());
  const at = menu.contains(target) ? items.indexOf(target) + step : Math.min(step, 0);
  items.at(at % items.length)?.focus();
});

// The current stage first where a path is wider than the screen.
for (const path of all(".path")) {
  const now = one(".now", path);
  if (now && path.scrollWidth > path.clientWidth) path.scrollLeft = now.offsetLeft - path.clientWidth / 2 + 54;
}

// Copy the address of this page, or what [data-value] says: [data-copy] holds the words to say afterwards. Browsers give
// their clipboard to safe addresses only; elsewhere the field beside the button is chosen and copied the old way.
document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-copy]"));
  if (!button) return;
  const field = /** @type {HTMLInputElement | null} */ (button.parentElement?.querySelector("input[readonly]") ?? null);
  if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.value ?? location.href);
  else if (field) field.select(), document.execCommand("copy");
  else return;
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { text: button.dataset.copy } }));
});
