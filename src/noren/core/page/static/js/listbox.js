import { all, ask } from "./dom.js";
import { composing } from "./keys.js";

/**
 * What the palette and the reference picker share: a field with `role=combobox`, a list whose options the server writes,
 * arrows that move `aria-activedescendant`. Asks only when the word is settled, and drops answers that come too late.
 */
export class Listbox {
  /**
   * @param {HTMLInputElement} field
   * @param {HTMLElement} list
   * @param {string} url Answers `?q=` with options.
   * @param {(option: HTMLElement, event?: MouseEvent) => void} choose `event`: when it was clicked.
   * @param {number} [wait] Milliseconds of rest before asking.
   */
  constructor(field, list, url, choose, wait = 120) {
    this.field = field;
    this.list = list;
    this.url = url;
    this.choose = choose;
    this.wait = wait;
    this.timer = 0; // while an answer is awaited
    this.flight = new AbortController();
    field.addEventListener("input", (event) => composing(/** @type {InputEvent} */ (event)) || this.soon());
    field.addEventListener("compositionend", () => this.soon());
    field.addEventListener("keydown", (event) => this.pressed(event));
    list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (option) this.choose(/** @type {HTMLElement} */ (option), event);
    });
  }

  get options() {
    return all("[role=option]", this.list);
  }

  get active() {
    return this.options.find((option) => option.ariaSelected === "true");
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), this.wait);
  }

  async load() {
    this.flight.abort();
    this.flight = new AbortController();
    const mark = this.url.includes("?") ? "&" : "?";
    const word = this.field.value.trim();
    const url = `${this.url}${mark}q=${encodeURIComponent(word)}`;
    const answer = await ask(url, { signal: this.flight.signal }).catch(() => null);
    if (!answer?.ok) return;
    this.list.innerHTML = await answer.text();
    if (word === this.field.value.trim()) this.timer = 0;
    this.show(true);
    this.mark(this.options[0]);
  }

  /** @param {boolean} open */
  show(open) {
    this.field.ariaExpanded = String(open);
    if (this.list.hasAttribute("data-pop")) this.list.hidden = !open;
  }

  /** @param {HTMLElement | undefined} option */
  mark(option) {
    this.options.forEach((each, at) => {
      each.id ||= `${this.list.id}-${at}`;
      each.ariaSelected = String(each === option);
    });
    if (option) {
      this.field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (composing(event)) return;
    const options = this.options;
    const at = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.field.ariaExpanded !== "true") return void this.load();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark(options[(at + step + options.length) % options.length]);
    } else if (event.key === "Enter" && this.timer && !event.ctrlKey && !event.metaKey) {
      event.preventDefault(); // faster than the answer: choose from what was typed, not from what was there before
      event.stopPropagation();
      clearTimeout(this.timer);
      this.load().then(() => !this.timer && this.active && this.choose(this.active));
    } else if (event.key === "Enter" && this.field.ariaExpanded === "true" && options[at] && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      this.choose(options[at]);
    }
  }
}
