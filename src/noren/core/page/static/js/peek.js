import { all, ask, grow, one } from "./dom.js";
import { command, composing, writing } from "./keys.js";
import { toastFailed } from "./toast.js";

/**
 * A row beside its list. Space on a row or card opens it, or a click while [data-peek] is pressed; arrows go to the row
 * before or after, left and right to the lane beside, j and k as in the list; Esc closes and gives the focus back. The
 * address keeps which row it is (#row-42), and a list that is loaded anew shows it again; on phones, where the panel lies
 * over the list, only after a verb in it.
 */
const ROWS = "[data-rows] tbody tr, [data-rows] .dcard";
const KEPT = "peek";
const MODE = "peek:on"; // a press on a row shows it
const VERB = "peek:verb"; // a form was sent while a row was shown

class NorenPeek extends HTMLElement {
  /** @type {HTMLElement | null} The row shown. */
  row = null;
  /** @type {AbortController | undefined} */
  going;

  connectedCallback() {
    this.id = "peek";
    this.className = "peek";
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-labelledby", "peek-h");
    this.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target.closest("[data-shut]")) this.shut();
      const step = /** @type {HTMLElement | null} */ (target.closest("[data-step]"));
      if (step) this.step(Number(step.dataset.step));
    });
  }

  /** @param {HTMLElement} row @param {boolean} [focus] */
  async show(row, focus = true) {
    this.row?.classList.remove("cur");
    for (const other of all(`:is(${ROWS}).cur`)) other.classList.remove("cur");
    this.row = row;
    row.classList.add("cur");
    row.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.going?.abort();
    const { signal } = (this.going = new AbortController());
    this.setAttribute("aria-busy", "true");
    const href = hrefOf(row);
    const answer = await ask(`${href}peek/`, { signal }).catch(() => null);
    if (signal.aborted) return;
    this.removeAttribute("aria-busy");
    if (!answer?.ok) return this.shut(), toastFailed(answer?.status ?? 0);
    const text = await answer.text();
    if (signal.aborted) return;
    this.innerHTML = text;
    grow(this);
    remember(href);
    if (focus) one("#peek-h", this)?.focus({ preventScroll: true });
  }

  /** @param {number} by */
  step(by) {
    const rows = all(ROWS).filter((row) => hrefOf(row) && row.checkVisibility());
    const next = rows[rows.indexOf(/** @type {HTMLElement} */ (this.row)) + by];
    if (next) this.show(next);
  }

  /** To the card at the same height in the next lane that has cards; false when there are no lanes. @param {number} by */
  aside(by) {
    const lanes = all("[data-rows] .lane").map((lane) => all(".dcard", lane).filter((card) => card.checkVisibility()));
    const from = lanes.findIndex((cards) => this.row && cards.includes(this.row));
    if (from < 0) return false;
    const there = (by > 0 ? lanes.slice(from + 1) : lanes.slice(0, from).reverse()).find((cards) => cards.length);
    const at = lanes[from].indexOf(/** @type {HTMLElement} */ (this.row));
    if (there) this.show(there[Math.min(at, there.length - 1)]);
    return true;
  }

  shut() {
    const row = this.row;
    this.going?.abort();
    remember("");
    this.remove();
    if (!row) return;
    const home = row.matches("[tabindex]") ? row : one("a.lead", row);
    home?.focus({ preventScroll: true });
  }
}
customElements.define("noren-peek", NorenPeek);

/** @param {HTMLElement} row */
const hrefOf = (row) => (row.dataset.href ?? one("a.lead", row)?.getAttribute("href") ?? "").split("?")[0];

/** @returns {NorenPeek | null} */
const shown = () => /** @type {any} */ (document.getElementById("peek"));

/** Keep in the address, and over a loading of the same list, which row is shown. @param {string} href */
function remember(href) {
  const here = location.pathname + location.search;
  history.replaceState(history.state, "", href ? `${here}#row-${href.split("/").at(-2)}` : here);
  if (href) sessionStorage.setItem(KEPT, JSON.stringify([here, href]));
  else sessionStorage.removeItem(KEPT);
}

