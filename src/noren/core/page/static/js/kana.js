import { all } from "./dom.js";

const KANA = /^[\u3041-\u309f\u30a0-\u30ffー\s　]+$/;

/** @param {string} text */
const hiragana = (text) => text.replace(/[\u30a1-\u30f6]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60));
/** @param {string} text */
const katakana = (text) => text.replace(/[\u3041-\u3096]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0x60));

/**
 * Fills the reading of a name from what was typed on the way to the kanji.
 * Inside: [data-name] and [data-reading], in pairs. `data-kind="kata"` writes katakana. A reading touched by hand is left alone;
 * pasted text and phone keyboards give no reading, the server then guesses.
 */
class NorenKana extends HTMLElement {
  connectedCallback() {
    const names = /** @type {any} */ (all("[data-name]", this));
    const readings = /** @type {any} */ (all("[data-reading]", this));
    for (let at = 0; at < Math.min(names.length, readings.length); at += 1) this.pair(names[at], readings[at]);
  }

  /**
   * @param {HTMLInputElement} name
   * @param {HTMLInputElement} reading
   */
  pair(name, reading) {
    const spell = this.dataset.kind === "kata" ? katakana : hiragana;
    let touched = reading.value !== "";
    let heard = "";
    reading.addEventListener("input", (event) => event.isTrusted && (touched = reading.value !== ""));
    name.addEventListener("compositionstart", () => (heard = ""));
    name.addEventListener("compositionupdate", (event) => {
      if (KANA.test(event.data)) heard = event.data;
    });
    name.addEventListener("compositionend", (event) => {
      if (!touched && heard && event.data) {
        reading.value += spell(heard);
        reading.dispatchEvent(new Event("input", { bubbles: true }));
      }
      heard = "";
    });
    name.addEventListener("input", () => {
      if (!touched && name.value === "") reading.value = "";
    });
  }
}
customElements.define("noren-kana", NorenKana);
