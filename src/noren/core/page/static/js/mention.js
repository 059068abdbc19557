import { all, ask } from "./dom.js";
import { composing } from "./keys.js";

/**
 * Colleagues to choose from after an @ in a text: [data-mention="address"] answers `?q=` with options. Arrows choose,
 * Enter or Tab takes one, Esc goes on without. Never while a word is being composed.
 */
const AT = /(?:^|[^\p{L}\p{N}@＠])[@＠]([^\s@＠]{0,20})$/u;

class Mention {
  /** @param {HTMLTextAreaElement} field */
  constructor(field) {
    this.field = field;
    this.list = document.createElement("div");
    this.list.className = "menu picks mention";
    this.list.id = "mention-list";
    this.list.setAttribute("role", "listbox");
    this.list.ariaLabel = field.dataset.colleagues ?? "";
    this.list.hidden = true;
    field.after(this.list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.addEventListener("keydown", (event) => this.pressed(event));
    field.addEventListener("blur", () => this.hide());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (option) this.take(/** @type {HTMLElement} */ (option));
    });
  }

  get options() {
    return all("[role=option]", this.list);
  }

  /** The letters after the @ before the caret, or nothing. */
  get word() {
    const { selectionStart: at, selectionEnd, value } = this.field;
    return at === selectionEnd ? AT.exec(value.slice(0, at))?.[1] : undefined;
  }

  soon() {
    clearTimeout(this.timer);
    if (this.word === undefined) return this.hide();
    this.timer = setTimeout(() => this.load(), 120);
  }

  async load() {
    const { word } = this;
    if (word === undefined) return this.hide();
    const answer = await ask(`${this.field.dataset.mention}?q=${encodeURIComponent(word)}`).catch(() => null);
    if (!answer?.ok || word !== this.word) return;
    this.list.innerHTML = await answer.text();
    this.list.hidden = !this.options.length;
    this.mark(this.options[0]);
  }

  hide() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.mark(undefined);
  }

  /** @param {HTMLElement | undefined} option */
  mark(option) {
    this.options.forEach((each, at) => {
      each.id ||= `${this.list.id}-${at}`;
      each.ariaSelected = String(each === option);
    });
    if (option) this.field.setAttribute("aria-activedescendant", option.id), option.scrollIntoView({ block: "nearest" });
    else this.field.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (this.list.hidden || composing(event) || event.ctrlKey || event.metaKey) return;
    const { options } = this;
    const at = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.mark(options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
    else if ((event.key === "Enter" || event.key === "Tab") && options[at]) this.take(options[at]);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {HTMLElement} option */
  take(option) {
    const { selectionStart: at } = this.field;
    const from = at - (this.word?.length ?? 0);
    this.field.setRangeText(`${option.dataset.value} `, from, at, "end");
    this.hide();
    this.field.focus();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** @type {WeakMap<Element, Mention>} */
const mentions = new WeakMap();
for (const kind of /** @type {const} */ (["input", "compositionend", "click"])) {
  document.addEventListener(kind, (event) => {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement) || !field.dataset.mention) return;
    if (kind === "input" && composing(/** @type {InputEvent} */ (event))) return;
    let made = mentions.get(field);
    if (!made) mentions.set(field, (made = new Mention(field)));
    made.soon();
  });
}
