// <quantity-stepper> around a number input: minus and plus buttons, within the input's min and max.
class QuantityStepper extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    for (const button of this.querySelectorAll("button[data-step]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.step(Number(button.dataset.step)));
    }
    this.input.addEventListener("change", () => this.mark());
    this.mark();
  }

  step(by) {
    if (by > 0) this.input.stepUp();
    else this.input.stepDown();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  mark() {
    const value = Number(this.input.value);
    for (const button of this.querySelectorAll("button[data-step]")) {
      const next = value + Number(button.dataset.step);
      button.disabled = next < Number(this.input.min || 1) || next > Number(this.input.max || 99);
    }
  }
}
customElements.define("quantity-stepper", QuantityStepper);
