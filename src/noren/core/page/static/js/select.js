import { all, fill, one, tell } from "./dom.js";

/**
 * Ticks on list rows. They are plain checkboxes of the bulk form; this adds ranges with Shift, the tick in the head,
 * the number, and "all rows of the filter" (a hidden `all` field).
 * Words: data-chosen "{n} selected". Parts: [data-all], [data-pick], [data-count], [data-every], [data-none].
 */
class NorenSelect extends HTMLElement {
  connectedCallback() {
    /** @type {HTMLInputElement | null} */
    this.last = null;
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("change", () => this.count());
    this.count();
  }

  /** @returns {HTMLInputElement[]} */
  get ticks() {
    return /** @type {any} */ (all("[data-pick]", this));
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const tick = /** @type {HTMLInputElement | null} */ (target.closest("[data-pick]"));
    if (tick) {
      if (event.shiftKey && this.last) {
        const ticks = this.ticks;
        const [from, to] = [ticks.indexOf(this.last), ticks.indexOf(tick)].sort((a, b) => a - b);
        for (const each of ticks.slice(from, to + 1)) each.checked = tick.checked;
      }
      this.last = tick;
      this.count();
    }
    const head = /** @type {HTMLInputElement | null} */ (target.closest("[data-all]"));
    if (head) this.set(head.checked);
    if (target.closest("[data-none]")) this.set(false);
    if (target.closest("[data-every]")) this.every(true);
  }

  /** @param {boolean} on */
  set(on) {
    for (const tick of this.ticks) tick.checked = on;
    this.count();
  }

  /** @param {boolean} on All rows the filter finds, on other pages too. */
  every(on) {
    const field = /** @type {HTMLInputElement | null} */ (one("[data-every-field]", this));
    if (field) field.value = on ? "1" : "";
    if (!on) return;
    this.say(Number(this.dataset.total));
    one("[data-every]", this)?.toggleAttribute("hidden", true);
  }

  count() {
    const ticks = this.ticks;
    const chosen = ticks.filter((tick) => tick.checked).length;
    for (const tick of ticks) tick.closest("tr")?.setAttribute("aria-selected", String(tick.checked));
    const head = /** @type {HTMLInputElement | null} */ (one("[data-all]", this));
    if (head) {
      head.checked = chosen > 0 && chosen === ticks.length;
      head.indeterminate = chosen > 0 && chosen < ticks.length;
    }
    this.every(false);
    const more = one("[data-every]", this);
    if (more) more.hidden = chosen < ticks.length || Number(this.dataset.total) <= chosen;
    this.say(chosen);
  }

  /** @param {number} n */
  say(n) {
    const text = fill(this.dataset.chosen, { n: n.toLocaleString() });
    const shown = one("[data-count]", this);
    if (shown && shown.textContent !== text) {
      shown.textContent = text;
      if (n) tell(text);
    }
  }
}
customElements.define("noren-select", NorenSelect);
