import { ask, grow, one } from "./dom.js";

/** Shows how far a job is: asks `data-url` every `data-every` milliseconds until the answer holds [data-done]. A link with
 * data-onward in that answer is followed by itself: nothing is left to wait for. */
class NorenProgress extends HTMLElement {
  connectedCallback() {
    this.next();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  next() {
    if (!this.dataset.url || one("[data-done]", this)) return;
    this.timer = setTimeout(() => this.load(), Number(this.dataset.every) || 1000);
  }

  async load() {
    const answer = document.hidden ? null : await ask(this.dataset.url ?? "").catch(() => null);
    if (answer?.status === 404 || answer?.status === 403) return;
    if (answer?.ok && this.isConnected) {
      this.innerHTML = await answer.text();
      grow(this);
      const onward = one("a[data-onward]", this);
      if (onward instanceof HTMLAnchorElement) location.assign(onward.href);
    }
    this.next();
  }
}
customElements.define("noren-progress", NorenProgress);
