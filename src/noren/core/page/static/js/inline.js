import { all, ask, grow, one } from "./dom.js";
import { composing } from "./keys.js";
import { toastFailed } from "./toast.js";

/**
 * Edit in place. Any [data-edit] inside is an address that answers with a small form (GET) and takes it (POST):
 * 200 brings the new content, 422 the form with its error, which stays open.
 * Click, Enter or F2 opens; Enter saves, Tab saves and goes on, Esc gives up.
 */
class NorenInline extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const spot = target.closest("[data-edit]");
      if (spot && !target.closest("a, input, select, textarea, form")) this.open(/** @type {HTMLElement} */ (spot));
    });
    this.addEventListener("keydown", (event) => this.pressed(event));
    this.addEventListener("submit", (event) => {
      const spot = this.spot(event.target);
      if (spot?.dataset.editing) event.preventDefault(), this.save(spot);
    });
    this.addEventListener("focusout", (event) => {
      const spot = this.spot(event.target);
      if (spot?.dataset.editing === "1" && !spot.contains(/** @type {Node | null} */ (event.relatedTarget))) this.left(spot);
    });
  }

  /** @param {EventTarget | null} target @returns {HTMLElement | null} */
  spot(target) {
    return target instanceof Element ? target.closest("[data-edit]") : null;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const spot = this.spot(event.target);
    if (!spot || composing(event)) return;
    if (!spot.dataset.editing) {
      if (event.key === "F2" || (event.key === "Enter" && event.target === spot)) event.preventDefault(), this.open(spot);
      return;
    }
    const long = event.target instanceof HTMLTextAreaElement;
    if (event.key === "Escape") event.stopPropagation(), this.close(spot);
    else if (event.key === "Enter" && (!long || event.ctrlKey || event.metaKey) && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      this.save(spot);
    } else if (event.key === "Tab" && !this.inside(spot, event)) {
      event.preventDefault();
      this.save(spot, event.shiftKey ? -1 : 1);
    }
  }

  /** Does Tab stay within the form of this spot? @param {HTMLElement} spot @param {KeyboardEvent} event */
  inside(spot, event) {
    const fields = all("input:not([type=hidden]), select, textarea", spot);
    return event.target !== fields[event.shiftKey ? 0 : fields.length - 1];
  }

  /** @param {HTMLElement} spot */
  async open(spot) {
    if (spot.dataset.editing) return;
    spot.dataset.editing = "wait";
    const answer = await ask(spot.dataset.edit ?? "").catch(() => null);
    if (!answer?.ok) {
      delete spot.dataset.editing;
      return toastFailed(answer?.status ?? 0);
    }
    /** @type {any} */ (spot).asItWas = spot.innerHTML;
    this.fill(spot, await answer.text());
  }

  /** @param {HTMLElement} spot @param {string} html */
  fill(spot, html) {
    spot.innerHTML = html;
    spot.dataset.editing = "1";
    spot.classList.add("edit");
    grow(spot);
    const field = /** @type {HTMLInputElement | null} */ (one("[aria-invalid=true], input:not([type=hidden]), select, textarea", spot));
    field?.focus();
    field?.select?.();
    const form = one("form", spot);
    if (form instanceof HTMLFormElement) spot.dataset.was = String(new URLSearchParams(/** @type {any} */ (new FormData(form))));
  }

  /** @param {HTMLElement} spot */
  left(spot) {
    const form = one("form", spot);
    if (!(form instanceof HTMLFormElement)) return this.close(spot);
    const now = String(new URLSearchParams(/** @type {any} */ (new FormData(form))));
    if (now === spot.dataset.was) this.close(spot);
    else this.save(spot);
  }

  /** @param {HTMLElement} spot @param {number} [move] Go on to the next or the previous spot. */
  async save(spot, move = 0) {
    const form = one("form", spot);
    if (!(form instanceof HTMLFormElement) || spot.dataset.editing !== "1") return;
    spot.dataset.editing = "wait";
    const answer = await ask(form.action, { data: new FormData(form) }).catch(() => null);
    if (answer?.status === 422 || answer?.status === 409) return this.fill(spot, await answer.text());
    if (!answer?.ok) {
      spot.dataset.editing = "1"; // keep what was typed
      one("input, select, textarea", spot)?.focus();
      return toastFailed(answer?.status ?? 0);
    }
    this.close(spot, await answer.text());
    if (move) {
      const spots = all("[data-edit]", this);
      const next = spots[spots.indexOf(spot) + move];
      if (next) this.open(next);
    }
  }

  /** @param {HTMLElement} spot @param {string} [html] */
  close(spot, html) {
    delete spot.dataset.editing;
    delete spot.dataset.was;
    spot.classList.remove("edit");
    spot.innerHTML = html ?? /** @type {any} */ (spot).asItWas;
    grow(spot);
    const again = spot.matches("[tabindex]") ? spot : one("button, [tabindex]", spot);
    again?.focus({ preventScroll: true });
  }
}
customElements.define("noren-inline", NorenInline);
