import { all, one } from "./dom.js";
import { command, composing, writing } from "./keys.js";

/**
 * Keys are declared in the markup: [data-key="c"] is pressed (a field: entered) by its key, [data-go="d"] followed by g then d.
 * j and k move along [data-rows]; Enter opens, x ticks. Never while someone writes, never a key of the browser.
 */
class NorenHotkeys extends HTMLElement {
  connectedCallback() {
    this.listener = new AbortController();
    this.since = -Infinity;
    document.addEventListener("keydown", (event) => this.pressed(event), { signal: this.listener.signal });
  }

  disconnectedCallback() {
    this.listener?.abort();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || composing(event) || command(event) || event.altKey || writing(event.target)) return;
    if (one("dialog[open]")) return;
    const { key } = event;
    const going = performance.now() - this.since < 1200;
    this.since = key === "g" && !going ? performance.now() : -Infinity;
    if (key === "g" && !going) return;
    const bound = all(`[data-${going ? "go" : "key"}="${CSS.escape(key)}"]`);
    const found = bound.find((element) => element.hidden || element.checkVisibility()) ?? bound[0]; // such as the bar of phones
    if (found) {
      event.preventDefault();
      if (found.matches("input, textarea")) found.focus();
      else found.click();
    } else if (!going && (key === "j" || key === "k")) this.move(key === "j" ? 1 : -1);
    else if (key === "x") /** @type {HTMLElement | null} */ (one(".cur [data-pick]"))?.click();
    else if (key === "Enter" && event.target === document.body) one(".cur a")?.click();
  }

  /** @param {number} step */
  move(step) {
    const rows = all("[data-rows] tbody tr, [data-rows] .dcard, [data-rows].srl a");
    const now = rows.findIndex((row) => row.classList.contains("cur"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, now + step))];
    if (!next) return;
    rows[now]?.classList.remove("cur");
    next.classList.add("cur");
    next.dispatchEvent(new CustomEvent("noren:cur", { bubbles: true }));
    next.scrollIntoView({ block: "nearest" });
    (next.matches("[tabindex], a") ? next : one("a", next))?.focus({ preventScroll: true });
  }
}
customElements.define("noren-hotkeys", NorenHotkeys);
