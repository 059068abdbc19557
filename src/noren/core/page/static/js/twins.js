import { ask, one } from "./dom.js";
import { composing } from "./keys.js";

/**
 * Rows that may be the one being written: a form with [data-twins="address"] inside sends what it holds after a rest in
 * writing, and shows the answer there. It never stands in the way: without an answer nothing happens.
 */
/** @type {ReturnType<typeof setTimeout> | undefined} */
let pause;
/** @type {AbortController | undefined} */
let asking;

/** @param {HTMLFormElement} form @param {HTMLElement} spot */
async function lookAround(form, spot) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const answer = await ask(spot.dataset.twins ?? "", { data: new FormData(form), signal }).catch(() => null);
  if (!answer?.ok || signal.aborted) return;
  const text = (await answer.text()).trim();
  if (spot.innerHTML.trim() !== text) spot.innerHTML = text;
}

for (const kind of /** @type {const} */ (["input", "change", "compositionend"])) {
  document.addEventListener(kind, (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const form = target.closest("form");
    const spot = form && one("[data-twins]", form);
    if (!form || !spot || (kind === "input" && composing(/** @type {InputEvent} */ (event)))) return;
    clearTimeout(pause);
    pause = setTimeout(() => lookAround(form, spot), 500);
  });
}
