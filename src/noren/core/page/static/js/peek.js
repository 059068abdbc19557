import { all, ask, grow, one } from "./dom.js";
import { command, composing, writing } from "./keys.js";
import { toastFailed } from "./toast.js";

/**
 * A row beside its list. Space on a row or card opens it, or a click while [data-peek] is pressed; arrows go to the row
 * before or after, Esc closes and gives the focus back. The address keeps which row it is (#row-42); after a verb has
 * loaded the list anew the same row is shown again.
 */
const ROWS = "[data-rows] tbody tr, [data-rows] .dcard";
const KEPT = "peek";

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
  if (one("dialog[open], [popover]:popover-open")) return;
  const target = /** @type {Element} */ (event.target);
  const panel = shown();
  if (panel && event.key === "Escape") event.preventDefault(), panel.shut();
  else if (panel && (event.key === "ArrowDown" || event.key === "ArrowUp") && !target.closest("[role=listbox]")) {
    event.preventDefault();
    panel.step(event.key === "ArrowDown" ? 1 : -1);
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

/** Another list has come, or the same one anew: show its row again, or none. */
function follow() {
  const [here, href] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  const pk = /^#row-(\d+)$/.exec(location.hash)?.[1];
  const wanted = here === location.pathname + location.search ? href : "";
  const row = all(ROWS).find((each) => (wanted ? hrefOf(each) === wanted : pk && hrefOf(each).endsWith(`/${pk}/`)));
  const panel = shown();
  if (panel?.row?.isConnected) return;
  if (row) open(row, false);
  else if (panel) panel.row = null, panel.shut();
}
document.addEventListener("htmx:after:swap", (event) => {
  if (/** @type {Element} */ (event.target).id === "main" || /** @type {any} */ (event).detail?.target?.id === "main") follow();
});
if (one(ROWS)) follow();