/** Does the panel lie over the list? */
const narrow = () => matchMedia("(max-width: 47.99rem)").matches;

/** @param {HTMLElement} row @param {boolean} [focus] */
function open(row, focus) {
  let panel = shown();
  if (!panel) {
    panel = /** @type {NorenPeek} */ (document.createElement("noren-peek"));
    one("#main")?.after(panel);
  }
  panel.show(row, focus);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || composing(event) || command(event) || event.altKey || event.shiftKey || writing(event.target)) return;
  if (one("dialog[open], [popover]:not([popover=manual]):popover-open")) return; // toasts are always open
  const target = /** @type {Element} */ (event.target);
  const panel = shown();
  if (panel && event.key === "Escape") event.preventDefault(), panel.shut();
  else if (panel && (event.key === "ArrowDown" || event.key === "ArrowUp") && !target.closest("[role=listbox]")) {
    event.preventDefault();
    panel.step(event.key === "ArrowDown" ? 1 : -1);
  } else if (panel && (event.key === "ArrowRight" || event.key === "ArrowLeft") && !target.closest("[role=tablist], [role=radiogroup]")) {
    if (panel.aside(event.key === "ArrowRight" ? 1 : -1)) event.preventDefault();
  } else if (event.key === " " && !panel?.contains(target)) {
    const row = /** @type {HTMLElement | null} */ (target.closest(ROWS) ?? (target === document.body ? one(`:is(${ROWS}).cur`) : null));
    if (!row || target.closest("button, input, summary") || !hrefOf(row)) return;
    event.preventDefault();
    if (panel?.row === row) panel.shut();
    else open(row);
  }
});

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest("[data-peek]"));
  if (button) {
    const on = button.ariaPressed !== "true";
    button.ariaPressed = String(on);
    sessionStorage.setItem(MODE, on ? "1" : "");
    const first = /** @type {HTMLElement | null} */ (one(`:is(${ROWS}).cur`) ?? one(ROWS));
    if (!on) shown()?.shut();
    else if (first && hrefOf(first)) open(first, false);
    return;
  }
  if (command(event) || event.shiftKey || event.button || one("[data-peek]")?.ariaPressed !== "true") return;
  const link = target.closest("a.lead, .dcard h3 a");
  const row = /** @type {HTMLElement | null} */ (link?.closest(ROWS));
  if (row && hrefOf(row)) event.preventDefault(), open(row);
}, true);

// j and k have moved on in the list: the panel goes along, the focus stays in the list.
document.addEventListener("noren:cur", (event) => {
  const row = /** @type {HTMLElement} */ (event.target);
  if (hrefOf(row)) shown()?.show(row, false);
});

document.addEventListener("submit", (event) => {
  if (shown() && /** @type {HTMLFormElement} */ (event.target).method === "post") sessionStorage.setItem(VERB, "1");
}, true);

/** Another list has come, or the same one anew: show its row again, or none. */
function follow() {
  const button = one("[data-peek]");
  if (button) button.ariaPressed = String(sessionStorage.getItem(MODE) === "1");
  const verb = sessionStorage.getItem(VERB);
  sessionStorage.removeItem(VERB);
  const [here, href] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  const pk = /^#row-(\d+)$/.exec(location.hash)?.[1];
  const wanted = here === location.pathname + location.search ? href : "";
  const row = all(ROWS).find((each) => (wanted ? hrefOf(each) === wanted : pk && hrefOf(each).endsWith(`/${pk}/`)));
  const panel = shown();
  if (panel?.row?.isConnected) return;
  if (row && (verb || !narrow())) open(row, false);
  else if (panel) panel.row = null, panel.shut();
}
document.addEventListener("htmx:after:swap", (event) => {
  if (/** @type {Element} */ (event.target).id === "main" || /** @type {any} */ (event).detail?.target?.id === "main") follow();
});
if (one("[data-peek]")) follow();
