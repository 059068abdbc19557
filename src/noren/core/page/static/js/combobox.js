import { one } from "./dom.js";
import { Listbox } from "./listbox.js";

/**
 * Pick a record: a text field, a hidden value, and a list from `data-url?q=`. Options carry data-value and data-label.
 * Text that was not picked is put back when the field is left, so the name shown and the value sent never differ.
 */
class NorenCombobox extends HTMLElement {
  connectedCallback() {
    const field = /** @type {HTMLInputElement} */ (one("[role=combobox]", this));
    const value = /** @type {HTMLInputElement} */ (one("input[type=hidden]", this));
    const list = /** @type {HTMLElement} */ (one("[role=listbox]", this));
    let shown = field.value;
    const box = new Listbox(field, list, this.dataset.url ?? "", (option) => {
      value.value = option.dataset.value ?? "";
      shown = field.value = option.dataset.label ?? option.textContent?.trim() ?? "";
      box.show(false);
      value.dispatchEvent(new Event("change", { bubbles: true }));
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || list.hidden) return;
      event.stopPropagation();
      event.preventDefault();
      box.show(false);
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    field.addEventListener("noren:picked", () => {
      shown = field.value;
    });
    field.addEventListener("blur", () => {
      box.show(false);
      if (!field.value.trim()) value.value = shown = "";
      else field.value = shown;
    });
  }
}
customElements.define("noren-combobox", NorenCombobox);

// A choice offered beside the picker: [data-pick-value] fills the picker of its form.
document.addEventListener("click", (event) => {
  const offer = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-pick-value]"));
  const picker = offer && one("noren-combobox", offer.closest("form") ?? document);
  if (!offer || !picker) return;
  const value = /** @type {HTMLInputElement} */ (one("input[type=hidden]", picker));
  const field = /** @type {HTMLInputElement} */ (one("[role=combobox]", picker));
  value.value = offer.dataset.pickValue ?? "";
  field.value = offer.dataset.pickLabel ?? "";
  field.dispatchEvent(new Event("noren:picked"));
  value.dispatchEvent(new Event("change", { bubbles: true }));
  one("textarea", offer.closest("form") ?? document)?.focus();
});
