/**
 * Is this key part of writing Japanese? Then it is not for us: Enter confirms a word, arrows pick one.
 * Some browsers end the composition before they send the key, and only key code 229 tells.
 * @param {KeyboardEvent | InputEvent} event
 * @returns {boolean}
 */
export const composing = (event) => event.isComposing || /** @type {any} */ (event).keyCode === 229;

/**
 * Is the person writing in this element?
 * @param {EventTarget | null} target
 * @returns {boolean}
 */
export const writing = (target) =>
  target instanceof Element && !!target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

/**
 * Control on most systems, Command on a Mac.
 * @param {KeyboardEvent | MouseEvent} event
 */
export const command = (event) => event.ctrlKey || event.metaKey;
