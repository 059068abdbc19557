import { all, ask, fill, grow, one, patch, tell } from "./dom.js";
import { command, composing } from "./keys.js";
import { raise } from "./menu.js";
import { toastFailed } from "./toast.js";

/**
 * Cards in lanes. A card can be dragged with mouse or finger, or moved with M and a choice of stage.
 * The move shows at once; `data-move-url` gets id, version, stage and position. A refusal puts the card back.
 * Lanes: .cards[data-stage][data-label]; on phones a card may be let go over the name of a lane, too. A lane with data-verb (win, lose) opens that form of the card instead.
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
      fallbackOnBody: true, // in its lane, which scrolls along, it would leave the finger
      scrollSensitivity: 48,
      onStart: (/** @type {any} */ drag) => {
        behind = drag.item.nextElementSibling;
        this.dataset.drags = "";
      },
      onEnd: (/** @type {any} */ drag) => {
        delete this.dataset.drags;
        const named = this.under(drag.originalEvent);
        if (named && named !== drag.to) named.prepend(drag.item);
        const to = named ?? drag.to;
        if (drag.from === to && drag.oldDraggableIndex === drag.newDraggableIndex) return;
        this.moved(drag.item, to, () => drag.from.insertBefore(drag.item, behind?.parentNode === drag.from ? behind : null));
      },
    };
  }

  /** The lane whose name in the row of stages lies under the finger. @param {any} event */
  under(event) {
    const { clientX, clientY } = event?.changedTouches?.[0] ?? event ?? {};
    const tab = document.elementFromPoint(clientX ?? -1, clientY ?? -1)?.closest("[data-lane]");
    return tab ? this.lanes[all("[data-lane]", this).indexOf(/** @type {HTMLElement} */ (tab))] : undefined;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (composing(event) || command(event)) return;
    const step = target.matches("[data-to]") ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : undefined;
    const card = /** @type {HTMLElement | null} */ (target.closest(".dcard"));
    if (step) this.choose(all("[data-to]:enabled", this).indexOf(target) + step);
    else if (card && event.key.toLowerCase() === "m") this.ask(card);
    else return;
    event.preventDefault();
  }

  /** Where to: the choice opens at the stage after the card's own. @param {HTMLElement} card */
  ask(card) {
    this.card = card;
    const here = /** @type {HTMLElement | null} */ (card.closest("[data-stage]"))?.dataset.stage;
    const picks = /** @type {HTMLButtonElement[]} */ (all("[data-to]", this));
    for (const pick of picks) pick.disabled = pick.dataset.to === here;
    /** @type {HTMLDialogElement | null} */ (one("dialog[data-move]", this))?.showModal();
    this.choose(picks.findIndex((pick) => pick.disabled));
  }

  /** @param {number} at */
  choose(at) {
    const picks = all("[data-to]:enabled", this);
    picks[Math.max(0, Math.min(picks.length - 1, at))]?.focus();
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
    if (lane.dataset.verb) back();
    card.focus({ preventScroll: true });
    if (lane.dataset.verb) return this.form(`${card.dataset.href}${lane.dataset.verb}/`);
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
