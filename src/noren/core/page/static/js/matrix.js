// The matrix of rights: shows each level by its fill, marks what is not saved yet and says it in a sentence.

class Matrix extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.addEventListener("change", () => this.tell());
    this.form.addEventListener("reset", () => setTimeout(() => this.tell()));
  }

  tell() {
    const changes = [];
    for (const box of this.querySelectorAll("select")) {
      const before = [...box.options].find((option) => option.defaultSelected) ?? box.options[0];
      const after = box.selectedOptions[0];
      box.classList.toggle("edited", before !== after);
      if (box.classList.contains("lv")) {
        box.classList.remove("none", "own", "team", "all");
        box.classList.add(box.value);
      }
      if (before !== after) changes.push(`${box.getAttribute("aria-label")} ${before.label} → ${after.label}`);
    }
    const said = this.querySelector("[data-said]");
    if (!said) return;
    const text = this.dataset.unsaved.replace("{n}", this.dataset.people).replace("{changes}", changes.join(", "));
    said.textContent = changes.length ? text : "";
  }
}

customElements.define("noren-matrix", Matrix);
