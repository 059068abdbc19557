import { one } from "./dom.js";

const DRAFT = "noren:draft:";

/** What the server gave. @param {any} field @returns {string} */
const given = (field) => field.defaultValue ?? [...field.options].find((option) => option.defaultSelected)?.value ?? field.options[0]?.value ?? "";

/**
 * Keeps what was typed in the form inside until it is saved, over a reload, an error or a lost log-in.
 * `data-key` names the form. Passwords and hidden fields are never kept.
 */
class NorenDraft extends HTMLElement {
  connectedCallback() {
    const form = one("form", this);
    if (!(form instanceof HTMLFormElement)) return;
    this.form = form;
    this.key = DRAFT + (this.dataset.key ?? location.pathname);
    this.restore();
    this.addEventListener("input", () => this.keep());
    this.addEventListener("submit", () => this.keep(location.href));
    this.addEventListener("htmx:after:request", (event) => {
      if (event.target === form && /** @type {CustomEvent} */ (event).detail?.ctx?.response?.status < 400) sessionStorage.removeItem(this.key ?? "");
    });
  }

  get fields() {
    return /** @type {HTMLInputElement[]} */ ([.../** @type {any} */ (this.form).elements]).filter(
      (field) => field.name && !["password", "hidden", "file", "submit", "checkbox", "radio"].includes(field.type),
    );
  }

  /** @param {string} [sent] From which page it was sent. */
  keep(sent) {
    const changed = this.fields.filter((field) => field.value !== given(field));
    const values = Object.fromEntries(changed.map((field) => [field.name, [given(field), field.value]]));
    if (changed.length) sessionStorage.setItem(this.key ?? "", JSON.stringify({ sent, values }));
    else sessionStorage.removeItem(this.key ?? "");
  }

  /** Puts back only over the value that was there when it was typed: a newer one of the server stays. */
  restore() {
    const { values = {} } = JSON.parse(sessionStorage.getItem(this.key ?? "") ?? "{}");
    for (const field of this.fields) {
      const [before, typed] = values[field.name] ?? [];
      if (before === field.value && typed !== undefined) field.value = typed;
    }
  }
}
customElements.define("noren-draft", NorenDraft);

// A form whose page led to this one, which is not the same form again, was saved: its draft is done. Whoever comes from
// elsewhere, such as back from a page that could not be reached, has their words still. A refusal or the log-in
// means that it was not saved: the words wait until the form is opened again.
const here = [...document.querySelectorAll("noren-draft")].map((element) => DRAFT + (/** @type {HTMLElement} */ (element).dataset.key ?? location.pathname));
for (const key of Object.keys(sessionStorage)) {
  if (!key.startsWith(DRAFT) || here.includes(key)) continue;
  const { sent, values } = JSON.parse(sessionStorage.getItem(key) ?? "{}");
  if (sent !== document.referrer) continue;
  if (one("[data-gate]")) sessionStorage.setItem(key, JSON.stringify({ values }));
  else sessionStorage.removeItem(key);
}
