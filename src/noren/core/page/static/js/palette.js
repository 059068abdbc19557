import { one } from "./dom.js";
import { command, composing } from "./keys.js";
import { Listbox } from "./listbox.js";

/** One box for records, actions and places. Ctrl K or ⌘ K; `data-url` answers `?q=` with options that are links. */
class NorenPalette extends HTMLElement {
  connectedCallback() {
    const dialog = /** @type {HTMLDialogElement} */ (one("dialog", this));
    const field = /** @type {HTMLInputElement} */ (one("input", this));
    const list = /** @type {HTMLElement} */ (one("[role=listbox]", this));
    this.box = new Listbox(field, list, this.dataset.url ?? "", (option, event) => {
      if (event && (command(event) || event.shiftKey)) return; // opens beside, as links do
      event?.preventDefault();
      dialog.close();
      location.assign(/** @type {HTMLAnchorElement} */ (option).href);
    });
    this.dialog = dialog;
    this.listener = new AbortController();
    const options = { signal: this.listener.signal };
    document.addEventListener("keydown", (event) => {
      if (composing(event) || !command(event) || event.key.toLowerCase() !== "k" || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.open();
    }, options);
    document.addEventListener("click", (event) => {
      if (!(/** @type {Element} */ (event.target).closest("[data-palette]"))) return;
      event.preventDefault();
      this.open();
    }, options);
  }

  disconnectedCallback() {
    this.listener?.abort();
  }

  open() {
    if (this.dialog?.open) return;
    this.dialog?.showModal();
    this.box?.field.select();
    this.box?.load();
  }
}
customElements.define("noren-palette", NorenPalette);
