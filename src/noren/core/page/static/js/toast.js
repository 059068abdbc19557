import { all, ask, fill, one } from "./dom.js";

/**
 * Short messages at the foot of the page.
 * The server sends one with `HX-Trigger: {"toast": {"text": "…", "undo": "/address/"}}`.
 * Words: data-undo, data-offline, data-failed, data-denied, data-gone, data-done.
 */
class NorenToast extends HTMLElement {
  connectedCallback() {
    this.listener = new AbortController();
    const options = { signal: this.listener.signal };
    document.body.addEventListener("toast", (event) => this.show(/** @type {CustomEvent} */ (event).detail), options);
    document.body.addEventListener("htmx:response:error", (event) => {
      this.failed(/** @type {CustomEvent} */ (event).detail?.ctx?.response?.status ?? 0);
    }, options);
    document.body.addEventListener("htmx:error", () => this.failed(0), options);
    for (const toast of all(".toast", this)) this.later(toast);
    this.popover = "manual";
    this.above();
  }

  /** In front of whatever dialog is open. */
  above() {
    if (this.matches(":popover-open")) this.hidePopover();
    this.showPopover();
  }

  disconnectedCallback() {
    this.listener?.abort();
  }

  /** @param {number} status Of the answer; 0 when there was none. */
  failed(status) {
    if (status === 422 || status === 409) return; // the answer itself says what to do
    const { offline, denied, gone, failed } = this.dataset;
    this.show({ text: status === 0 ? offline : status === 403 ? denied : status === 404 ? gone : fill(failed, { n: status }) });
  }

  /** @param {{ text?: string, undo?: string }} message */
  show({ text, undo }) {
    if (!text) return;
    for (const said of all(".toast > span:only-child", this)) if (said.textContent === text) said.parentElement?.remove();
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (undo) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: this.dataset.undo });
      button.addEventListener("click", () => this.takeBack(toast, undo), { once: true });
      toast.append(button);
    }
    const box = one("[role=status]", this) ?? this;
    box.append(toast);
    this.above();
    while (box.children.length > 3) box.firstElementChild?.remove();
    this.later(toast);
  }

  /** @param {HTMLElement} toast @param {string} url */
  async takeBack(toast, url) {
    toast.remove();
    const answer = await ask(url, { data: {} }).catch(() => null);
    if (answer?.ok) location.reload();
    else this.failed(answer?.status ?? 0);
  }

  /** Goes away by itself, but never while someone looks at it. @param {HTMLElement} toast */
  later(toast) {
    setTimeout(() => (toast.matches(":hover, :focus-within") ? this.later(toast) : toast.remove()), 10000);
  }
}
customElements.define("noren-toast", NorenToast);

/** @param {{ text?: string, undo?: string }} message */
export const toast = (message) => document.body.dispatchEvent(new CustomEvent("toast", { detail: message }));

/** @param {number} status */
export const toastFailed = (status) => /** @type {NorenToast | null} */ (one("noren-toast"))?.failed(status);
