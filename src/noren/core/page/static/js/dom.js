/**
 * All elements that match, as an array.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/**
 * The first element that matches.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement | null}
 */
export const one = (selector, root = document) => root.querySelector(selector);

/** The headers every request of ours carries; the server put the token on the body. */
const headers = () => ({
  "HX-Request": "true",
  ...JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}"),
});

/**
 * Ask the server. Events that the answer announces are passed on, as with htmx.
 * @param {string} url
 * @param {{ data?: FormData | Record<string, string>, signal?: AbortSignal }} [options] With data it is a POST.
 * @returns {Promise<Response>}
 */
export async function ask(url, { data, signal } = {}) {
  const body = data && (data instanceof FormData ? data : new URLSearchParams(data));
  const answer = await fetch(url, { method: body ? "POST" : "GET", body, signal, headers: headers(), credentials: "same-origin" });
  announce(answer.headers.get("HX-Trigger"));
  return answer;
}

/**
 * Send the events named in an HX-Trigger header: a list of names, or an object of names and details.
 * @param {string | null} told
 */
export function announce(told) {
  if (!told) return;
  const events = told.startsWith("{") ? JSON.parse(told) : Object.fromEntries(told.split(",").map((name) => [name.trim(), {}]));
  for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/**
 * Put the elements of a fragment in the place of those with the same id.
 * @param {string} html
 */
export function patch(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const fresh of [...box.content.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (old) old.replaceWith(fresh), grow(fresh);
  }
}

/**
 * Let htmx see markup that we put in ourselves.
 * @param {Element} element
 */
export const grow = (element) => /** @type {any} */ (globalThis).htmx?.process(element);

/**
 * Say something to screen readers without moving the focus.
 * @param {string} text
 */
export function tell(text) {
  const live = one("[data-live]");
  if (live) live.textContent = text;
}

/**
 * A sentence of the server with numbers put in: "{n} selected".
 * @param {string | undefined} text
 * @param {Record<string, string | number>} values
 */
export const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
