import { all } from "./dom.js";

/** @type {HTMLElement | undefined} */
let bubble;

/** @param {Element | null} mark */
function hint(mark) {
  if (!bubble) {
    bubble = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    bubble.setAttribute("aria-hidden", "true"); // the mark carries the same words as its label
    document.body.append(bubble);
  }
  bubble.hidden = !mark;
  if (!mark) return;
  bubble.textContent = /** @type {SVGElement} */ (mark).dataset.tip ?? "";
  const { x, y, width, bottom } = mark.getBoundingClientRect();
  const left = x + width / 2 - bubble.offsetWidth / 2;
  const above = y - bubble.offsetHeight - 6;
  bubble.style.left = `${Math.max(8, Math.min(innerWidth - bubble.offsetWidth - 8, left))}px`;
  bubble.style.top = `${above < 8 ? bottom + 6 : above}px`;
}

/** Shows the values of a chart's marks ([data-tip]) on hover and focus; arrow keys walk along them. */
class NorenChart extends HTMLElement {
  connectedCallback() {
    const show = (/** @type {Event} */ event) => hint(/** @type {Element} */ (event.target).closest("[data-tip]"));
    const hide = () => hint(null);
    this.addEventListener("pointerover", show);
    this.addEventListener("focusin", show);
    this.addEventListener("pointerleave", hide);
    this.addEventListener("focusout", hide);
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const marks = all("[data-tip][tabindex]", this);
      const next = marks[marks.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    // One stop for Tab; the arrows do the rest.
    all("[data-tip][tabindex]", this).forEach((mark, at) => at && mark.setAttribute("tabindex", "-1"));
  }

  disconnectedCallback() {
    hint(null);
  }
}
customElements.define("noren-chart", NorenChart);
