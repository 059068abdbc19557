import { all, ask, fill, grow, one, patch, tell } from "./dom.js";
import { command, composing } from "./keys.js";
import { raise } from "./menu.js";
import { toastFailed } from "./toast.js";

/**
 * Cards in lanes. A card can be dragged with mouse or finger, or moved with M and a choice of stage.
 * The move shows at once; `data-move-url` gets id, version, stage and position. A refusal puts the card back.
 * Lanes: .cards[data-stage][data-label]. A lane with data-verb (win, lose) opens that form of the card instead.
 * Words: data-moved "{card} moved to {stage}".
 */
class NorenBoard extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => this.pressed(event));
    this.addEventListener("click", (event) => {
      const pick = /** @type {HTMLElement} */ (event.target).closest("[data-to]");
      if (pick) this.picked(/** @type {HTMLElement} */ (pick));
    });
    const Sortable = /** @type {any} */ (globalThis).Sortable;
    if (Sortable) this.sorts = this.lanes.map((lane) => Sortable.create(lane, this.options()));
    this.follow();
  }

  disconnectedCallback() {
    for (const sort of this.sorts ?? []) sort.destroy();
    this.watch?.disconnect();
  }

  get lanes() {
    return all("[data-stage]", this);
  }

  options() {
    /** @type {Element | null} */
    let behind;
    return {
      group: "cards",
      draggable: ".dcard",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 4,
      ghostClass: "ghost",
      dragClass: "drag",
      onStart: (/** @type {any} */ drag) => (behind = drag.item.nextElementSibling),
      onEnd: (/** @type {any} */ drag) => {
        if (drag.from === drag.to && drag.oldDraggableIndex === drag.newDraggableIndex) return;
        this.moved(drag.item, drag.to, () => drag.from.insertBefore(drag.item, behind?.parentNode === drag.from ? behind : null));
      },
    };
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const card = /** @type {HTMLElement} */ (event.target).closest(".dcard");
    if (!card || composing(event) || command(event) || event.key.toLowerCase() !== "m") return;
    event.preventDefault();
    this.card = /** @type {HTMLElement} */ (card);
    /** @type {HTMLDialogElement | null} */ (one("dialog[data-move]", this))?.showModal();
  }

  /** @param {HTMLElement} pick */
  picked(pick) {
    /** @type {HTMLDialogElement | null} */ (pick.closest("dialog"))?.close();
    const { card } = this;
    const lane = this.lanes.find((each) => each.dataset.stage === pick.dataset.to);
    if (!card || !lane) return;
    const home = card.parentNode;
    const behind = card.nextSibling;
    if (!lane.dataset.verb) lane.prepend(card);
    this.moved(card, lane, () => home?.insertBefore(card, behind));
  }

  /**
   * @param {HTMLElement} card
   * @param {HTMLElement} lane
   * @param {() => void} back Puts the card where it was.
   */
  async moved(card, lane, back) {
    card.focus({ preventScroll: true });
    if (lane.dataset.verb) {
      back();
      return this.form(`${card.dataset.href}${lane.dataset.verb}/`);
    }
    const answer = await ask(this.dataset.moveUrl ?? "", {
      data: {
        id: card.dataset.id ?? "",
        version: card.dataset.version ?? "",
        stage: lane.dataset.stage ?? "",
        position: String(all(".dcard", lane).indexOf(card)),
      },
    }).catch(() => null);
    if (!answer?.ok) {
      back();
      card.focus();
      return toastFailed(answer?.status ?? 0); // a 409 or 422 has said its sentence itself
    }
    patch(await answer.text());
    tell(fill(this.dataset.moved, { card: one("h3", card)?.textContent?.trim() ?? "", stage: lane.dataset.label ?? "" }));
    document.getElementById(card.id)?.focus({ preventScroll: true });
  }

  /** A form the move needs first, such as the reason of a loss. @param {string} url */
  async form(url) {
    const answer = await ask(url).catch(() => null);
    if (!answer?.ok) return toastFailed(answer?.status ?? 0);
    const sheet = /** @type {HTMLDialogElement | null} */ (document.getElementById("sheet"));
    if (!sheet) return location.assign(url);
    sheet.innerHTML = await answer.text();
    grow(sheet);
    raise(sheet);
  }

  /** On phones one lane fills the screen; the row of stages above follows and leads. */
  follow() {
    const tabs = all("[data-lane]", this);
    const board = one(".board", this);
    if (!tabs.length || !board) return;
    const lanes = this.lanes.map((lane) => /** @type {HTMLElement} */ (lane.closest(".lane")));
    tabs.forEach((tab, at) => tab.addEventListener("click", () => board.scrollTo({ left: lanes[at].offsetLeft - lanes[0].offsetLeft, behavior: "smooth" })));
    this.watch = new IntersectionObserver(
      (seen) => seen.forEach((entry) => entry.isIntersecting && tabs.forEach((tab, at) => (tab.ariaPressed = String(lanes[at] === entry.target)))),
      { root: board, threshold: 0.6 },
    );
    for (const lane of lanes) this.watch.observe(lane);
  }
}
customElements.define("noren-board", NorenBoard);
