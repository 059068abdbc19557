import { ask, one } from "./dom.js";
import { composing } from "./keys.js";

/**
 * Fills the empty parts of an address from its postal code. Inside: [data-code], [data-prefecture], [data-city], [data-town].
 * `data-url?code=1234567` answers JSON: a list of {prefecture, city, town}. Parts on which several answers differ stay empty.
 */
class NorenPostal extends HTMLElement {
  connectedCallback() {
    const field = /** @type {HTMLInputElement | null} */ (one("[data-code]", this));
    field?.addEventListener("input", async (event) => {
      const code = field.value.normalize("NFKC").replace(/\D/g, "");
      if (composing(/** @type {InputEvent} */ (event)) || code.length !== 7) return;
      const answer = await ask(`${this.dataset.url}?code=${code}`).catch(() => null);
      if (!answer?.ok) return;
      /** @type {Record<string, string>[]} */
      const places = await answer.json();
      for (const part of ["prefecture", "city", "town"]) {
        const input = /** @type {HTMLInputElement | null} */ (one(`[data-${part}]`, this));
        const values = new Set(places.map((place) => place[part]));
        if (!input || input.value || values.size !== 1) continue;
        input.value = [...values][0] ?? "";
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
  }
}
customElements.define("noren-postal", NorenPostal);
