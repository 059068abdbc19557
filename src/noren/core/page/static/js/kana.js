import { one } from "./dom.js";

const KANA = /^[\u3041-\u309f\u30a0-\u30ffー\s　]+$/;

/** @param {string} text */
const hiragana = (text) => text.replace(/[\u30a1-\u30f6]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x60));
/** @param {string} text */
const katakana = (text) => text.replace(/[\u3041-\u3096]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0x60));

/**
 * Fills the reading of a name from what was typed on the way to the kanji.
 * Inside: [data-name] and [data-reading]. `data-kind="kata"` writes katakana. A reading touched by hand is left alone;
 * pasted text and phone keyboards give no reading, the server then guesses.
 */
class NorenKana extends HTMLElement {
  connectedCallback() {
    const name = /** @type {HTMLInputElement | null} */ (one("[data-name]", this));
    const reading = /** @type {HTMLInputElement | null} */ (one("[data-reading]", this));
    if (!name || !reading) return;
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
